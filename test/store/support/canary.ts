import { inspect } from 'node:util'

/** Text of a user, as far as the store can tell: it may be stored, and show nowhere else. */
export const CANARY = 'Bia said c4n4ry'

/** Everything that a log, a console or an error tracker may show of an error, its causes included. */
export function shownOf(thrown: unknown): string {
  const shown: string[] = []
  for (let error = thrown; error instanceof Error; error = error.cause) {
    const own = Object.getOwnPropertyNames(error).map((name) => Reflect.get(error, name))
    shown.push(error.message, String(error.stack), String(error), JSON.stringify(error), JSON.stringify(own))
    shown.push(inspect(error, { depth: 12, showHidden: true }))
  }
  return shown.join('\n')
}
