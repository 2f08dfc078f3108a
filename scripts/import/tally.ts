import { KINDS, type Kind, type Outcome, type Remark } from './item.ts'

/** How many of a kind were read, and what became of them. */
export interface Count {
  read: number
  created: number
  /** Were in the store already. */
  present: number
  leftOut: number
  refused: number
}

/** Why some were not stored, or not as they were, and where the first of them are. */
export interface Reason extends Omit<Remark, 'kind' | 'place'> {
  count: number
  places: string[]
}

export interface Tally {
  counts: Record<Kind, Count>
  /** Of the messages that were created, in bytes of BSON. */
  bytes: number
  /** What happened to one of a kind. */
  add(kind: Kind, what: 'created' | 'present'): void
  remark(remark: Omit<Remark, 'kind'>): void
  reasons(): Reason[]
}

const PLACES = 3
/** More are told together: reasons may name fields of somebody's own. */
const REASONS = 100
const OTHERS = 'for other reasons'
const COUNTED_AS: Partial<Record<Outcome, 'leftOut' | 'refused'>> = {
  'left out': 'leftOut',
  refused: 'refused',
}

export function createTally(): Tally {
  const none = () => ({ read: 0, created: 0, present: 0, leftOut: 0, refused: 0 })
  const reasons = new Map<string, Reason>()
  const reasonOf = (of: Kind, outcome: Outcome, reason: string): Reason => {
    const key = JSON.stringify([of, outcome, reason])
    const known = reasons.get(key)
    if (known) return known
    if (reasons.size >= REASONS && reason !== OTHERS) return reasonOf(of, outcome, OTHERS)
    const first = { of, outcome, reason, count: 0, places: [] }
    reasons.set(key, first)
    return first
  }
  const tally: Tally = {
    counts: { users: none(), messages: none(), contexts: none(), events: none(), others: none() },
    bytes: 0,
    add(kind, what) {
      tally.counts[kind].read++
      tally.counts[kind][what]++
    },
    remark({ of, outcome, reason, place }) {
      const counted = COUNTED_AS[outcome]
      if (counted) {
        tally.counts[of].read++
        tally.counts[of][counted]++
      }
      const known = reasonOf(of, outcome, reason)
      known.count++
      if (known.places.length < PLACES) known.places.push(place)
    },
    reasons: () => [...reasons.values()],
  }
  return tally
}

/** Whether everything that belongs into a store is in it. */
export const isComplete = ({ counts }: Tally): boolean => KINDS.every((kind) => counts[kind].refused === 0)
