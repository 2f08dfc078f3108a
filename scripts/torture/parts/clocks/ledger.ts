import type { HistoryOptions, Message } from '../../../../src/index.ts'
import type { Written } from './protocol.ts'

/** A place in a history: by timestamp in ms, then by id. */
export interface Place {
  at: number
  id: string
}

export const compare = (a: Place, b: Place): number => a.at - b.at || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0)

export const placeOf = ({ timestamp, id }: Pick<Message, 'timestamp' | 'id'>): Place => ({
  at: timestamp.getTime(),
  id,
})

/** What the writers said of one user's messages, as it came. */
export interface Ledger {
  store(messages: readonly Written[]): void
  remove(ids: readonly string[]): void
  /** How many were stored by now, as far as we were told: `all` up to there was stored before. */
  length(): number
  readonly all: readonly Written[]
  readonly removed: ReadonlySet<string>
}

export function createLedger(): Ledger {
  const all: Written[] = []
  const removed = new Set<string>()
  return {
    store: (messages) => void all.push(...messages),
    remove(ids) {
      for (const id of ids) removed.add(id)
    },
    length: () => all.length,
    all,
    removed,
  }
}

export type Filter = Pick<HistoryOptions, 'from' | 'to' | 'conversationId' | 'senders' | 'types'>

/** What a filter lets through, said once more. */
export const matches = (
  { at, sender, type, conversationId }: Pick<Written, 'at' | 'sender' | 'type' | 'conversationId'>,
  filter: Filter,
): boolean =>
  at >= (filter.from?.getTime() ?? Number.NEGATIVE_INFINITY) &&
  at < (filter.to?.getTime() ?? Number.POSITIVE_INFINITY) &&
  (filter.senders?.includes(sender) ?? true) &&
  (filter.types?.includes(type) ?? true) &&
  (filter.conversationId ?? conversationId) === conversationId
