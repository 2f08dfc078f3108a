import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import mongoose from 'mongoose'
import { closedPort, type Running, startOlder, startStandalone } from '../../scripts/torture/rig/servers.ts'
import { type DialogueStore, openStore } from '../../src/index.ts'
import { startServer, type TestServer, testServer } from '../../src/testing/index.ts'
import { makeUser, rejection } from '../support/make.ts'

const SMALL = { retention: { kind: 'capped', sizeBytes: 2 ** 20 } } as const
/** What opening or a verb may take beyond `timeoutMs`, on a busy machine. */
const GRACE_MS = 1500

async function timed<T>(call: () => Promise<T>): Promise<{ value: T; ms: number }> {
  const start = performance.now()
  const value = await call()
  return { value, ms: performance.now() - start }
}

describe('a standalone server', () => {
  let server: Running
  beforeAll(async () => {
    server = await startStandalone()
  })
  afterAll(() => server.stop())

  test('is refused, with what to do about it, and stays as it is', async () => {
    const failure = await rejection(openStore({ uri: server.uri, dbName: 'bot' }), 'TRANSACTIONS_UNSUPPORTED')
    expect(failure).toMatchObject({ outcome: 'not-applied', retryable: false })
    expect(failure.message).toContain('--replSet rs0')
    expect(failure.message).toContain('rs.initiate()')
    const client = await mongoose.mongo.MongoClient.connect(server.uri)
    expect(await client.db('bot').listCollections().toArray()).toEqual([])
    await client.close()
  })

  test('is refused on a borrowed connection, which stays open', async () => {
    const connection = await mongoose.createConnection(server.uri).asPromise()
    await rejection(openStore({ connection }), 'TRANSACTIONS_UNSUPPORTED')
    expect(connection.readyState).toBe(mongoose.ConnectionStates.connected)
    await connection.close()
  })
})

describe('a server that is too old', () => {
  let older: Running | undefined
  afterEach(() => older?.stop())

  test.each([
    ['MongoDB 5.0', 13],
    ['one that the driver refuses', 5],
  ])('is refused: %s', async (_, wireVersion) => {
    const { uri } = await testServer()
    older = await startOlder(uri, wireVersion)
    const opening = openStore({ uri: older.uri, timeoutMs: 1000 })
    const failure = await rejection(opening, 'SERVER_UNSUPPORTED')
    expect(failure).toMatchObject({ outcome: 'not-applied', retryable: false })
    expect(failure.message).toMatch(/6\.0.*Upgrade/)
  })
})

describe('a server that cannot be reached', () => {
  test('is UNAVAILABLE within timeoutMs, and worth another try', async () => {
    const uri = `mongodb://127.0.0.1:${await closedPort()}/?replicaSet=rs0`
    const { value: failure, ms } = await timed(() =>
      rejection(openStore({ uri, timeoutMs: 400 }), 'UNAVAILABLE'),
    )
    expect(ms).toBeLessThan(400 + GRACE_MS)
    expect(failure).toMatchObject({ outcome: 'not-applied', retryable: true })
    expect(failure.message).toMatch(/Check/)
    expect(failure.cause?.name).toMatch(/^Mongo/)
  })

  test('is UNAVAILABLE within timeoutMs on a borrowed connection, whatever that waits', async () => {
    const uri = `mongodb://127.0.0.1:${await closedPort()}/?replicaSet=rs0`
    const connection = mongoose.createConnection(uri, { serverSelectionTimeoutMS: 1500 })
    const { value: failure, ms } = await timed(() =>
      rejection(openStore({ connection, timeoutMs: 400 }), 'UNAVAILABLE'),
    )
    expect(ms).toBeLessThan(400 + GRACE_MS)
    expect(failure).toMatchObject({ outcome: 'not-applied', retryable: true })
    await expect(connection.asPromise()).rejects.toThrow()
    await connection.close()
  })
})

describe('a borrowed connection that is not open', () => {
  test('is refused before it was opened', async () => {
    const connection = mongoose.createConnection()
    const failure = await rejection(openStore({ connection }), 'INVALID_INPUT')
    expect(failure.message).toMatch(/connection.*opened/)
  })

  test('is refused after it was closed', async () => {
    const connection = await mongoose.createConnection((await testServer()).uri).asPromise()
    await connection.close()
    const failure = await rejection(openStore({ connection }), 'INVALID_INPUT')
    expect(failure.message).toMatch(/connection.*closed/)
  })
})

describe('a server that is gone after opening', () => {
  const TIMEOUT_MS = 3000
  let server: TestServer
  let patient: DialogueStore
  let store: DialogueStore
  beforeAll(async () => {
    server = await startServer({ own: true })
    patient = await openStore({ uri: server.uri, ...SMALL })
    store = await openStore({ uri: server.uri, timeoutMs: TIMEOUT_MS })
  })
  afterAll(async () => {
    await patient.close()
    await store.close()
    await server.stop()
  })

  test('leaves verbs UNAVAILABLE and not applied, within timeoutMs', async () => {
    const { id: userId } = await makeUser(patient)
    await server.stop()
    await store.ping().catch(() => {})
    const calls = [
      () => store.getUser(userId),
      () => store.updateUser(userId, { name: 'Bia' }),
      () => store.storeContext(userId, { a: 1 }),
      () => store.storeMessage({ userId, sender: 'user', content: 'hello' }),
      () => store.storeEvent({ creatorId: userId, summary: 'Dentist', start: new Date() }),
      () => store.ping(),
      () => store.stats(),
    ]
    const outcomes = await Promise.all(calls.map((call) => timed(() => rejection(call(), 'UNAVAILABLE'))))
    for (const { value: failure, ms } of outcomes) {
      expect(ms).toBeLessThan(TIMEOUT_MS + GRACE_MS)
      expect(failure).toMatchObject({ outcome: 'not-applied', retryable: true })
    }
  })
})
