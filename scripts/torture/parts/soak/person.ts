import type { Identity } from '../../../../src/index.ts'

/** A message as it must be stored. */
export interface Said {
  id: string
  sender: string
  content: string
  timestamp: Date
}

/** All that must be stored of somebody: what the store is held against. */
export interface Person {
  id: string
  identity: Identity
  states: Record<string, string>
  /** In the order of history. */
  messages: Said[]
  /** Empty until the first turn that writes it. */
  context: { turns?: number; last?: string }
  /** The last message that the context covers. */
  covered: Said | null
  /** By id. */
  events: Map<string, { summary: string; status: 'confirmed' | 'cancelled' }>
}

export const newPerson = (id: string, identity: Identity): Person => ({
  id,
  identity,
  states: {},
  messages: [],
  context: {},
  covered: null,
  events: new Map(),
})

/** The order of history. */
export const byPlace = (a: Said, b: Said): number =>
  a.timestamp.getTime() - b.timestamp.getTime() || (a.id < b.id ? -1 : Number(a.id > b.id))

export function remember(person: Person, ...said: Said[]): void {
  person.messages.push(...said)
  person.messages.sort(byPlace)
}

/** What the context does not cover yet. */
export const pendingOf = ({ messages, covered }: Person): Said[] =>
  covered ? messages.filter((one) => byPlace(one, covered) > 0) : messages
