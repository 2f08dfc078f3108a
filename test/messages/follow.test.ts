import { getEventListeners, once } from 'node:events'
import { Readable } from 'node:stream'
import { beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import type mongoose from 'mongoose'
import { ObjectId } from '../../src/ids.ts'
import { type DialogueStore, type FollowedMessage, openStore, type User } from '../../src/index.ts'
import { testServer } from '../../src/testing/index.ts'
import { until } from '../migrations/command.ts'
import { makeMessages, makeUser, makeWorld, refusedPaths, rejection, untyped } from '../support/make.ts'
import { makeClient, makeDatabase, makeStore } from '../support/store.ts'
import { openStreams, startFollower } from './support/follow.ts'

const ODD = JSON.parse('{"": {}, "$a.b": [[], null, 1.5], "__proto__": {"deep": [{}]}, "constructor": [1]}')

let store: DialogueStore
let db: mongoose.mongo.Db
let client: mongoose.mongo.MongoClient
let ana: User
let bia: User
beforeAll(async () => {
  ;({ store, db } = await makeWorld())
  client = await makeClient()
})
beforeEach(async () => {
  ana = await makeUser(store)
  bia = await makeUser(store)
})

const say = (userId: string, content: string) => store.storeMessage({ userId, sender: 'user', content })
const liveOf = async (userId: string, limit?: number) => (await store.retrieveHistory(userId, { limit })).live
const streams = () => openStreams(client, db.databaseName)
/** The first message of somebody who leaves then. */
async function first(options: unknown): Promise<FollowedMessage | undefined> {
  for await (const item of store.followMessages(untyped(options))) return item
  return undefined
}

describe('followMessages', () => {
  test('gives what is stored after it was asked for the first, and nothing before', async () => {
    await say(ana.id, 'before')
    const items = store.followMessages()[Symbol.asyncIterator]()
    const pending = items.next()
    await say(ana.id, 'after')
    expect((await pending).value).toMatchObject({ message: { content: 'after', userId: ana.id } })
    await say(bia.id, 'of anybody')
    expect((await items.next()).value).toMatchObject({ message: { content: 'of anybody' } })
    await items.return?.()
  })

  test('gives nothing that another store stored before, of which this one has not heard', async () => {
    const other = await makeStore({ dbName: db.databaseName })
    for (let round = 0; round < 20; round++) {
      await makeMessages(other, ana.id, 3, { content: 'before' })
      const pending = first({ userId: ana.id })
      await other.storeMessage({ userId: ana.id, sender: 'user', content: 'after' })
      expect(await pending).toMatchObject({ message: { content: 'after' } })
    }
  })

  test('gives everybody a message of their own, to change as they like', async () => {
    const followers = [1, 2, 3].map(() =>
      startFollower(store, {}, ({ message }) => {
        expect(message.metadata).toEqual({ n: [1] })
        Object.assign(message.metadata, { n: message.timestamp.setTime(0) })
      }),
    )
    await store.storeMessage({ userId: ana.id, sender: 'user', content: 'x', metadata: { n: [1] } })
    for (const follower of followers) {
      await follower.has(1)
      await follower.stop()
    }
  })

  test('gives messages as getMessage does, each with a place to go on from', async () => {
    const follower = startFollower(store)
    const { message } = await store.storeMessage({
      ...{ userId: ana.id, sender: 'user', content: 'x', type: 'voice', audio: { durationSeconds: 3 } },
      ...{ metadata: ODD, conversationId: 'c', externalId: 'e', timestamp: new Date(0) },
    })
    const [item] = await follower.has(1)
    expect(item?.message).toEqual(await store.getMessage(ana.id, { id: message.id }))
    expect(Object.keys(item?.message.metadata ?? {}).sort()).toEqual(Object.keys(ODD).sort())
    expect(item?.resume).toMatch(/^[\w-]+$/)
    await follower.stop()
  })

  test('gives no changes, no repeats of a delivery, and no deletions', async () => {
    const follower = startFollower(store, { userId: ana.id })
    const named = { userId: ana.id, sender: 'user', content: 'once', externalId: 'e' }
    const { message } = await store.storeMessage(named)
    await store.storeMessage(named)
    await store.updateMessage(ana.id, message.id, { content: 'changed' })
    await store.deleteMessages(ana.id, { all: true })
    await say(ana.id, 'last')
    await follower.has(2)
    expect(follower.contents()).toEqual(['once', 'last'])
    await follower.stop()
  })

  test('gives those of one user only, when asked', async () => {
    const [one, all] = [startFollower(store, { userId: new ObjectId(ana.id) }), startFollower(store)]
    for (const [userId, content] of [
      [ana.id, '1'],
      [bia.id, '2'],
      [ana.id, '3'],
    ] as const)
      await say(userId, content)
    await Promise.all([one.has(2), all.has(3)])
    expect([one.contents(), all.contents()]).toEqual([
      ['1', '3'],
      ['1', '2', '3'],
    ])
    await Promise.all([one.stop(), all.stop()])
  })

  test('of a very large message is no trouble', async () => {
    const follower = startFollower(store)
    await say(ana.id, 'x'.repeat(15 * 2 ** 20))
    await say(ana.id, 'small')
    expect((await follower.has(2)).map(({ message }) => message.content.length)).toEqual([15 * 2 ** 20, 5])
    await follower.stop()
  })
})

describe('a place', () => {
  test('of a page: what was stored before the page is not given, whether or not it shows it', async () => {
    await makeMessages(store, ana.id, 5)
    const [live, whole] = await Promise.all([liveOf(ana.id, 2), liveOf(ana.id)])
    const followers = [live, whole].map((after) => startFollower(store, { userId: ana.id, after }))
    await say(ana.id, 'new')
    for (const follower of followers) {
      await follower.has(1)
      expect(follower.contents()).toEqual(['new'])
      await follower.stop()
    }
  })

  test('of a page: what was stored between it and the following is given', async () => {
    const live = await liveOf(ana.id)
    await makeMessages(store, ana.id, 300)
    const follower = startFollower(store, { userId: ana.id, after: live })
    await follower.has(300)
    await makeMessages(store, ana.id, 1, { content: 'more' })
    await follower.has(301)
    expect(new Set(follower.contents()).size).toBe(301)
    await follower.stop()
  })

  test('of any item: the rest follows from it, once', async () => {
    const live = await liveOf(ana.id)
    /* In one transaction of the server or one batch, several have one cluster time. */
    await makeMessages(store, ana.id, 20)
    const whole = startFollower(store, { userId: ana.id, after: live })
    const items = await whole.has(20)
    await whole.stop()
    for (const [i, { resume }] of items.entries()) {
      const follower = startFollower(store, { userId: ana.id, after: resume })
      await follower.has(19 - i)
      expect(follower.contents()).toEqual(whole.contents().slice(i + 1))
      await follower.stop()
    }
  })

  test('is INVALID_INPUT if it is no such thing, as is anything else that is wrong', async () => {
    const live = await liveOf(ana.id)
    const { cursor } = (await say(ana.id, 'x')).message
    const mangled = [
      `${live}A`,
      live.slice(1),
      live.slice(0, -4),
      `${live}=`,
      ` ${live}`,
      '',
      'garbage',
      cursor,
    ]
    for (const after of [...mangled, 7, null, {}])
      expect(await refusedPaths(first({ after }))).toEqual(['options.after'])
    expect(await refusedPaths(first({ userId: 'ana' }))).toEqual(['options.userId'])
    expect(await refusedPaths(first({ signal: {} }))).toEqual(['options.signal'])
    expect(await refusedPaths(first({ senders: ['user'] }))).toEqual(['options.senders'])
    expect(await refusedPaths(first('all'))).toEqual(['options'])
    await until(async () => (await streams()) === 0)
  })

  test('of a time still to come is gone', async () => {
    const bytes = Buffer.from(await liveOf(ana.id), 'base64url').subarray(0, 11)
    bytes.writeUInt32BE(bytes.readUInt32BE(3) + 3600, 3)
    const failure = await rejection(first({ after: bytes.toString('base64url') }), 'CURSOR_GONE')
    expect(failure).toMatchObject({ outcome: 'not-applied', retryable: false })
    expect(failure.message).toContain('retrieveHistory()')
  })
})

describe('following', () => {
  test('ends quietly when it is aborted: before, while it waits, and while it goes on', async () => {
    const before = startFollower(store, { signal: AbortSignal.abort() })
    expect(await before.ended).toBeUndefined()
    const waiting = startFollower(store)
    await until(async () => (await streams()) === 1)
    await waiting.stop()
    const controller = new AbortController()
    const going = startFollower(store, { signal: controller.signal }, () => controller.abort())
    await makeMessages(store, ana.id, 10)
    expect(await going.ended).toBeUndefined()
    expect(going.items).toHaveLength(1)
    await until(async () => (await streams()) === 0)
  })

  test('that was left takes its listener away, and the last one the stream', async () => {
    const { signal } = new AbortController()
    const followers = [1, 2].map(() => store.followMessages({ signal })[Symbol.asyncIterator]())
    const first = followers.map((items) => items.next())
    await until(async () => (await streams()) === 1)
    await say(ana.id, 'x')
    await Promise.all(first)
    const listeners = () => getEventListeners(signal, 'abort').length
    expect(listeners()).toBe(1)
    await followers[0]?.return?.()
    expect(listeners()).toBe(1)
    await until(async () => (await streams()) === 1)
    await followers[1]?.return?.()
    expect(listeners()).toBe(0)
    await until(async () => (await streams()) === 0)
  })

  test('ends for all who share a signal, of which there may be many', async () => {
    const warned: Error[] = []
    const warn = (warning: Error) => warned.push(warning)
    process.on('warning', warn)
    const controller = new AbortController()
    const followers = Array.from({ length: 30 }, () => startFollower(store, { signal: controller.signal }))
    await until(async () => (await streams()) === 1)
    controller.abort()
    for (const { ended } of followers) expect(await ended).toBeUndefined()
    /* Warnings are told with the next tick. */
    await new Promise((resolve) => setImmediate(resolve))
    process.off('warning', warn)
    expect(warned).toEqual([])
  })

  test('ends when it is left while it waits, as a stream of it is', async () => {
    const items = store.followMessages()[Symbol.asyncIterator]()
    const waiting = items.next()
    await until(async () => (await streams()) === 1)
    expect(await items.return?.()).toEqual({ done: true, value: undefined })
    expect(await waiting).toEqual({ done: true, value: undefined })
    expect(await items.next()).toEqual({ done: true, value: undefined })
    await until(async () => (await streams()) === 0)
    const stream = Readable.from(store.followMessages({ userId: ana.id }))
    const reading = once(stream, 'data')
    /* What is said before it follows is not for it. */
    await until(async () => (await streams()) === 1)
    await say(ana.id, 'x')
    expect((await reading)[0]).toMatchObject({ message: { content: 'x' } })
    stream.destroy()
    await once(stream, 'close')
    await until(async () => (await streams()) === 0)
  })

  test('ends with STORE_CLOSED when the store is closed, which does not wait for it', async () => {
    const { uri } = await testServer()
    const { dbName } = await makeDatabase()
    const own = await openStore({ uri, dbName, retention: { kind: 'rolling' } })
    const user = await makeUser(own)
    const waiting = startFollower(own)
    const reading = own.followMessages({ userId: user.id })[Symbol.asyncIterator]()
    const read = reading.next()
    await own.storeMessage({ userId: user.id, sender: 'user', content: 'x' })
    await Promise.all([read, waiting.has(1)])
    const arriving = startFollower(own)
    const begin = performance.now()
    await own.close()
    expect(performance.now() - begin).toBeLessThan(5000)
    expect(await waiting.ended).toMatchObject({ code: 'STORE_CLOSED' })
    expect(await arriving.ended).toMatchObject({ code: 'STORE_CLOSED' })
    await rejection(reading.next(), 'STORE_CLOSED')
    await until(async () => (await openStreams(client, dbName)) === 0)
  })
})

describe('a user', () => {
  test('who does not exist cannot be followed', async () => {
    await store.deleteUser(bia.id)
    for (const userId of [new ObjectId(), bia.id]) await rejection(first({ userId }), 'USER_NOT_FOUND')
  })

  test('who is erased brings nothing more, not even what had come before', async () => {
    let go = () => {}
    const held = new Promise<void>((resolve) => {
      go = resolve
    })
    const slow = startFollower(store, {}, ({ message }) => (message.content === 'first' ? held : undefined))
    const own = startFollower(store, { userId: bia.id })
    await say(ana.id, 'first')
    await slow.has(1)
    await makeMessages(store, bia.id, 3)
    await own.has(3)
    await store.deleteUser(bia.id)
    /* It was known to exist a moment ago: that is believed for a second. */
    const erased = performance.now()
    await until(() => performance.now() - erased > 1100)
    go()
    /* Written by somebody who does not ask whether the user exists. */
    const template = await db.collection('dialogue_messages').findOne({ content: 'first' })
    await db.collection('dialogue_messages').insertOne({
      ...template,
      _id: new ObjectId(),
      userId: new ObjectId(bia.id),
    })
    await say(ana.id, 'last')
    await slow.has(2)
    expect(slow.contents()).toEqual(['first', 'last'])
    expect(own.items).toHaveLength(3)
    await Promise.all([slow.stop(), own.stop()])
  })
})
