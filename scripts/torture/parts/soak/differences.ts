import { isDeepStrictEqual } from 'node:util'
import type { DialogueStore } from '../../../../src/index.ts'
import { type Person, pendingOf, type Said } from './person.ts'

/** Where what the store says of somebody is not what it must be. Empty: nowhere. */
export async function differencesOf(store: DialogueStore, person: Person): Promise<string[]> {
  const [user, messages, page, context, events] = await Promise.all([
    store.getUser(person.id),
    historyOf(store, person.id),
    store.retrieveHistory(person.id, { limit: 20 }),
    store.retrieveContext(person.id, { pending: true }),
    store.retrieveEvents({ creatorId: person.id, limit: 1000, status: ['confirmed', 'cancelled'] }),
  ])
  const pairs: [what: string, is: unknown, mustBe: unknown][] = [
    ['states', user.states, person.states],
    ['history', messages, person.messages],
    ['newest page', page.messages.map(toSaid), person.messages.slice(-20)],
    ['count', page.countIsExact ? page.count : person.messages.length, person.messages.length],
    ['context', context.data, person.context],
    ['pending', context.pending, Math.min(pendingOf(person).length, 1000)],
    [
      'events',
      byId(events.events),
      [...person.events].map(([id, event]) => ({ id, ...event })).sort(inOrder),
    ],
  ]
  return pairs.flatMap(([what, is, mustBe]) =>
    isDeepStrictEqual(is, mustBe) ? [] : [`${what} of ${person.id}: ${differenceOf(is, mustBe)}`],
  )
}

async function historyOf(store: DialogueStore, userId: string): Promise<Said[]> {
  const said: Said[] = []
  for await (const message of store.iterateHistory(userId)) said.push(toSaid(message))
  return said
}

const toSaid = ({ id, sender, content, timestamp }: Said): Said => ({ id, sender, content, timestamp })

const inOrder = (a: { id: string }, b: { id: string }): number => (a.id < b.id ? -1 : 1)

const byId = (events: { id: string; summary: string; status: string }[]) =>
  events.map(({ id, summary, status }) => ({ id, summary, status })).sort(inOrder)

/** Of lists where they part, of the rest all. */
function differenceOf(is: unknown, mustBe: unknown): string {
  if (!Array.isArray(is) || !Array.isArray(mustBe))
    return `${JSON.stringify(is)} not ${JSON.stringify(mustBe)}`
  const at = is.findIndex((one, i) => !isDeepStrictEqual(one, mustBe[i]))
  const place = at === -1 ? is.length : at
  const one = (list: unknown[]) => JSON.stringify(list[place]) ?? 'nothing'
  return `${is.length} of ${mustBe.length}; at ${place} ${one(is)}, not ${one(mustBe)}`
}
