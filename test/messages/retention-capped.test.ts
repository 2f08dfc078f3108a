import { describe, expect, test } from '@jest/globals'
import type mongoose from 'mongoose'
import { makeMessages, makeUser, rejection, storedOf } from '../support/make.ts'
import { makeDatabase, makeStore } from '../support/store.ts'

const optionsOf = async (db: mongoose.mongo.Db) => {
  const [info] = await db
    .listCollections<{ name: string; options?: object }>({ name: 'dialogue_messages' })
    .toArray()
  return info?.options
}
const contentsOf = async (db: mongoose.mongo.Db, userId: string) =>
  (await storedOf(db, userId)).messages.map(({ content }) => content)

describe('by default', () => {
  test('messages are capped at 1 GiB, with the indexes of a history', async () => {
    const { db, dbName } = await makeDatabase()
    await makeStore({ dbName })
    expect(await optionsOf(db)).toMatchObject({ capped: true, size: 2 ** 30 })
    expect(await optionsOf(db)).not.toHaveProperty('max')
    const indexes = await db.collection('dialogue_messages').indexes()
    const keys = indexes.map(({ key }) => key)
    const place = { timestamp: -1, _id: -1, sender: 1, type: 1 }
    expect(keys).toEqual([
      { _id: 1 },
      { userId: 1, ...place },
      { userId: 1, conversationId: 1, ...place },
      { userId: 1, externalId: 1 },
    ])
    for (const { partialFilterExpression, key } of indexes.slice(2)) {
      const [, field = ''] = Object.keys(key)
      expect(partialFilterExpression).toEqual({ [field]: { $exists: true } })
    }
  })

  test('a database that is there is taken as it is', async () => {
    const { db, dbName } = await makeDatabase()
    await makeStore({ dbName, retention: { kind: 'capped', sizeBytes: 2 ** 20, maxMessages: 100 } })
    const before = await optionsOf(db)
    await makeStore({ dbName })
    await makeStore({ dbName, retention: { kind: 'capped' } })
    expect(await optionsOf(db)).toEqual(before)
    expect(before).toMatchObject({ capped: true, size: 2 ** 20, max: 100 })
  })
})

describe('a full collection', () => {
  test('evicts what was stored first, however old it says to be', async () => {
    const { db, dbName } = await makeDatabase()
    const store = await makeStore({ dbName, retention: { kind: 'capped', maxMessages: 10 } })
    const [ana, ben] = [await makeUser(store), await makeUser(store)]
    await makeMessages(store, ben.id, 4, { content: 'first', timestamp: new Date('2090-01-01') })
    await makeMessages(store, ana.id, 6)
    await makeMessages(store, ana.id, 3, { content: 'imported', timestamp: new Date('1990-01-01') })
    expect(await contentsOf(db, ben.id)).toEqual(['first'])
    expect(await contentsOf(db, ana.id)).toHaveLength(9)
    await makeMessages(store, ana.id, 25)
    expect(await contentsOf(db, ben.id)).toEqual([])
    expect(await contentsOf(db, ana.id)).toEqual(Array.from({ length: 10 }, (_, i) => `message ${i + 15}`))
  })

  test('evicts by bytes', async () => {
    const { db, dbName } = await makeDatabase()
    const store = await makeStore({ dbName, retention: { kind: 'capped', sizeBytes: 64 * 1024 } })
    const { id } = await makeUser(store)
    for (let i = 0; i < 40; i++) await makeMessages(store, id, 1, { content: `${i} ${'x'.repeat(8000)}` })
    const kept = await contentsOf(db, id)
    expect(kept.length).toBeGreaterThanOrEqual(6)
    expect(kept.length).toBeLessThanOrEqual(8)
    expect(kept.map((content) => content.split(' ')[0])).toEqual(
      Array.from({ length: kept.length }, (_, i) => `${40 - kept.length + i}`),
    )
  })

  test('leaves cursors valid, and takes changes of what is left', async () => {
    const { dbName } = await makeDatabase()
    const store = await makeStore({ dbName, retention: { kind: 'capped', maxMessages: 10 } })
    const { id } = await makeUser(store)
    const [evicted] = await makeMessages(store, id, 10)
    await makeMessages(store, id, 4, { content: 'new' })
    const after = await store.retrieveHistory(id, { after: evicted?.cursor ?? '' })
    expect(after.messages).toHaveLength(10)
    expect(after).toMatchObject({ count: 10, older: null, newer: null })
    expect(await store.retrieveHistory(id, { before: evicted?.cursor ?? '' })).toMatchObject({
      messages: [],
      older: null,
      newer: expect.any(String),
    })
    await rejection(store.getMessage(id, { id: evicted?.id ?? '' }), 'MESSAGE_NOT_FOUND')
    const last = after.messages.at(-1)
    const grown = await store.updateMessage(id, last?.id ?? '', { content: 'x'.repeat(10_000) })
    expect(grown.content).toHaveLength(10_000)
    expect(await store.deleteMessages(id, { all: true })).toBe(10)
  })
})

