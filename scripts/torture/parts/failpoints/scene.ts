import type mongoose from 'mongoose'
import { nextId, ObjectId } from '../../../../src/ids.ts'
import type { DialogueStore, Identity } from '../../../../src/index.ts'
import { seenKey } from '../../../../src/messages/claim.ts'
import type { Account, CalendarOfPeople, CalendarServer } from '../../../calendar-server/index.ts'
import type { Ground } from './ground.ts'

/** Somebody whom an operation is about: with three messages, an event, and a context that counts turns. */
export interface Scene {
  userId: string
  messageIds: string[]
  eventId: string
  /** The place of the first message. */
  cursor: string
  /** Of a page with all of them. */
  live: string
  known: Identity
  /** Unused before. */
  freshId: string
  fresh: Identity
  /** As the plain driver sees it. */
  db: mongoose.mongo.Db
  /** Somebody's account at what stands in for Google: made when it is first asked for. */
  google(): Google
  /** What is in their calendar. */
  shown(): unknown[]
}

export interface Google {
  server: CalendarServer
  account: Account
  people: CalendarOfPeople
}

export const START = new Date('2030-01-15T14:00:00Z')
/** More than one batch of a deletion. */
const MANY = 1100
const CROWD = 7

const SAID = [
  { sender: 'user', content: 'first', externalId: 'first' },
  { sender: 'assistant', content: 'second', conversationId: 'ticket' },
  { sender: 'user', content: 'third', conversationId: 'ticket' },
]

let accounts = 0

export async function makeScene({
  other: store,
  db,
  calendars,
}: Pick<Ground, 'other' | 'db' | 'calendars'>): Promise<Scene> {
  const known = { provider: 'whatsapp', id: '+5511' }
  const user = await store.createUser({
    identities: [known],
    states: { booking: 'asked' },
    data: { seen: 0 },
  })
  const userId = user.id
  await store.storeMessages(SAID.map((said) => ({ userId, ...said })))
  const { event } = await store.storeEvent({ creatorId: userId, summary: 'Dentist', start: START })
  await store.storeContext(userId, { turns: 1 })
  const { messages, live } = await store.retrieveHistory(userId)
  let google: Google | undefined
  return {
    userId,
    eventId: event.id,
    messageIds: messages.map(({ id }) => id),
    cursor: messages[0]?.cursor ?? '',
    live,
    known,
    freshId: nextId().toHexString(),
    fresh: { provider: 'telegram', id: '1234' },
    db,
    google() {
      google ??= openAccount(calendars)
      return google
    },
    shown: () =>
      google?.people.events().map(({ id, status, summary, start }) => ({ id, status, summary, start })) ?? [],
  }
}

function openAccount(server: CalendarServer): Google {
  const account = server.account(`somebody-${++accounts}@example.com`)
  return { server, account, people: server.calendar(account.calendarId) }
}

export async function makeMany(store: DialogueStore, { userId }: Scene): Promise<void> {
  const inputs = Array.from({ length: MANY }, (_, i) => ({ userId, sender: 'user', content: `${i}` }))
  await store.storeMessages(inputs)
}

export async function makeCrowd(store: DialogueStore): Promise<void> {
  for (let i = 0; i < CROWD; i++) await store.createUser({ name: `User ${i}` })
}

export async function sayMore(store: DialogueStore, { userId }: Scene): Promise<void> {
  await store.storeMessage({ userId, sender: 'user', content: 'later' })
}

/** What is left by a process that died after its insert: the claim's flight has not landed. */
export async function leaveInserted(_: unknown, { db, userId }: Pick<Scene, 'db' | 'userId'>): Promise<void> {
  const [user, messageId, createdAt] = [new ObjectId(userId), nextId(), new Date()]
  await db.collection<{ _id: string }>('dialogue_seen').insertOne({
    _id: seenKey({ userId: user, externalId: 'delivery' }),
    ...{ messageId, flights: [nextId()], createdAt },
  })
  const said = messageOf(user, 'delivered', createdAt)
  await db
    .collection('dialogue_messages')
    .insertOne({ ...said, _id: messageId, externalId: 'delivery', op: nextId() })
}

/** What is left by a process that died after its commit: two messages in the journal, and a user who was touched. */
export async function leaveOwed(_: unknown, { db, userId }: Pick<Scene, 'db' | 'userId'>): Promise<void> {
  const now = new Date()
  const user = new ObjectId(userId)
  await db.collection('dialogue_journal').insertOne({
    _id: nextId(),
    userId: user,
    inserts: [messageOf(user, 'owed', now), messageOf(user, 'owed too', now)],
    replacements: [],
    deletions: [],
    largest: 1000,
    until: now,
    active: 1,
    createdAt: now,
  })
  await db.collection('dialogue_users').updateOne({ _id: user }, { $inc: { touches: 1 } })
}

const messageOf = (userId: ObjectId, content: string, now: Date) => ({
  _id: nextId(),
  userId,
  timestamp: now,
  sender: 'user',
  type: 'text',
  content,
  version: 1,
  createdAt: now,
})
