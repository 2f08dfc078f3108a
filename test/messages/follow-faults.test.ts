import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import mongoose from 'mongoose'
import { freeze } from '../../scripts/torture/rig/freeze.ts'
import { type DialogueStore, openStore, type User } from '../../src/index.ts'
import { startServer, type TestServer } from '../../src/testing/index.ts'
import { until } from '../migrations/command.ts'
import { makeMessages, makeUser, rejection } from '../support/make.ts'
import { openStreams, startFollower } from './support/follow.ts'

/* A server of its own, whose log is so short that it forgets within a second. */
let server: TestServer
let client: mongoose.mongo.MongoClient
let admin: mongoose.mongo.Db
beforeAll(async () => {
  server = await startServer({ own: true, args: ['--oplogSize', '1', '--syncdelay', '1'] })
  client = await mongoose.mongo.MongoClient.connect(server.uri)
  admin = client.db('admin')
})
afterAll(async () => {
  await client.close()
  await server.stop()
})

let opened: DialogueStore[] = []
let dbName: string
let store: DialogueStore
let other: DialogueStore
let ana: User
beforeEach(async () => {
  dbName = `faults${Date.now()}`
  store = await open()
  other = await open()
  ana = await makeUser(store)
})
afterEach(async () => {
  await failPoint('failCommand', 'off')
  for (const one of opened) await one.close()
  opened = []
})

async function open(timeoutMs?: number): Promise<DialogueStore> {
  const options = { uri: server.uri, dbName, retention: { kind: 'rolling' } } as const
  const one = await openStore(timeoutMs ? { ...options, timeoutMs } : options)
  opened.push(one)
  return one
}

const failPoint = (name: string, mode: 'off' | 'alwaysOn' | { times: number }, data = {}) =>
  admin.command({ configureFailPoint: name, mode, data })
/** Of change streams only: their commands are the database's. */
const failStreams = (
  mode: 'alwaysOn' | { times: number },
  data: object,
  failCommands = ['getMore', 'aggregate'],
) => failPoint('failCommand', mode, { failCommands, namespace: `${dbName}.$cmd.aggregate`, ...data })

/** No answer, or none but errors. */
const AWAY = {
  code: expect.stringMatching(/^(TIMEOUT|UNAVAILABLE)$/),
  retryable: true,
  outcome: 'not-applied',
}

const say = (content: string) => other.storeMessage({ userId: ana.id, sender: 'user', content })
const streaming = () => until(async () => (await openStreams(client, dbName)) === 1)
const first = (options: object) => store.followMessages(options)[Symbol.asyncIterator]().next()

describe('a page while a write is on its way', () => {
  test('is followed by it, though it has an earlier time than what the page shows', async () => {
    const messages = client.db(dbName).collection('dialogue_messages')
    const collectionNS = messages.namespace
    const { count } = await failPoint('hangAfterCollectionInserts', 'alwaysOn', { collectionNS })
    const late = say('late')
    const waitForFailPoint = { waitForFailPoint: 'hangAfterCollectionInserts', timesEntered: count + 1 }
    await admin.command({ ...waitForFailPoint, maxTimeMS: 10_000 })
    /* Something later that is seen already. */
    await client
      .db(dbName)
      .collection('others', { writeConcern: { w: 1 } })
      .insertOne({})
    const { live, messages: shown } = await store.retrieveHistory(ana.id)
    expect(shown).toEqual([])
    await failPoint('hangAfterCollectionInserts', 'off')
    await late
    const follower = startFollower(store, { after: live })
    await follower.has(1)
    await follower.stop()
  })
})

describe('a connection that is lost', () => {
  test.each<[string, object]>([
    ['closed', { closeConnection: true }],
    ['told that the primary steps down', { errorCode: 189 }],
    ['told that its cursor is gone', { errorCode: 43 }],
    ['told something that the driver does not know to pass', { errorCode: 262 }],
  ])('costs no message and repeats none: %s', async (_, data) => {
    const { live } = await store.retrieveHistory(ana.id)
    const followers = [startFollower(store), startFollower(store, { after: live })]
    await streaming()
    for (let round = 0; round < 10; round++) {
      await failStreams({ times: 1 + (round % 3) }, data)
      await makeMessages(other, ana.id, 20, { content: `${round}` })
    }
    await failPoint('failCommand', 'off')
    await say('last')
    const ids = (await store.retrieveHistory(ana.id, { limit: 1000 })).messages.map(({ id }) => id)
    for (const follower of followers) {
      await follower.has(201)
      expect(follower.items.map(({ message }) => message.id).sort()).toEqual(ids.sort())
      await follower.stop()
    }
  })

  test('for longer than timeoutMs is told, and following goes on from the last place', async () => {
    const impatient = await open(500)
    const [idle, follower] = [startFollower(impatient), startFollower(impatient)]
    await say('before')
    await Promise.all([idle.has(1), follower.has(1)])
    await failStreams('alwaysOn', { closeConnection: true })
    for (const { ended } of [idle, follower]) expect(await ended).toMatchObject(AWAY)
    await say('meanwhile')
    await failPoint('failCommand', 'off')
    const again = startFollower(impatient, { after: follower.items[0]?.resume ?? '' })
    await again.has(1)
    expect(again.contents()).toEqual(['meanwhile'])
    await again.stop()
  })

  test('of somebody who is busy meanwhile is not told: they go on', async () => {
    const impatient = await open(500)
    let go = () => {}
    const held = new Promise<void>((resolve) => {
      go = resolve
    })
    const busy = startFollower(impatient, {}, () => held)
    const idle = startFollower(impatient)
    await say('before')
    await busy.has(1)
    await failStreams('alwaysOn', { closeConnection: true })
    await idle.ended
    await say('meanwhile')
    await failPoint('failCommand', 'off')
    go()
    await busy.has(2)
    expect(busy.contents()).toEqual(['before', 'meanwhile'])
    await busy.stop()
  })

  test('to a frozen server ends the same way, and close() does not wait for it', async () => {
    const impatient = await open(1000)
    const follower = startFollower(impatient)
    await streaming()
    const pids = server.members.map(({ pid }) => pid)
    await freeze(pids, async () => {
      expect(await follower.ended).toMatchObject(AWAY)
      const begin = performance.now()
      await impatient.close()
      expect(performance.now() - begin).toBeLessThan(3000)
    })
  })
})

