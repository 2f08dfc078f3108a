import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { beforeAll, describe, expect, test } from '@jest/globals'
import type mongoose from 'mongoose'
import { ObjectId } from '../../src/ids.ts'
import { type DialogueStore, DialogueStoreError, openStore } from '../../src/index.ts'
import { testServer } from '../../src/testing/index.ts'
import { makeEvent, makeMessages, makeUser, makeWorld, rejection } from '../support/make.ts'
import { makeDatabase } from '../support/store.ts'
import { callsOf, iterationsOf } from './support/verbs.ts'

const SMALL = { retention: { kind: 'capped', sizeBytes: 4 * 2 ** 20 } } as const

let uri: string
beforeAll(async () => {
  uri = (await testServer()).uri
})

async function open(): Promise<{ store: DialogueStore; db: mongoose.mongo.Db }> {
  const { db, dbName } = await makeDatabase()
  return { db, store: await openStore({ uri, dbName, ...SMALL }) }
}

describe('close', () => {
  test('waits for every write that was accepted', async () => {
    const { store, db } = await open()
    const { id: userId } = await makeUser(store)
    const messages = Array.from({ length: 3000 }, (_, i) =>
      store.storeMessage({ userId, sender: 'user', content: `message ${i}` }),
    )
    const others = [
      store.storeMessages(
        Array.from({ length: 1500 }, (_, i) => ({ userId, sender: 'user', content: `bulk ${i}` })),
      ),
      store.updateUser(userId, { states: { flow: 'late' } }),
      store.mergeContext(userId, { late: true }),
      makeEvent(store, userId),
      store.createUser({ name: 'late' }),
    ]
    let settled = 0
    for (const call of [...messages, ...others]) call.then(() => settled++)
    await store.close()
    await Promise.all([...messages, ...others])
    expect(settled).toBe(3005)
    expect(await db.collection('dialogue_messages').countDocuments()).toBe(4500)
    expect(await db.collection('dialogue_users').countDocuments({ name: 'late' })).toBe(1)
    expect(await db.collection('dialogue_users').findOne({ 'states.flow': 'late' })).not.toBeNull()
    expect(await db.collection('dialogue_contexts').findOne({ 'data.late': true })).not.toBeNull()
    expect(await db.collection('dialogue_events').countDocuments()).toBe(1)
  })

  test('waits for writes that fail, and is not troubled by them', async () => {
    const { store } = await open()
    const failing = store.storeMessage({ userId: new ObjectId(), sender: 'user', content: 'x' })
    const failure = rejection(failing, 'USER_NOT_FOUND')
    await store.close()
    await failure
  })

  test('can be called again, also at once, and disposes', async () => {
    const { store } = await open()
    await Promise.all([store.close(), store.close(), store[Symbol.asyncDispose]()])
    await store.close()
    await rejection(store.ping(), 'STORE_CLOSED')
  })

  test('is what `await using` does at the end of its block', async () => {
    const { dbName } = await makeDatabase()
    let outlived: DialogueStore
    {
      await using store = await openStore({ uri, dbName, ...SMALL })
      await makeUser(store)
      outlived = store
    }
    await rejection(outlived.ping(), 'STORE_CLOSED')
  })

  test('lets reads that are under way end, one way or the other', async () => {
    const { store } = await open()
    const { id } = await makeUser(store)
    await makeMessages(store, id, 500)
    const reads = Array.from({ length: 100 }, () => store.retrieveHistory(id, { limit: 500 }))
    const outcomes = Promise.allSettled(reads)
    await store.close()
    for (const outcome of await outcomes) {
      if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject({ code: 'STORE_CLOSED' })
    }
  })
})

const nobody = new ObjectId()
const strange = { userId: nobody, messageId: nobody, eventId: nobody, text: 'x' }
const first = (items: AsyncIterable<unknown>) => items[Symbol.asyncIterator]().next()

describe('a closed store', () => {
  test('refuses every verb', async () => {
    const { store } = await open()
    await store.close()
    const refused = callsOf(store, strange)
    for (const call of Object.values(refused)) {
      const failure = await rejection(call(), 'STORE_CLOSED')
      expect(failure).toMatchObject({ outcome: 'not-applied', retryable: false })
      expect(failure.message).toContain('openStore')
    }
    const iterated = iterationsOf(store, strange.userId)
    for (const iterate of Object.values(iterated)) {
      const items = iterate()
      await rejection(first(items), 'STORE_CLOSED')
    }
    const tried = [...Object.keys(refused), ...Object.keys(iterated), 'close']
    expect(Object.keys(store).sort()).toEqual(tried.sort())
  })

  test('ends iterations at their next step', async () => {
    const { store } = await makeWorld()
    const { id } = await makeUser(store)
    await makeUser(store)
    await makeMessages(store, id, 3)
    const iterators = Object.values(iterationsOf(store, id)).map((call) => call()[Symbol.asyncIterator]())
    const steps = iterators.map((iterator) => iterator.next())
    /* For those who wait for one. */
    await makeMessages(store, id, 1)
    for (const step of steps) expect(await step).toMatchObject({ done: false })
    await store.close()
    for (const iterator of iterators) {
      await rejection(iterator.next(), 'STORE_CLOSED')
      expect(await iterator.next()).toEqual({ done: true, value: undefined })
    }
  })

  test('lets a callback that outlives it meet STORE_CLOSED', async () => {
    const { store } = await open()
    const { id } = await makeUser(store)
    const locked = store.withUserLock(id, async () => {
      await store.close()
      return store.getUser(id)
    })
    await expect(locked).rejects.toBeInstanceOf(DialogueStoreError)
    await rejection(locked, 'STORE_CLOSED')
  })
})

describe('a process that opens and closes a store', () => {
  test('exits by itself', async () => {
    const { dbName } = await makeDatabase()
    const fixture = fileURLToPath(new URL('fixtures/open-close.ts', import.meta.url))
    const { stdout } = await promisify(execFile)(
      process.execPath,
      ['--import', 'tsx', fixture, uri, dbName],
      { timeout: 30_000, env: { ...process.env, NODE_OPTIONS: '' } },
    )
    expect(stdout.trim().split('\n')).toEqual(['UNAVAILABLE', 'hello', 'closed'])
  })
})
