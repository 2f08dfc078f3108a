import { describe, expect, test } from '@jest/globals'
import { openStore, type Retention } from '../../src/index.ts'
import { testServer } from '../../src/testing/index.ts'
import { makeEvent, makeMessages, makeUser, makeWorld } from '../support/make.ts'
import { makeDatabase, makeStore } from '../support/store.ts'

async function makeKept(retention: Retention) {
  const { db, dbName } = await makeDatabase()
  return { db, dbName, store: await makeStore({ dbName, retention }) }
}

describe('ping', () => {
  test('tells the server’s version and what it is', async () => {
    const { store, db } = await makeWorld()
    const { version } = await db.admin().serverInfo()
    expect(await store.ping()).toEqual({ ok: true, version, topology: 'replicaSet' })
  })
})

describe('stats', () => {
  test('is all zeros for an empty store', async () => {
    const { store } = await makeKept({ kind: 'capped', sizeBytes: 2 ** 20 })
    expect(await store.stats()).toEqual({
      users: 0,
      contexts: 0,
      events: 0,
      journal: { unsettled: 0, oldest: null },
      messages: {
        count: 0,
        retention: { kind: 'capped', sizeBytes: 2 ** 20 },
        sizeBytes: 0,
        capBytes: 2 ** 20,
        fill: 0,
        oldest: null,
      },
    })
  })

  test('counts users who were not erased, contexts that have data, and events', async () => {
    const { store } = await makeWorld()
    const [ana, bia, caio] = await Promise.all([makeUser(store), makeUser(store), makeUser(store)])
    for (const { id } of [ana, bia, caio]) await store.storeContext(id, { a: 1 })
    await store.deleteContext(bia.id)
    const { id: cancelled } = await makeEvent(store, ana.id)
    await store.cancelEvent(cancelled)
    await makeEvent(store, bia.id)
    await makeEvent(store, caio.id)
    await store.deleteUser(caio.id)
    expect(await store.stats()).toMatchObject({ users: 2, contexts: 1, events: 2 })
  })

  test('tells how full a capped collection is, by bytes', async () => {
    const { store, db } = await makeKept({ kind: 'capped', sizeBytes: 2 ** 20 })
    const { id } = await makeUser(store)
    const before = new Date()
    const [first] = await makeMessages(store, id, 100, { content: 'x'.repeat(1000) })
    const { messages } = await store.stats()
    expect(messages).toMatchObject({ count: 100, capBytes: 2 ** 20, oldest: first?.createdAt })
    expect(messages.oldest?.getTime()).toBeGreaterThanOrEqual(before.getTime())
    const [stored] = await db
      .collection('dialogue_messages')
      .aggregate([{ $group: { _id: null, bytes: { $sum: { $bsonSize: '$$ROOT' } } } }])
      .toArray()
    expect(messages.sizeBytes).toBe(stored?.bytes)
    expect(messages.fill).toBeCloseTo(stored?.bytes / 2 ** 20, 5)
  })

  test('tells how full a capped collection is, by messages, and what it keeps', async () => {
    const { store } = await makeKept({ kind: 'capped', sizeBytes: 2 ** 20, maxMessages: 20 })
    const { id } = await makeUser(store)
    const messages = await makeMessages(store, id, 15)
    expect((await store.stats()).messages).toMatchObject({ count: 15, fill: 0.75 })
    await makeMessages(store, id, 10)
    expect((await store.stats()).messages).toMatchObject({
      count: 20,
      fill: 1,
      retention: { kind: 'capped', sizeBytes: 2 ** 20, maxMessages: 20 },
      oldest: messages[5]?.createdAt,
    })
  })

  test('has no cap and no fill under rolling retention', async () => {
    const retention = { kind: 'rolling', maxAgeMs: 86_400_000, maxPerUser: 100 } as const
    const { store } = await makeKept(retention)
    const { id } = await makeUser(store)
    const [first] = await makeMessages(store, id, 5)
    const { messages } = await store.stats()
    expect(messages).toEqual({
      count: 5,
      retention,
      sizeBytes: expect.any(Number),
      capBytes: null,
      fill: null,
      oldest: first?.createdAt,
    })
    expect(messages.sizeBytes).toBeGreaterThan(500)
  })

  test('sees limits that another store has changed', async () => {
    const { store, dbName } = await makeKept({ kind: 'capped', sizeBytes: 2 ** 20 })
    const { uri } = await testServer()
    const other = await openStore({ uri, dbName, retention: { kind: 'capped', sizeBytes: 2 ** 21 } })
    await other.close()
    expect((await store.stats()).messages).toMatchObject({ capBytes: 2 ** 21 })
  })
})
