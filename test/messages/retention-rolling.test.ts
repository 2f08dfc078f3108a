import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import type mongoose from 'mongoose'
import { type DialogueStore, openStore } from '../../src/index.ts'
import { startServer, type TestServer } from '../../src/testing/index.ts'
import { makeMessages, makeUser, rejection, storedOf } from '../support/make.ts'
import { makeDatabase, makeStore } from '../support/store.ts'

const DAY = 24 * 60 * 60 * 1000

const indexesOf = (db: mongoose.mongo.Db) => db.collection('dialogue_messages').indexes()
const ageIndexOf = async (db: mongoose.mongo.Db) =>
  (await indexesOf(db)).filter(({ expireAfterSeconds }) => expireAfterSeconds !== undefined)
const limitsOf = async (store: DialogueStore) => (await store.stats()).messages.retention

describe('rolling retention', () => {
  test('without limits keeps everything, in an ordinary collection', async () => {
    const { db, dbName } = await makeDatabase()
    const store = await makeStore({ dbName, retention: { kind: 'rolling' } })
    const [info] = await db.listCollections({ name: 'dialogue_messages' }).toArray()
    expect(info).not.toHaveProperty('options.capped')
    expect(await indexesOf(db)).toHaveLength(4)
    const { id } = await makeUser(store)
    await makeMessages(store, id, 1500, { timestamp: new Date('1990-01-01') })
    expect(await store.retrieveHistory(id)).toMatchObject({ count: 1500 })
  })

  test('counts age from storing, so that imported history stays', async () => {
    const { db, dbName } = await makeDatabase()
    const store = await makeStore({ dbName, retention: { kind: 'rolling', maxAgeMs: 30 * DAY } })
    const age = { key: { createdAt: 1 }, expireAfterSeconds: (30 * DAY) / 1000 }
    expect(await ageIndexOf(db)).toEqual([expect.objectContaining(age)])
    const { id } = await makeUser(store)
    const begin = Date.now()
    await makeMessages(store, id, 1, { timestamp: new Date('1990-01-01') })
    const [stored] = (await storedOf(db, id)).messages
    expect(stored?.timestamp).toEqual(new Date('1990-01-01'))
    expect(stored?.createdAt.getTime()).toBeGreaterThanOrEqual(begin)
  })

  test('opened again takes what is there, and applies other limits', async () => {
    const { db, dbName } = await makeDatabase()
    const first = { kind: 'rolling', maxAgeMs: DAY, maxPerUser: 50 } as const
    await makeStore({ dbName, retention: first })
    expect(await limitsOf(await makeStore({ dbName }))).toEqual(first)
    const longer = { ...first, maxAgeMs: 2 * DAY }
    expect(await limitsOf(await makeStore({ dbName, retention: longer }))).toEqual(longer)
    expect(await ageIndexOf(db)).toMatchObject([{ expireAfterSeconds: (2 * DAY) / 1000 }])
    const perUser = { kind: 'rolling', maxPerUser: 7 } as const
    expect(await limitsOf(await makeStore({ dbName, retention: perUser }))).toEqual(perUser)
    expect(await ageIndexOf(db)).toEqual([])
    const aged = { kind: 'rolling', maxAgeMs: 1500 } as const
    expect(await limitsOf(await makeStore({ dbName, retention: aged }))).toEqual({ ...aged, maxAgeMs: 2000 })
    const none = { kind: 'rolling' } as const
    expect(await limitsOf(await makeStore({ dbName, retention: none }))).toEqual(none)
    expect(await ageIndexOf(db)).toEqual([])
  })

  test('opened as capped is refused, and nothing is changed', async () => {
    const { db, dbName } = await makeDatabase()
    const store = await makeStore({ dbName, retention: { kind: 'rolling', maxAgeMs: DAY } })
    const { id } = await makeUser(store)
    await makeMessages(store, id, 3)
    for (const retention of [{ kind: 'capped' }, { kind: 'capped', sizeBytes: 4096 }] as const) {
      const error = await rejection(makeStore({ dbName, retention }), 'RETENTION_MISMATCH')
      expect(error).toMatchObject({ expected: 'capped', actual: 'rolling' })
      expect(error.message).toMatch(/convert-retention --to capped/)
    }
    expect(await ageIndexOf(db)).toHaveLength(1)
    expect((await storedOf(db, id)).messages).toHaveLength(3)
  })
})

describe('on a server whose TTL monitor runs every second', () => {
  let server: TestServer
  let store: DialogueStore
  beforeAll(async () => {
    server = await startServer({ own: true, args: ['--setParameter', 'ttlMonitorSleepSecs=1'] })
    store = await openStore({
      uri: server.uri,
      dbName: 'ttl',
      retention: { kind: 'rolling', maxAgeMs: 1000 },
    })
  })
  afterAll(async () => {
    await store?.close()
    await server?.stop()
  })

  test('messages end when they are old enough, and their deliveries do not come back', async () => {
    const { id: userId } = await makeUser(store)
    const delivery = {
      userId,
      sender: 'user',
      content: 'x',
      externalId: 'aged',
      timestamp: new Date('2090-01-01'),
    }
    await store.storeMessage(delivery)
    const end = Date.now() + 20_000
    while ((await store.retrieveHistory(userId)).count !== 0) {
      if (Date.now() > end) throw new Error('the message is still there')
      await pause(100)
    }
    expect(await store.storeMessage(delivery)).toMatchObject({ created: false })
    expect(await store.retrieveHistory(userId)).toMatchObject({ count: 0 })
  })
})
