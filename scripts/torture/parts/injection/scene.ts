import mongoose from 'mongoose'
import { ownedBy } from '../../../../src/db/definition.ts'
import { ObjectId } from '../../../../src/ids.ts'
import type { DialogueStore } from '../../../../src/index.ts'
import { MODELS } from '../../../../src/migrations/baseline.ts'
import { phoneOf } from '../../../lib/people.ts'

/** In every text of somebody who has nothing to do with it. */
export const CANARY = 'c4n4ry'
export const START = new Date('2030-05-01T09:00:00Z')
export const END = new Date('2030-05-01T10:00:00Z')
/** Nothing of the bystander's is then. */
export const LATER = new Date('2030-06-01T00:00:00Z')

let made = 0
/** A phone number that nobody else has. */
export const identityOf = () => ({ provider: 'whatsapp', id: phoneOf(++made) })
export const freshId = (): string => new ObjectId().toHexString()

/** Somebody, and what the verbs need to name what is theirs. */
export interface Person {
  userId: string
  identity: { provider: string; id: string }
  email: string
  messageId: string
  voiceId: string
  eventId: string
  externalId: string
  conversationId: string
  /** Of messages, pages, users and events, and places to follow from. */
  cursor: string
  older: string
  newer: string
  covers: string
  live: string
  resume: string
  usersCursor: string
  eventsCursor: string
}

/** Somebody with everything, all of whose texts hold the mark. */
export async function makePerson(store: DialogueStore, mark: string): Promise<Person> {
  const identity = identityOf()
  const email = `${mark}${made}@example.com`
  const { id: userId } = await store.createUser({
    identities: [identity],
    ...{ name: `Bia ${mark}`, email, locale: 'pt-BR', timezone: 'America/Sao_Paulo' },
    ...{ states: { registration: mark, scheduling: 'idle' }, data: { said: mark, n: 1 } },
  })
  const conversationId = `ticket ${mark}`
  const said = { userId, sender: 'user', content: `hello ${mark}`, metadata: { said: mark } }
  /* No text of theirs: whoever has the same says it themselves. */
  const externalId = `delivery ${made}`
  const { message } = await store.storeMessage({ ...said, conversationId, externalId })
  const { message: voice } = await store.storeMessage({ ...said, type: 'voice', audio: { uri: mark } })
  await store.storeMessage(said)
  await store.storeContext(userId, { summary: mark }, { covers: message.cursor })
  const event = {
    creatorId: userId,
    summary: `Dentist ${mark}`,
    start: START,
    end: END,
    data: { said: mark },
  }
  const { event: first } = await store.storeEvent(event)
  await store.storeEvent(event)
  const places = await placesOf(store, { userId, email, cursor: voice.cursor, said })
  return {
    ...{ userId, identity, email, externalId, conversationId, eventId: first.id },
    ...{ messageId: message.id, voiceId: voice.id, cursor: message.cursor, covers: message.cursor },
    ...places,
  }
}

interface Whose {
  userId: string
  email: string
  cursor: string
  said: Parameters<DialogueStore['storeMessage']>[0]
}

/** Cursors of every kind, as the verbs give them. */
async function placesOf(store: DialogueStore, { userId, email, cursor, said }: Whose) {
  const { older, live } = await store.retrieveHistory(userId, { limit: 1 })
  const { newer } = await store.retrieveHistory(userId, { before: cursor, limit: 1 })
  const { nextCursor: eventsCursor } = await store.retrieveEvents({ creatorId: userId, limit: 1 })
  const twin = await store.createUser({ name: `Twin of ${email}`, email })
  const { nextCursor: usersCursor } = await store.listUsers({ email, limit: 1 })
  await store.deleteUser(twin.id)
  await store.storeMessage(said)
  let resume = ''
  for await (const item of store.followMessages({ userId, after: live })) {
    resume = item.resume
    break
  }
  if (!older || !newer || !eventsCursor || !usersCursor) throw new Error('A verb gave no cursor')
  return { older, newer, live, resume, usersCursor, eventsCursor }
}

/** All that is stored of somebody, to be compared as a whole. */
export async function rowsOf(db: mongoose.mongo.Db, { userId }: Pick<Person, 'userId'>): Promise<string> {
  const rows = await Promise.all(
    MODELS.map((model) =>
      db
        .collection(`dialogue_${model.collection}`)
        .find(ownedBy(model, new ObjectId(userId)))
        .sort({ _id: 1 })
        .toArray(),
    ),
  )
  return mongoose.mongo.BSON.EJSON.stringify(rows, { relaxed: false })
}
