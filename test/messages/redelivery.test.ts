import { beforeAll, describe, expect, test } from '@jest/globals'
import type mongoose from 'mongoose'
import { nextId, ObjectId } from '../../src/ids.ts'
import type { DialogueStore } from '../../src/index.ts'
import { seenKey } from '../../src/messages/claim.ts'
import { makeMessages, makeProcesses, makeUser, makeWorld, storedOf } from '../support/make.ts'
import { makeDatabase, makeStore } from '../support/store.ts'

const delivery = (userId: string, externalId: string, more: object = {}) => ({
  userId,
  sender: 'user',
  content: 'delivered',
  externalId,
  ...more,
})

describe('after a deletion', () => {
  let store: DialogueStore
  let db: mongoose.mongo.Db
  beforeAll(async () => {
    ;({ store, db } = await makeWorld())
  })

  test.each([
    ['by id', (id: string) => ({ ids: [id] })],
    ['of a conversation', () => ({ conversationId: 'c' })],
    ['of all', () => ({ all: true as const })],
  ])('%s, a delivery does not come back', async (_, filter) => {
    const { id: userId } = await makeUser(store)
    const input = delivery(userId, 'd', { conversationId: 'c' })
    const { message } = await store.storeMessage(input)
    expect(await store.deleteMessages(userId, filter(message.id))).toBe(1)
    expect(await store.storeMessage(input)).toMatchObject({ created: false, message: { id: message.id } })
    expect(await store.storeMessages([input, input])).toMatchObject([
      { status: 'duplicate' },
      { status: 'duplicate' },
    ])
    expect((await storedOf(db, userId)).messages).toEqual([])
  })

  test('a delivery whose id its caller chose does not come back', async () => {
    const { id: userId } = await makeUser(store)
    const input = delivery(userId, 'e', { id: nextId() })
    await store.storeMessage(input)
    await store.deleteMessages(userId, { all: true })
    expect(await store.storeMessage(input)).toMatchObject({ created: false })
    expect((await storedOf(db, userId)).messages).toEqual([])
  })

  test('a delivery does not come back, though its process died right after its insert', async () => {
    const { id: userId } = await makeUser(store)
    const input = delivery(userId, 'f')
    await store.storeMessage(input)
    const landings = db.collection<{ _id: string }>('dialogue_seen')
    await landings.deleteMany({ _id: /^flight:/ })
    expect(await store.storeMessage(input)).toMatchObject({ created: false })
    await store.deleteMessages(userId, { all: true })
    expect(await store.storeMessage(input)).toMatchObject({ created: false })
    expect((await storedOf(db, userId)).messages).toEqual([])
  })

  test('an external id given later does not come back either', async () => {
    const { id: userId } = await makeUser(store)
    const [message] = await makeMessages(store, userId, 1)
    await store.updateMessage(userId, message?.id ?? '', { externalId: 'later' })
    await store.deleteMessages(userId, { all: true })
    expect(await store.storeMessage(delivery(userId, 'later'))).toMatchObject({ created: false })
    expect((await storedOf(db, userId)).messages).toEqual([])
  })
})

describe('after an eviction', () => {
  const makeSmall = async () => {
    const { db, dbName } = await makeDatabase()
    const retention = { kind: 'capped', sizeBytes: 64 * 1024, maxMessages: 10 } as const
    return { db, dbName, store: await makeStore({ dbName, retention }) }
  }

  test('a delivery does not come back, in any store', async () => {
    const { store, db, dbName } = await makeSmall()
    const { id: userId } = await makeUser(store)
    const input = delivery(userId, 'old')
    const { message } = await store.storeMessage(input)
    await makeMessages(store, userId, 10)
    expect(await store.storeMessage(input)).toMatchObject({ created: false, message: { id: message.id } })
    const other = await makeStore({ dbName })
    expect(await other.storeMessage(input)).toMatchObject({ created: false })
    const { messages } = await storedOf(db, userId)
    expect(messages).toHaveLength(10)
    expect(messages.map(({ externalId }) => externalId)).not.toContain('old')
  })

  test('deliveries of one bulk, larger than the cap, do not come back', async () => {
    const { store, db } = await makeSmall()
    const { id: userId } = await makeUser(store)
    const inputs = Array.from({ length: 50 }, (_, i) => delivery(userId, `bulk ${i}`))
    await store.storeMessages(inputs)
    const kept = (await storedOf(db, userId)).messages
    const again = await store.storeMessages(inputs)
    expect(new Set(again.map(({ status }) => status))).toEqual(new Set(['duplicate']))
    expect((await storedOf(db, userId)).messages).toEqual(kept)
  })

  test('a delivery does not come back when there is room again', async () => {
    const { store, db } = await makeSmall()
    const { id: userId } = await makeUser(store)
    const input = delivery(userId, 'old')
    await store.storeMessage(input)
    await makeMessages(store, userId, 10)
    await store.deleteMessages(userId, { all: true })
    expect(await store.storeMessage(input)).toMatchObject({ created: false })
    expect((await storedOf(db, userId)).messages).toEqual([])
  })

  test('a delivery that was trimmed does not come back, under a higher limit either', async () => {
    const { db, dbName } = await makeDatabase()
    const store = await makeStore({ dbName, retention: { kind: 'rolling', maxPerUser: 5 } })
    const { id: userId } = await makeUser(store)
    const timestamp = new Date()
    const inputs = Array.from({ length: 8 }, (_, i) => delivery(userId, `t ${i}`, { timestamp }))
    await store.storeMessages(inputs)
    const first = inputs[0] ?? delivery('', '')
    expect(await store.storeMessage(first)).toMatchObject({ created: false })
    const unlimited = await makeStore({ dbName, retention: { kind: 'rolling' } })
    expect(await unlimited.storeMessage(first)).toMatchObject({ created: false })
    expect((await storedOf(db, userId)).messages).toHaveLength(5)
  })
})

