import { format, inspect } from 'node:util'
import pino from 'pino'

/** As pino writes errors. */
const { err: serialized, errWithCause } = pino.stdSerializers
/** Causes of causes. */
const DEEPEST = 20

/** Everything that a log, a console or an error tracker may show of what was thrown, and of whatever it holds. */
export function shownOf(thrown: unknown): string {
  const shown = new Set<string>()
  const seen = new Set<unknown>()
  const show = (value: unknown, depth: number): void => {
    if ((typeof value !== 'object' && typeof value !== 'function') || value === null) {
      shown.add(String(value))
      return
    }
    if (seen.has(value) || depth > DEEPEST) return
    seen.add(value)
    for (const key of Reflect.ownKeys(value)) {
      shown.add(String(key))
      show(valueAt(value, key), depth + 1)
    }
  }
  show(thrown, 0)
  if (thrown instanceof Error) for (const text of printed(thrown)) shown.add(text)
  shown.add(inspect(thrown, { depth: Number.POSITIVE_INFINITY, showHidden: true, maxStringLength: null }))
  shown.add(inspect(thrown, { depth: Number.POSITIVE_INFINITY, getters: true, maxArrayLength: null }))
  return [...shown].join('\n')
}

const printed = (error: Error): string[] => [
  String(error),
  error.message,
  String(error.stack),
  format('%s %j %o %O', error, error, error, error),
  JSON.stringify(error) ?? '',
  JSON.stringify(serialized(error)),
  JSON.stringify(errWithCause(error)),
]

function valueAt(object: object, key: PropertyKey): unknown {
  try {
    return Reflect.get(object, key)
  } catch {
    return undefined
  }
}
