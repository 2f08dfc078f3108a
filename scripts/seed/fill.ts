import { type DialogueStore, DialogueStoreError, type NewMessage } from '../../src/index.ts'
import { createProgress } from '../lib/progress.ts'
import type { Rounds } from './conversations.ts'
import { contextOf, eventsOf, hasContext, hasEvents } from './extras.ts'
import { messagesOf } from './messages.ts'
import type { Plan } from './plan.ts'
import { createUsers, type SeedUser } from './users.ts'

/** How many documents this run created, and how many were there already. */
export interface Tally {
  created: number
  present: number
}

export interface Filled {
  users: Tally
  messages: Tally
  contexts: Tally
  events: Tally
  /** How long the messages took. */
  seconds: number
}

const USERS_AT_ONCE = 64
const MESSAGES_AT_ONCE = 2000

const createTally = () => {
  const tally: Tally = { created: 0, present: 0 }
  const count = (created: boolean) => {
    if (created) tally.created++
    else tally.present++
  }
  return { tally, count }
}

/** Fills a store by the plan. What is there already stays as it is. */
export async function fill(store: DialogueStore, plan: Plan, rounds: Rounds): Promise<Filled> {
  const userOf = createUsers(plan)
  const users = await fillUsers(store, plan, userOf)
  const start = performance.now()
  const messages = await fillMessages(store, plan, rounds, userOf)
  const seconds = (performance.now() - start) / 1000
  return { users, messages, ...(await fillExtras(store, plan, userOf)), seconds }
}

async function fillUsers(store: DialogueStore, plan: Plan, userOf: (n: number) => SeedUser): Promise<Tally> {
  const { tally, count } = createTally()
  await forUsers(plan, 'Users', 'users', async (n) => {
    const { identity, defaults } = userOf(n)
    const { created } = await store.ensureUser(identity, defaults)
    count(created)
  })
  return tally
}

/** Two calls under way: one is checked and packed while the server works on the other. */
async function fillMessages(
  store: DialogueStore,
  plan: Plan,
  rounds: Rounds,
  userOf: (n: number) => SeedUser,
) {
  const { tally, count } = createTally()
  const progress = createProgress({ total: plan.messages, label: 'Messages', unit: 'messages' })
  const send = async (batch: NewMessage[]) => {
    for (const outcome of await store.storeMessages(batch)) {
      if (outcome.status === 'rejected') throw outcome.error
      count(outcome.status === 'created')
    }
    progress.add(batch.length)
  }
  try {
    let earlier = Promise.resolve()
    for (const batch of batchesOf(messagesOf(plan, rounds, userOf), MESSAGES_AT_ONCE)) {
      const sent = send(batch)
      /* If the earlier one fails, nobody waits for this one. */
      sent.catch(() => {})
      await earlier
      earlier = sent
    }
    await earlier
  } finally {
    progress.stop()
  }
  return tally
}

async function fillExtras(store: DialogueStore, plan: Plan, userOf: (n: number) => SeedUser) {
  const [contexts, events] = [createTally(), createTally()]
  await forUsers(plan, 'Contexts and events', 'users', async (n) => {
    const { id } = userOf(n)
    if (hasContext(n)) contexts.count(await storeContextOnce(store, id, contextOf(plan, n)))
    if (hasEvents(n)) {
      for (const event of eventsOf(plan, n, id)) events.count((await store.storeEvent(event)).created)
    }
  })
  return { contexts: contexts.tally, events: events.tally }
}

/** As if a bot had just summarised the whole history. Whatever the context holds by now stays. */
async function storeContextOnce(store: DialogueStore, userId: string, data: object): Promise<boolean> {
  const { messages } = await store.retrieveHistory(userId, { limit: 1, count: false })
  const last = messages.at(-1)
  try {
    await store.storeContext(userId, data, { ifVersion: 0, ...(last && { covers: last.cursor }) })
    return true
  } catch (error) {
    if (error instanceof DialogueStoreError && error.code === 'VERSION_CONFLICT') return false
    throw error
  }
}

/** Works for all users of the plan, for some of them at once. */
async function forUsers(
  { users }: Plan,
  label: string,
  unit: string,
  work: (n: number) => Promise<void>,
): Promise<void> {
  const progress = createProgress({ total: users, label, unit })
  try {
    for (let first = 0; first < users; first += USERS_AT_ONCE) {
      const numbers = Array.from({ length: Math.min(USERS_AT_ONCE, users - first) }, (_, k) => first + k)
      await Promise.all(numbers.map(work))
      progress.add(numbers.length)
    }
  } finally {
    progress.stop()
  }
}

function* batchesOf<T>(items: Iterable<T>, size: number): Generator<T[]> {
  let batch: T[] = []
  for (const item of items) {
    batch.push(item)
    if (batch.length === size) {
      yield batch
      batch = []
    }
  }
  if (batch.length > 0) yield batch
}
