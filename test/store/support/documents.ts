import type mongoose from 'mongoose'
import { grammyStorage } from '../../../src/adapters/grammy.ts'
import { ObjectId } from '../../../src/ids.ts'
import type { DialogueStore } from '../../../src/index.ts'
import { seenKey } from '../../../src/messages/claim.ts'
import { makeIdentity, makeMessages, makeUser } from '../../support/make.ts'
import { until } from '../../transactions/support/turns.ts'

type Documents = Record<string, mongoose.mongo.Document[]>

const NAMES = ['users', 'contexts', 'messages', 'seen', 'journal', 'events', 'locks', 'sessions']

/** Fills every field that a model has, and gives all that the store has written of it, as the driver reads it. */
export async function writtenBy(store: DialogueStore, db: mongoose.mongo.Db): Promise<Documents> {
  const user = await makeUser(store, {
    identities: [makeIdentity(), makeIdentity('telegram')],
    email: 'ana@example.com',
    locale: 'pt-BR',
    timezone: 'America/Sao_Paulo',
    states: { registration: 'done' },
    data: { plan: 'free', nested: [{ a: null }] },
  })
  const { id: userId } = await store.updateUser(user.id, { name: 'Bia' })
  await writeMessages(store, userId)
  await writeEvents(store, userId)
  await writeSessions(store)
  await overtakeFlight(store, db, userId)
  const erased = await makeUser(store)
  const gone = await makeUser(store)
  await store.deleteUser(gone.id)
  await writeParked(store, db, [userId, erased.id])
  const erasure = store.deleteUser(erased.id)
  await until(async () => (await db.collection('dialogue_journal').countDocuments({ settled: true })) > 0)
  const written = await store.withUserLock(userId, () => readAll(db))
  await erasure
  return written
}

async function writeMessages(store: DialogueStore, userId: string): Promise<void> {
  await store.storeMessage({ userId, sender: 'user', content: '', metadata: { sticker: 1 } })
  const { message } = await store.storeMessage({
    userId,
    sender: 'user',
    content: 'transcript',
    type: 'voice',
    id: new ObjectId(),
    conversationId: 'ticket-1',
    externalId: 'delivery-1',
    audio: { uri: 'https://example.com/a.ogg', mimeType: 'audio/ogg', durationSeconds: 2.5 },
    metadata: { lang: 'pt' },
  })
  await store.updateMessage(userId, message.id, { content: 'better transcript' })
  await store.storeContext(userId, { summary: 'likes voice' }, { covers: message.cursor })
}

/** A delivery whose first process died before it stored the message; a transaction stores it in its place. */
async function overtakeFlight(store: DialogueStore, db: mongoose.mongo.Db, userId: string): Promise<void> {
  const externalId = 'delivery-2'
  const claim = {
    _id: seenKey({ userId: new ObjectId(userId), externalId }),
    ...{ messageId: new ObjectId(), flights: [new ObjectId()], createdAt: new Date() },
  }
  await db.collection<{ _id: string }>('dialogue_seen').insertOne(claim)
  await store.withTransaction((tx) => tx.storeMessage({ userId, sender: 'user', content: 'x', externalId }))
}

/**
 * What can never be settled, because somebody changed the validator, stays in the journal; of somebody who is
 * being erased it counts as settled, and stays until no settler can be at work on it.
 */
async function writeParked(store: DialogueStore, db: mongoose.mongo.Db, userIds: string[]): Promise<void> {
  const said = await Promise.all(userIds.map((userId) => makeMessages(store, userId, 2)))
  const { validator } = await db.collection('dialogue_messages').options()
  const change = (to: object) => db.command({ collMod: 'dialogue_messages', validator: to })
  await change({ nobody: 'can say' })
  for (const [changed, deleted] of said) {
    if (!changed || !deleted) throw new Error('nothing said')
    const { id, userId } = changed
    await store.withTransaction(async (tx) => {
      await tx.storeMessage({ userId, sender: 'user', content: 'stuck' })
      await tx.updateMessage(userId, id, { content: 'changed' })
      await tx.deleteMessages(userId, { ids: [deleted.id] })
    })
  }
  await change(validator ?? {})
}

async function writeEvents(store: DialogueStore, creatorId: string): Promise<void> {
  const start = new Date('2030-05-01T00:00Z')
  await store.storeEvent({ creatorId, summary: 'Off', start, allDay: true })
  const { event } = await store.storeEvent({
    creatorId,
    summary: 'Dentist',
    start,
    timezone: 'Europe/Berlin',
    description: 'Bring the papers',
    location: 'Main street 1',
    attendees: [{ email: 'caio@example.com', displayName: 'Caio', comment: 'drives' }],
    visibility: 'public',
    reminders: [10],
    recurrence: ['RRULE:FREQ=DAILY'],
    data: { room: 1 },
    externalId: 'request-1',
  })
  await store.cancelEvent(event.id)
}

async function writeSessions(store: DialogueStore): Promise<void> {
  const identity = makeIdentity('telegram')
  const states = grammyStorage(store, { namespace: 'bot', userOf: (key) => (key === 'u' ? identity : null) })
  await states.write('nobody', { step: 1 })
  await states.write('u', { step: 1 })
  await states.write('u', { step: 2 })
}

const readAll = async (db: mongoose.mongo.Db): Promise<Documents> =>
  Object.fromEntries(
    await Promise.all(
      NAMES.map(async (name) => [name, await db.collection(`dialogue_${name}`).find().toArray()] as const),
    ),
  )
