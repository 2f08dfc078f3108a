import type mongoose from 'mongoose'
import { ObjectId } from '../../../src/ids.ts'
import type { DialogueStore } from '../../../src/index.ts'
import { makeIdentity, makeUser } from '../../support/make.ts'

type Documents = Record<string, mongoose.mongo.Document[]>

const NAMES = ['users', 'contexts', 'messages', 'seen', 'journal', 'events', 'locks']

/** Fills every field that a model has, and gives all that the store has written of it, as the driver reads it. */
export async function writtenBy(store: DialogueStore, db: mongoose.mongo.Db): Promise<Documents> {
  const erased = await makeUser(store)
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
  await writeJournal(store, db, userId)
  await store.deleteUser(erased.id)
  return store.withUserLock(userId, () => readAll(db))
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

/** What can never be settled, because somebody changed the validator, stays in the journal. */
async function writeJournal(store: DialogueStore, db: mongoose.mongo.Db, userId: string): Promise<void> {
  const { validator } = await db.collection('dialogue_messages').options()
  const change = (to: object) => db.command({ collMod: 'dialogue_messages', validator: to })
  await change({ nobody: 'can say' })
  await store.withTransaction((tx) => tx.storeMessage({ userId, sender: 'user', content: 'stuck' }))
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

const readAll = async (db: mongoose.mongo.Db): Promise<Documents> =>
  Object.fromEntries(
    await Promise.all(
      NAMES.map(async (name) => [name, await db.collection(`dialogue_${name}`).find().toArray()] as const),
    ),
  )
