import { beforeAll, describe, expect, test } from '@jest/globals'
import type mongoose from 'mongoose'
import { type DialogueStore, openStore, type StoreOptions } from '../../src/index.ts'
import { testServer } from '../../src/testing/index.ts'
import { makeMessages, makeUser, rejection } from '../support/make.ts'
import { makeDatabase, makeStore } from '../support/store.ts'

const SMALL = { retention: { kind: 'capped', sizeBytes: 2 ** 20 } } as const

let uri: string
beforeAll(async () => {
  uri = (await testServer()).uri
})

const open = (dbName: string, options: Omit<StoreOptions, 'uri' | 'connection'> = {}) =>
  openStore({ uri, dbName, ...SMALL, ...options })

const namesIn = async (db: mongoose.mongo.Db) =>
  (await db.listCollections({}, { nameOnly: true }).toArray()).map(({ name }) => name).sort()

describe('migrate', () => {
  test("'check' refuses an empty database, and leaves it empty", async () => {
    const { db, dbName } = await makeDatabase()
    const failure = await rejection(open(dbName, { migrate: 'check' }), 'MIGRATION_PENDING')
    expect(failure).toMatchObject({ outcome: 'not-applied', retryable: false })
    expect(failure.message).toContain('npx dialogue-store up')
    expect(await namesIn(db)).toEqual([])
  })

  test("'check' opens what 'apply' has brought up to date", async () => {
    const { dbName } = await makeDatabase()
    await (await open(dbName, { migrate: 'apply' })).close()
    const store = await open(dbName, { migrate: 'check' })
    await makeUser(store)
    await store.close()
  })

  test.each(['apply', 'check'] as const)(
    '%p refuses a newer database, which stays as it is',
    async (migrate) => {
      const { db, dbName } = await makeDatabase()
      await (await open(dbName)).close()
      const meta = db.collection<{ _id: string }>('dialogue_meta')
      await meta.insertOne({ _id: 'migration:9999-of-tomorrow' })
      const before = await meta.find().toArray()
      const failure = await rejection(open(dbName, { migrate }), 'MIGRATION_MISMATCH')
      expect(failure).toMatchObject({ outcome: 'not-applied', retryable: false })
      expect(failure.message).toMatch(/9999-of-tomorrow.*Upgrade/)
      expect(await meta.find().toArray()).toEqual(before)
    },
  )

  test('goes on where an earlier one was interrupted', async () => {
    const { db, dbName } = await makeDatabase()
    await (await open(dbName)).close()
    const meta = db.collection<{ _id: string; state: string }>('dialogue_meta')
    await meta.updateOne({ _id: /^migration:/ }, { $set: { state: 'running' } })
    await db.collection('dialogue_events').drop()
    await (await open(dbName)).close()
    expect(await meta.findOne({ _id: /^migration:/ })).toMatchObject({ state: 'applied' })
    expect(await db.collection('dialogue_events').indexes()).toHaveLength(7)
  })
})