describe('a store that is closed while the connection is lost', () => {
  test('leaves no stream behind', async () => {
    for (let round = 0; round < 10; round++) {
      const own = await open()
      await failStreams({ times: 6 }, { closeConnection: true })
      const follower = startFollower(own)
      const begin = performance.now()
      while (performance.now() - begin < round * 40) await new Promise((resolve) => setImmediate(resolve))
      await own.close()
      expect(await follower.ended).toMatchObject({ code: 'STORE_CLOSED' })
    }
    await failPoint('failCommand', 'off')
    const begin = performance.now()
    /* Longer than any pause before another attempt. */
    await until(() => performance.now() - begin > 800)
    await until(async () => (await openStreams(client, dbName)) === 0)
  })
})

describe('a server that refuses', () => {
  test('to let the bot follow is told, with what to do', async () => {
    await failStreams('alwaysOn', { errorCode: 13 })
    const failure = await rejection(first({}), 'UNAVAILABLE')
    expect(failure).toMatchObject({ retryable: false, cause: { code: 13 } })
    expect(failure.message).toContain('rights')
    await until(async () => (await openStreams(client, dbName)) === 0)
  })
})

describe('a place that is gone', () => {
  /** Writes until the server's log begins later. */
  async function forget(): Promise<void> {
    const oplog = client.db('local').collection('oplog.rs')
    const padding = client.db(dbName).collection('padding')
    const beginning = async () => (await oplog.find().sort({ $natural: 1 }).limit(1).toArray())[0]?.ts
    const end = await padding.insertOne({}).then(() => client.db(dbName).command({ hello: 1 }))
    await until(async () => {
      await padding.insertOne({ padding: 'x'.repeat(300_000) })
      return (await beginning()).greaterThan(end.lastWrite.opTime.ts)
    })
  }

  test('is CURSOR_GONE for whoever comes from there, and nobody else notices', async () => {
    const { live } = await store.retrieveHistory(ana.id)
    await say('long ago')
    const follower = startFollower(store)
    await say('since')
    const [item] = await follower.has(1)
    await forget()
    const { live: recent } = await store.retrieveHistory(ana.id)
    await say('now')
    const forged = Buffer.from(live, 'base64url').subarray(0, 11)
    forged.fill(0, 3).writeUInt32BE(1, 3)
    const gone = [live, forged.toString('base64url')].map((after) => first({ after }))
    /* The store itself still has what came since. */
    const fine = [recent, item?.resume ?? ''].map((after) => startFollower(store, { after }))
    for (const call of gone) {
      const failure = await rejection(call, 'CURSOR_GONE')
      expect(failure).toMatchObject({ retryable: false, outcome: 'not-applied' })
      expect(failure.message).toContain('retrieveHistory()')
    }
    await follower.has(2)
    expect(follower.contents()).toEqual(['since', 'now'])
    for (const one of fine) {
      await one.has(1)
      expect(one.contents()).toEqual(['now'])
    }
    await Promise.all([...fine, follower].map((one) => one.stop()))
    await until(async () => (await openStreams(client, dbName)) === 0)
  })

  test('does not keep the same store from following from now on', async () => {
    const { live } = await store.retrieveHistory(ana.id)
    await forget()
    await store.ping()
    const [gone, follower] = [first({ after: live }), startFollower(store)]
    await rejection(gone, 'CURSOR_GONE')
    await say('now')
    await follower.has(1)
    await follower.stop()
  })

  test('is one of a database that is dropped', async () => {
    const followers = [startFollower(store), startFollower(store, { userId: ana.id })]
    await streaming()
    await client.db(dbName).dropDatabase()
    for (const { ended } of followers) expect(await ended).toMatchObject({ code: 'CURSOR_GONE' })
    await until(async () => (await openStreams(client, dbName)) === 0)
  })
})