describe('opened again', () => {
  test('with other limits, they are applied', async () => {
    const { db, dbName } = await makeDatabase()
    const first = await makeStore({ dbName, retention: { kind: 'capped', sizeBytes: 2 ** 20 } })
    const { id } = await makeUser(first)
    await makeMessages(first, id, 30)
    await makeStore({ dbName, retention: { kind: 'capped', sizeBytes: 2 ** 21 } })
    expect(await optionsOf(db)).toMatchObject({ capped: true, size: 2 ** 21 })
    const small = await makeStore({ dbName, retention: { kind: 'capped', maxMessages: 5 } })
    expect(await optionsOf(db)).toMatchObject({ capped: true, size: 2 ** 21, max: 5 })
    await makeMessages(small, id, 1, { content: 'new' })
    expect(await contentsOf(db, id)).toEqual(['message 26', 'message 27', 'message 28', 'message 29', 'new'])
  })

  test('with the greatest number of messages, their number has no limit any more', async () => {
    const { db, dbName } = await makeDatabase()
    await makeStore({ dbName, retention: { kind: 'capped', sizeBytes: 2 ** 20, maxMessages: 5 } })
    const store = await makeStore({ dbName, retention: { kind: 'capped', maxMessages: 2 ** 31 - 1 } })
    const { id } = await makeUser(store)
    await makeMessages(store, id, 9)
    expect(await contentsOf(db, id)).toHaveLength(9)
    expect((await store.stats()).messages.retention).toEqual({ kind: 'capped', sizeBytes: 2 ** 20 })
  })

  test('with limits that MongoDB rounds, time and again', async () => {
    const { db, dbName } = await makeDatabase()
    const retention = { kind: 'capped', sizeBytes: 1_000_000 } as const
    for (const _ of [1, 2, 3]) await makeStore({ dbName, retention })
    expect(await optionsOf(db)).toMatchObject({ capped: true })
  })

  test('as rolling is refused, and nothing is changed', async () => {
    const { db, dbName } = await makeDatabase()
    const store = await makeStore({ dbName, retention: { kind: 'capped', sizeBytes: 2 ** 20 } })
    const { id } = await makeUser(store)
    await makeMessages(store, id, 3)
    const before = await optionsOf(db)
    for (const retention of [
      { kind: 'rolling' },
      { kind: 'rolling', maxAgeMs: 5000, maxPerUser: 1 },
    ] as const) {
      const error = await rejection(makeStore({ dbName, retention }), 'RETENTION_MISMATCH')
      expect(error).toMatchObject({ expected: 'rolling', actual: 'capped', retryable: false })
      expect(error.message).toMatch(/convert-retention --to rolling/)
    }
    expect(await optionsOf(db)).toEqual(before)
    expect(await db.collection('dialogue_messages').indexes()).toHaveLength(4)
    expect(await contentsOf(db, id)).toHaveLength(3)
  })
})
