import { beforeAll, describe, expect, test } from '@jest/globals'
import mongoose from 'mongoose'
import { ObjectId } from '../../src/ids.ts'
import type { DialogueStore } from '../../src/index.ts'
import { makeMessages, makeUser, rejection, storedOf } from '../support/make.ts'
import { makeDatabase, makeStore } from '../support/store.ts'

const MIB = 2 ** 20
const { BSON } = mongoose.mongo

let db: mongoose.mongo.Db
/** Where nothing but MongoDB's own limit matters. */
let wide: DialogueStore
beforeAll(async () => {
  const made = await makeDatabase()
  db = made.db
  wide = await makeStore({ dbName: made.dbName, retention: { kind: 'capped', sizeBytes: 64 * MIB } })
})

const refusal = { code: 'TOO_LARGE', outcome: 'not-applied', retryable: false }

/** How long the content of a user's message may be, so that its document has just 16 MiB. */
async function longestContent(userId: string): Promise<number> {
  const { message } = await wide.storeMessage({ userId, sender: 'user', content: 'x' })
  const document = await db.collection('dialogue_messages').findOne({ _id: new ObjectId(message.id) })
  return 16 * MIB - BSON.calculateObjectSize(document ?? {}) + 1
}

describe('a message beyond 16 MiB', () => {
  test('is TOO_LARGE; one of just 16 MiB is stored', async () => {
    const { id: userId } = await makeUser(wide)
    const longest = await longestContent(userId)
    const error = await rejection(
      wide.storeMessage({ userId, sender: 'user', content: 'x'.repeat(longest + 1) }),
      'TOO_LARGE',
    )
    expect(error).toMatchObject(refusal)
    expect((await storedOf(db, userId)).messages).toHaveLength(1)
    const { message } = await wide.storeMessage({ userId, sender: 'user', content: 'x'.repeat(longest) })
    expect(message.content).toHaveLength(longest)
    expect((await storedOf(db, userId)).messages).toHaveLength(2)
  })

  test('is rejected alone, wherever its bytes are', async () => {
    const { id: userId } = await makeUser(wide)
    const long = 'é'.repeat(8 * MIB)
    const outcomes = await wide.storeMessages([
      { userId, sender: 'user', content: 'before' },
      { userId, sender: 'user', content: long },
      { userId, sender: 'user', content: '', metadata: { long } },
      { userId, sender: 'user', content: 'after' },
    ])
    expect(outcomes.map(({ status }) => status)).toEqual(['created', 'rejected', 'rejected', 'created'])
    for (const i of [1, 2]) expect(outcomes[i]).toMatchObject({ error: refusal })
    const { messages } = await storedOf(db, userId)
    expect(messages.map(({ content }) => content)).toEqual(['before', 'after'])
  })

  test('is not to be had by an update either', async () => {
    const { id: userId } = await makeUser(wide)
    const [message] = await makeMessages(wide, userId, 1)
    const id = message?.id ?? ''
    const growing = wide.updateMessage(userId, id, { metadata: { long: 'x'.repeat(16 * MIB) } })
    expect(await rejection(growing, 'TOO_LARGE')).toMatchObject(refusal)
    /* Below the limit by itself, above it with what an update adds to the document. */
    const longest = await longestContent(userId)
    const brimful = wide.updateMessage(userId, id, { content: 'x'.repeat(longest) })
    expect(await rejection(brimful, 'TOO_LARGE')).toMatchObject(refusal)
    expect(await wide.getMessage(userId, { id })).toEqual(message)
  })
})

describe('a message beyond the cap', () => {
  test('is TOO_LARGE, and evicts nobody', async () => {
    const { db: small, dbName } = await makeDatabase()
    const store = await makeStore({ dbName, retention: { kind: 'capped', sizeBytes: 64 * 1024 } })
    const { id: userId } = await makeUser(store)
    const kept = await makeMessages(store, userId, 20)
    const content = 'x'.repeat(64 * 1024)
    const error = await rejection(store.storeMessage({ userId, sender: 'user', content }), 'TOO_LARGE')
    expect(error).toMatchObject(refusal)
    expect(error.message).toMatch(/retention\.sizeBytes/)
    const bulk = await store.storeMessages([{ userId, sender: 'user', content }])
    expect(bulk).toMatchObject([{ status: 'rejected', error: refusal }])
    const growing = store.updateMessage(userId, kept[0]?.id ?? '', { content })
    expect(await rejection(growing, 'TOO_LARGE')).toMatchObject(refusal)
    expect((await store.retrieveHistory(userId)).messages).toEqual(kept)
    expect((await storedOf(small, userId)).messages).toHaveLength(20)
  })

  test('is judged by the cap as it is now', async () => {
    const { dbName } = await makeDatabase()
    const first = await makeStore({ dbName, retention: { kind: 'capped', sizeBytes: 64 * 1024 } })
    const wider = await makeStore({ dbName, retention: { kind: 'capped', sizeBytes: 256 * 1024 } })
    const { id: userId } = await makeUser(first)
    const long = { userId, sender: 'user', content: 'x'.repeat(100 * 1024) }
    expect(await wider.storeMessage(long)).toMatchObject({ created: true })
  })
})
