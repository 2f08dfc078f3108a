import { afterAll, beforeAll, expect, test } from '@jest/globals'
import mongoose from 'mongoose'
import { type Fate, startProxy } from '../../scripts/torture/rig/proxy.ts'
import { type DialogueStore, openStore } from '../../src/index.ts'
import { seenKey } from '../../src/messages/claim.ts'
import type { SeenDocument } from '../../src/messages/schema.ts'
import { startServer, type TestServer } from '../../src/testing/index.ts'
import { makeUser, storedOf } from '../support/make.ts'

/*
 * A claim does not wait for its majority. If a fail-over comes between it and its message, the next primary may not
 * have it. A set of one loses nothing when it steps down, so the test takes the claim away.
 */
const dbName = 'claims'
let server: TestServer
let client: mongoose.mongo.MongoClient
let other: DialogueStore
beforeAll(async () => {
  server = await startServer({ own: true })
  client = await mongoose.mongo.MongoClient.connect(server.uri)
  other = await openStore({ uri: server.uri, dbName })
})
afterAll(async () => {
  await other.close()
  await client.close()
  await server.stop()
})

async function failOver(): Promise<void> {
  const admin = client.db('admin')
  await admin.command({ replSetStepDown: 1, force: true }).catch(() => {})
  await client.db(dbName).collection('others').insertOne({})
}

/** Stores a delivery; between its claim and its insert, the claim is lost, and then `meanwhile` happens. */
async function storeLosingClaim(
  delivery: { userId: string; sender: string; content: string; externalId: string },
  meanwhile: () => Promise<unknown>,
) {
  const proxy = await startProxy(server.members[0]?.port ?? 0)
  const slow = await openStore({ uri: proxy.uri, dbName })
  await slow.storeMessage({ ...delivery, externalId: 'warm' })
  let inserts = 0
  proxy.judgeBy(async (command): Promise<Fate> => {
    if (command === 'insert' && ++inserts === 2) {
      const userId = new mongoose.mongo.ObjectId(delivery.userId)
      const _id = seenKey({ userId, externalId: delivery.externalId })
      const { deletedCount } = await client
        .db(dbName)
        .collection<{ _id: string }>('dialogue_seen')
        .deleteOne({ _id })
      expect(deletedCount).toBe(1)
      await failOver()
      await meanwhile()
    }
    return 'arrives'
  })
  const stored = await slow.storeMessage(delivery)
  expect(inserts).toBeGreaterThan(1)
  await slow.close()
  proxy.stop()
  return stored
}

test('a claim that a fail-over lost is made again, so that the delivery is stored once', async () => {
  const { id: userId } = await makeUser(other)
  const delivery = { userId, sender: 'user', content: 'hello', externalId: 'd' }
  const { message, created } = await storeLosingClaim(delivery, async () => {})
  expect(created).toBe(true)
  expect(await other.storeMessage(delivery)).toMatchObject({ created: false, message: { id: message.id } })
  expect((await storedOf(client.db(dbName), userId)).messages).toHaveLength(2)
})

test('where another delivery came first after the fail-over, its message is the one', async () => {
  const { id: userId } = await makeUser(other)
  const delivery = { userId, sender: 'user', content: 'hello', externalId: 'd' }
  let first = ''
  const { message, created } = await storeLosingClaim(delivery, async () => {
    const stored = await other.storeMessage(delivery)
    expect(stored.created).toBe(true)
    first = stored.message.id
  })
  expect({ created, id: message.id }).toEqual({ created: false, id: first })
  const { messages } = await storedOf(client.db(dbName), userId)
  expect(messages.filter(({ externalId }) => externalId === 'd').map(({ _id }) => String(_id))).toEqual([
    first,
  ])
})

test('where another delivery claimed it after the fail-over and died, the message is there all the same', async () => {
  const { id: userId } = await makeUser(other)
  const delivery = { userId, sender: 'user', content: 'hello', externalId: 'd' }
  const messageId = new mongoose.mongo.ObjectId()
  const { message, created } = await storeLosingClaim(delivery, async () => {
    const _id = seenKey({ userId: new mongoose.mongo.ObjectId(userId), externalId: 'd' })
    const flights = [new mongoose.mongo.ObjectId()]
    await client
      .db(dbName)
      .collection<SeenDocument>('dialogue_seen')
      .insertOne({ _id, messageId, flights, createdAt: new Date() })
  })
  expect({ created, id: message.id }).toEqual({ created: true, id: messageId.toHexString() })
  const { messages } = await storedOf(client.db(dbName), userId)
  expect(messages.filter(({ externalId }) => externalId === 'd')).toMatchObject([{ _id: messageId }])
})
