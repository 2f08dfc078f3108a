import { fateOf, told, type Write } from '../account.ts'
import { replyTo } from '../calls.ts'
import type { Found } from './once.ts'

/** Keys by user. */
export type KeysOf = ReadonlyMap<string, ReadonlySet<string>>

/** Where the parts of turns are. */
export interface Parts {
  messages: Found
  events: Found
  /** In contexts, and in users' data. */
  contexts: KeysOf
  users: KeysOf
}

/**
 * What is wrong with one turn, or nothing: each part is there once, or none is.
 *
 * @param mayBeEvicted its messages need not be there any more
 */
export function wrongWithTurn(turn: Write, parts: Parts, mayBeEvicted = false): string | undefined {
  const { key, userId } = turn
  const messages = [key, replyTo(key)].map((one) => parts.messages.get(one)?.length ?? 0)
  const events = parts.events.get(key)?.length ?? 0
  const kept = [parts.contexts, parts.users].map((keys) => (keys.get(userId)?.has(key) ? 1 : 0))
  const isWhole =
    events <= 1 &&
    kept.every((count) => count === events) &&
    messages.every((count) => count === events || (mayBeEvicted && count < events))
  if (!isWhole)
    return `is there in part (messages: ${messages}; events: ${events}; in the context, the user: ${kept})`
  const fate = fateOf(turn)
  if (fate === 'there' && events === 0) return 'is gone'
  if (fate === 'absent' && events > 0) return 'was refused, and is stored'
  return undefined
}

export const wrongTurns = (turns: readonly Write[], parts: Parts, mayBeEvicted = false): string[] =>
  turns.flatMap((turn) => {
    const what = wrongWithTurn(turn, parts, mayBeEvicted)
    return what ? [`${told(turn)} ${what}`] : []
  })
