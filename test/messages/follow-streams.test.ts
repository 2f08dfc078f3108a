import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import mongoose from 'mongoose'
import { heldHeap } from '../../scripts/lib/memory.ts'
import { nextId } from '../../src/ids.ts'
import { type DialogueStore, openStore, type User } from '../../src/index.ts'
import { testServer } from '../../src/testing/index.ts'
import { until } from '../migrations/command.ts'
import { makeMessages, makeUser } from '../support/make.ts'
import { makeClient, makeDatabase, makeStore } from '../support/store.ts'
import { openStreams, startFollower } from './support/follow.ts'

const FOLLOWERS = 100

let connection: mongoose.Connection
let client: mongoose.mongo.MongoClient
let dbName: string
let store: DialogueStore
let writer: DialogueStore
let ana: User
/** How many change streams the store has opened. */
let opened = 0
beforeAll(async () => {
  ;({ dbName } = await makeDatabase())
  client = await makeClient()
  const { uri } = await testServer()
  connection = await mongoose.createConnection(uri, { dbName, monitorCommands: true }).asPromise()
  connection.getClient().on('commandStarted', ({ command }) => {
    if (command.aggregate && command.pipeline[0]?.$changeStream) opened++
  })
  store = await openStore({ connection, retention: { kind: 'rolling' } })
  writer = await makeStore({ dbName })
})
afterAll(async () => {
  await store.close()
  await connection.close()
})
beforeEach(async () => {
  await until(async () => (await openStreams(client, dbName)) === 0)
  ana = await makeUser(store)
  opened = 0
})

const say = (content: string) => writer.storeMessage({ userId: ana.id, sender: 'user', content })

describe('a hundred followers', () => {
  test('share one change stream, from a hundred different places', async () => {
    const users = await Promise.all(Array.from({ length: 10 }, () => makeUser(store)))
    const places: string[] = []
    for (let i = 0; i < FOLLOWERS; i++) {
      await say(`${i}`)
      places.push((await store.retrieveHistory(ana.id, { count: false, limit: 1 })).live)
    }
    const followers = places.map((after) => startFollower(store, { userId: ana.id, after }))
    const others = users.map(({ id }) => startFollower(store, { userId: id }))
    await Promise.all(followers.map((follower, i) => follower.has(FOLLOWERS - 1 - i)))
    expect(await openStreams(client, dbName)).toBe(1)
    for (const { id } of users) await makeMessages(writer, id, 1)
    await say('last')
    await Promise.all(others.map((follower) => follower.has(1)))
    for (const [i, follower] of followers.entries()) {
      await follower.has(FOLLOWERS - i)
      const expected = places.slice(i + 1).map((_, j) => `${i + 1 + j}`)
      expect(follower.contents()).toEqual([...expected, 'last'])
    }
    expect(opened).toBe(1)
    await Promise.all([...followers, ...others].map((follower) => follower.stop()))
    await until(async () => (await openStreams(client, dbName)) === 0)
  })

  test('share it too when they come one after the other, from where the first came', async () => {
    const { live } = await store.retrieveHistory(ana.id)
    const followers: ReturnType<typeof startFollower>[] = []
    for (let i = 0; i < FOLLOWERS; i++) {
      await say(`${i}`)
      const follower = startFollower(store, { after: live })
      await follower.has(i + 1)
      followers.push(follower)
    }
    await Promise.all(followers.map((follower) => follower.has(FOLLOWERS)))
    expect(opened).toBe(1)
    await Promise.all(followers.map((follower) => follower.stop()))
  })
})

describe('the change stream', () => {
  test('is kept for those who come back at once, and closed when nobody does', async () => {
    for (let round = 0; round < 20; round++) {
      const follower = startFollower(store)
      await say('x')
      await follower.has(1)
      await follower.stop()
    }
    expect(opened).toBe(1)
    await until(async () => (await openStreams(client, dbName)) === 0)
  })

  test('ends quietly for whoever has left before the store is closed in the same moment', async () => {
    const own = await openStore({ connection })
    let letGo = () => {}
    const held = new Promise<void>((resolve) => {
      letGo = resolve
    })
    const waiting = startFollower(own)
    const inHand = startFollower(own, {}, () => held)
    const left = own.followMessages()[Symbol.asyncIterator]()
    const next = left.next()
    await say('x')
    await Promise.all([waiting.has(1), inHand.has(1), next])
    const last = left.next()
    const stopping = [waiting.stop(), left.return?.(), inHand.stop()]
    const closing = own.close()
    letGo()
    await Promise.all([closing, ...stopping])
    expect(await last).toEqual({ done: true, value: undefined })
  })

  test('is gone when the store is closed, at whatever moment', async () => {
    for (let round = 0; round < 30; round++) {
      const own = await openStore({ connection })
      const follower = startFollower(own)
      const begin = performance.now()
      while (performance.now() - begin < round / 3) await new Promise((resolve) => setImmediate(resolve))
      await own.close()
      expect(await follower.ended).toMatchObject({ code: 'STORE_CLOSED' })
    }
    await until(async () => (await openStreams(client, dbName)) === 0)
    expect(opened).toBeGreaterThan(0)
  })
})

