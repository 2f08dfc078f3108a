import { afterAll, beforeAll, expect, test } from '@jest/globals'
import type mongoose from 'mongoose'
import { nextId, ObjectId } from '../../src/ids.ts'
import type { DialogueStore } from '../../src/index.ts'
import { seenKey } from '../../src/messages/claim.ts'
import { makeFaultyServer } from '../support/faults.ts'
import { makeUser } from '../support/make.ts'
import { messageOf } from '../transactions/support/entries.ts'

let server: Awaited<ReturnType<typeof makeFaultyServer>>
let store: DialogueStore
beforeAll(async () => {
  server = await makeFaultyServer()
  store = await server.open()
})
afterAll(() => server.stop())

test('a delivery that comes again while the first one is stored is given the first one', async () => {
  const { db } = server
  const { id } = await makeUser(store)
  const [userId, messageId, flight, externalId] = [new ObjectId(id), nextId(), nextId(), 'met']
  /* Another process has claimed it, and is about to insert it. */
  const seen = db.collection<mongoose.mongo.Document & { _id: string }>('dialogue_seen')
  const createdAt = new Date()
  await seen.insertOne({ _id: seenKey({ userId, externalId }), messageId, flights: [flight], createdAt })
  /* The claim is read first, then its flight. */
  const find = { failCommands: ['find'], collection: 'seen', blockConnection: true, blockTimeMS: 1500 }
  const held = await server.fail(find, { skip: 1 })
  const repeat = store.storeMessage({ userId: id, sender: 'user', content: 'again', externalId })
  await held()
  await db.collection('dialogue_messages').insertOne(messageOf(id, 'first', { _id: messageId, externalId }))
  await seen.insertOne({ _id: `flight:${flight.toHexString()}`, createdAt, landed: true })
  const first = { id: messageId.toHexString(), content: 'first' }
  expect(await repeat).toMatchObject({ created: false, message: first })
})