describe('a foreign collection under our prefix', () => {
  test.each(['users', 'contexts', 'messages', 'events', 'meta'])(
    'is refused and untouched: %s',
    async (name) => {
      const { db, dbName } = await makeDatabase()
      const foreign = db.collection(`dialogue_${name}`)
      await foreign.insertOne({ mine: true })
      await foreign.createIndex({ mine: 1 })
      const before = [await foreign.find().toArray(), await foreign.indexes(), await foreign.options()]
      for (const migrate of ['apply', 'check'] as const) {
        const failure = await rejection(open(dbName, { migrate }), 'MIGRATION_MISMATCH')
        expect(failure.message).toMatch(new RegExp(`dialogue_${name} .*prefix`))
      }
      expect([await foreign.find().toArray(), await foreign.indexes(), await foreign.options()]).toEqual(
        before,
      )
      expect(await namesIn(db)).toEqual([`dialogue_${name}`])
    },
  )

  test('is refused and untouched where a migration that has still to run wants its name', async () => {
    const { db, dbName } = await makeDatabase()
    await makeStore({ dbName, ...SMALL })
    await db.dropCollection('dialogue_sessions')
    await db.collection<{ _id: string }>('dialogue_meta').deleteOne({ _id: 'migration:0003-sessions' })
    const foreign = db.collection('dialogue_sessions')
    await foreign.insertOne({ mine: true })
    for (const migrate of ['apply', 'check'] as const) {
      const failure = await rejection(open(dbName, { migrate }), 'MIGRATION_MISMATCH')
      expect(failure.message).toMatch(/dialogue_sessions .*prefix/)
    }
    expect(await foreign.find().toArray()).toMatchObject([{ mine: true }])
    expect([await foreign.options(), (await foreign.indexes()).length]).toEqual([{}, 1])
    await foreign.drop()
    await (await open(dbName)).close()
    expect((await foreign.indexes()).length).toBeGreaterThan(1)
  })

  test('is refused when it is a view', async () => {
    const { db, dbName } = await makeDatabase()
    await db.createCollection('dialogue_users', { viewOn: 'people', pipeline: [] })
    await rejection(open(dbName), 'MIGRATION_MISMATCH')
    expect(await namesIn(db)).toEqual(['dialogue_users', 'system.views'])
  })

  test('does not matter under another prefix', async () => {
    const { db, dbName } = await makeDatabase()
    await db.collection('dialogue_users').insertOne({ mine: true })
    const store = await open(dbName, { prefix: 'bot_' })
    await makeUser(store)
    await store.close()
    expect(await db.collection('dialogue_users').countDocuments()).toBe(1)
    expect(await db.collection('bot_users').countDocuments()).toBe(1)
  })
})

describe('prefix', () => {
  test('keeps two stores in one database apart', async () => {
    const { db, dbName } = await makeDatabase()
    const identity = { provider: 'whatsapp', id: '+1' }
    const stores: DialogueStore[] = []
    for (const prefix of ['one_', 'two_']) stores.push(await makeStore({ dbName, prefix, ...SMALL }))
    const outcomes = await Promise.all(stores.map((store) => store.ensureUser(identity)))
    expect(outcomes.map(({ created }) => created)).toEqual([true, true])
    const [one, two] = stores
    const [ana, bia] = outcomes.map(({ user }) => user)
    if (!one || !two || !ana || !bia) throw new Error('two stores')
    await makeMessages(one, ana.id, 3)
    await rejection(two.retrieveHistory(ana.id), 'USER_NOT_FOUND')
    await one.deleteUser(ana.id)
    expect(await two.getUser(bia.id)).toEqual(bia)
    expect(await db.collection('two_users').countDocuments()).toBe(1)
    expect((await namesIn(db)).every((name) => /^(one|two)_/.test(name))).toBe(true)
  })
})

describe('ten stores at once', () => {
  test('all open one empty database, and share it', async () => {
    const { db, dbName } = await makeDatabase()
    const stores = await Promise.all(Array.from({ length: 10 }, () => open(dbName)))
    const identity = { provider: 'whatsapp', id: '+1' }
    const outcomes = await Promise.all(stores.map((store) => store.ensureUser(identity)))
    expect(outcomes.filter(({ created }) => created)).toHaveLength(1)
    await Promise.all(stores.map((store) => store.close()))
    expect(
      await db
        .collection('dialogue_meta')
        .find({ _id: /^migration:/ })
        .toArray(),
    ).toHaveLength(3)
    const { capped, size } = await db.collection('dialogue_messages').options()
    expect({ capped, size }).toEqual({ capped: true, size: 2 ** 20 })
  })
})

describe('retention', () => {
  test('is a capped GiB, when nothing else is said', async () => {
    const { db, dbName } = await makeDatabase()
    await (await openStore({ uri, dbName })).close()
    expect(await db.collection('dialogue_messages').options()).toMatchObject({ capped: true, size: 2 ** 30 })
  })

  test('of another kind than the stored one is refused', async () => {
    const { db, dbName } = await makeDatabase()
    await (await open(dbName)).close()
    const failure = await rejection(open(dbName, { retention: { kind: 'rolling' } }), 'RETENTION_MISMATCH')
    expect(failure).toMatchObject({ expected: 'rolling', actual: 'capped', retryable: false })
    expect(failure.message).toContain('npx dialogue-store convert-retention')
    expect(await db.collection('dialogue_messages').options()).toMatchObject({ capped: true })
  })
})