describe('who comes from further back', () => {
  test('catches up beside the others, with what was stored since, once', async () => {
    const { live } = await store.retrieveHistory(ana.id)
    await makeMessages(writer, ana.id, 2500)
    const follower = startFollower(store, { userId: ana.id })
    await say('now')
    await follower.has(1)
    const late = Array.from({ length: 5 }, () => startFollower(store, { after: live }))
    await say('more')
    for (const one of late) {
      await one.has(2502)
      expect(new Set(one.items.map(({ message }) => message.id)).size).toBe(2502)
    }
    await say('last')
    await Promise.all([...late.map((one) => one.has(2503)), follower.has(3)])
    expect(follower.contents()).toEqual(['now', 'more', 'last'])
    for (const one of late) expect(one.contents().slice(2500)).toEqual(['now', 'more', 'last'])
    await until(async () => (await openStreams(client, dbName)) === 1)
    await Promise.all([...late, follower].map((one) => one.stop()))
  })
})

describe('who comes from an hour ago', () => {
  test('has a stream of their own until they have caught up, and others do not wait for them', async () => {
    const { live } = await store.retrieveHistory(ana.id)
    await makeMessages(writer, ana.id, 1500)
    const bytes = Buffer.from(live, 'base64url')
    bytes.writeUInt32BE(bytes.readUInt32BE(3) - 3600, 3)
    const late = [1, 2, 3].map(() =>
      startFollower(store, { userId: ana.id, after: bytes.toString('base64url') }),
    )
    const follower = startFollower(store)
    await say('now')
    await Promise.all([follower.has(1), ...late.map((one) => one.has(1501))])
    expect(follower.contents()).toEqual(['now'])
    await until(async () => (await openStreams(client, dbName)) === 1)
    await say('last')
    await Promise.all([follower.has(2), ...late.map((one) => one.has(1502))])
    for (const one of late) expect(one.items).toHaveLength(1502)
    await Promise.all([...late, follower].map((one) => one.stop()))
  })
})

describe('followers of every pace, who come and go', () => {
  test('get everything once, from wherever they begin', async () => {
    const { live } = await store.retrieveHistory(ana.id)
    const ids: string[] = []
    let stopped = false
    let complete = false
    const writing = (async () => {
      while (!stopped) ids.push(...(await makeMessages(writer, ana.id, 400)).map(({ id }) => id))
    })()
    /** Goes through everything in legs; after each it leaves, and comes again later. */
    const walk = async (pauses: number, leg: number) => {
      const seen: string[] = []
      let after = live
      while (!complete || seen.length < ids.length) {
        let left = leg
        for await (const { message, resume } of store.followMessages({ userId: ana.id, after })) {
          seen.push(message.id)
          after = resume
          if (seen.length % pauses === 0) await new Promise((resolve) => setImmediate(resolve))
          if (--left === 0 || (complete && seen.length === ids.length)) break
        }
      }
      return seen
    }
    const walks = [
      [1, 3000],
      [2, 500],
      [3, 9000],
      [7, 1000],
      [50, 2000],
      [1000, 100_000],
    ] as const
    const walking = walks.map(([pauses, leg]) => walk(pauses, leg))
    await until(() => ids.length >= 12_000)
    stopped = true
    await writing
    /* For whoever has everything, and waits for more. */
    const last = nextId()
    ids.push(last.toHexString())
    complete = true
    await makeMessages(writer, ana.id, 1, { id: last })
    for (const seen of await Promise.all(walking)) {
      expect(seen).toHaveLength(ids.length)
      expect(new Set(seen)).toEqual(new Set(ids))
    }
  })
})

describe('who takes their time', () => {
  test('gets everything in the end, and holds up nobody', async () => {
    const resting: (() => void)[] = []
    const rest = () =>
      new Promise<void>((resolve) => {
        resting.push(resolve)
      })
    /* One rests for ever until woken, the other after every message. */
    const stalled = startFollower(store, {}, ({ message }) => (message.content === 'first' ? rest() : 0))
    const slow = startFollower(store, {}, () => new Promise((resolve) => setImmediate(resolve)))
    const quick = startFollower(store)
    await say('first')
    await stalled.has(1)
    const large = 'x'.repeat(2000)
    for (let i = 0; i < 15; i++) await makeMessages(writer, ana.id, 1000, { content: large })
    await say('last')
    await quick.has(15_002)
    expect(stalled.items).toHaveLength(1)
    for (const wake of resting) wake()
    for (const one of [stalled, slow, quick]) {
      await one.has(15_002)
      expect(one.items).toHaveLength(15_002)
      expect(new Set(one.items.map(({ message }) => message.id)).size).toBe(15_002)
      expect(one.contents()[15_001]).toBe('last')
    }
    await until(async () => (await openStreams(client, dbName)) === 1)
    await Promise.all([stalled, slow, quick].map((one) => one.stop()))
  })

  test('costs no memory beyond a bound', async () => {
    const held = Array.from({ length: 20 }, () =>
      startFollower(store, {}, () => new Promise<void>((resolve) => release.push(resolve))),
    )
    const release: (() => void)[] = []
    await say('first')
    await Promise.all(held.map((one) => one.has(1)))
    const before = heldHeap()
    for (let i = 0; i < 60; i++)
      await makeMessages(writer, ana.id, 200, { content: `${i}`.padEnd(10_000, 'я') })
    const grown = heldHeap() - before
    /* 12,000 messages are 240 MB as text in memory. */
    expect(grown).toBeLessThan(64 * 2 ** 20)
    const stopping = held.map((one) => one.stop())
    for (const wake of release) wake()
    await Promise.all(stopping)
  })
})