describe('after a crash between claim and insert', () => {
  let store: DialogueStore
  let other: DialogueStore
  let db: mongoose.mongo.Db
  beforeAll(async () => {
    ;({ store, other, db } = await makeProcesses())
  })

  /** What a process leaves that dies before it inserts the message; gives the id that the message was to have. */
  async function crash(userId: string, externalId: string): Promise<string> {
    const messageId = nextId()
    const _id = seenKey({ userId: new ObjectId(userId), externalId })
    const claim = { _id, messageId, flights: [nextId()], createdAt: new Date() }
    await db.collection<{ _id: string }>('dialogue_seen').insertOne(claim)
    return messageId.toHexString()
  }

  test('the redelivery stores it once, and says so', async () => {
    const { id: userId } = await makeUser(store)
    const messageId = await crash(userId, 'lost')
    const input = delivery(userId, 'lost')
    expect(await store.storeMessage(input)).toMatchObject({ created: true, message: { id: messageId } })
    expect(await store.storeMessage(input)).toMatchObject({ created: false, message: { id: messageId } })
    expect((await storedOf(db, userId)).messages).toHaveLength(1)
  })

  test('the redelivery stores it, though everything that is kept was stored since', async () => {
    const { id: userId } = await makeUser(store)
    await crash(userId, 'lost')
    await db.collection('dialogue_messages').deleteMany({})
    await makeMessages(store, userId, 20)
    expect(await store.storeMessage(delivery(userId, 'lost'))).toMatchObject({ created: true })
    expect((await storedOf(db, userId)).messages).toHaveLength(21)
  })

  test('fifty redeliveries at once, to two stores, store it once', async () => {
    const { id: userId } = await makeUser(store)
    const messageId = await crash(userId, 'lost')
    const calls = Array.from({ length: 50 }, (_, i) =>
      (i % 2 ? store : other).storeMessage(delivery(userId, 'lost', { content: `try ${i}` })),
    )
    const outcomes = await Promise.all(calls)
    expect(outcomes.filter(({ created }) => created)).toHaveLength(1)
    const { messages } = await storedOf(db, userId)
    expect(messages.map(({ _id }) => _id.toHexString())).toEqual([messageId])
    for (const { message } of outcomes) expect(message.content).toBe(messages[0]?.content)
  })

  test('the redelivery is the last: what is evicted then does not come back', async () => {
    const { id: userId } = await makeUser(store)
    await crash(userId, 'lost')
    const input = delivery(userId, 'lost')
    await store.storeMessage(input)
    /* As eviction does it: without a word to anybody. */
    await db.collection('dialogue_messages').deleteMany({ userId: new ObjectId(userId) })
    expect(await other.storeMessage(input)).toMatchObject({ created: false })
    expect((await storedOf(db, userId)).messages).toEqual([])
  })

  test('the others of its batch are not stored again', async () => {
    const { id: userId } = await makeUser(store)
    await crash(userId, 'lost')
    const fine = delivery(userId, 'fine')
    await store.storeMessage(fine)
    expect(await store.storeMessages([fine, delivery(userId, 'lost'), fine])).toMatchObject([
      { status: 'duplicate' },
      { status: 'created' },
      { status: 'duplicate' },
    ])
    expect((await storedOf(db, userId)).messages).toHaveLength(2)
  })
})
