import { describe, expect, test } from '@jest/globals'
import { ObjectId } from '../../src/ids.ts'
import { command, until } from '../migrations/command.ts'
import { makeMessages, makeUser } from '../support/make.ts'
import { makeDatabase, makeStore } from '../support/store.ts'
import { startFollower } from './support/follow.ts'

describe('following', () => {
  test('gives what is stored, though it is evicted at once, and nothing of an eviction', async () => {
    const { db, dbName } = await makeDatabase()
    const store = await makeStore({ dbName, retention: { kind: 'capped', sizeBytes: 4096, maxMessages: 5 } })
    const { id } = await makeUser(store)
    const follower = startFollower(store)
    const stored = await makeMessages(store, id, 500)
    await follower.has(500)
    await makeMessages(store, id, 1, { content: 'last' })
    await follower.has(501)
    expect(await db.collection('dialogue_messages').countDocuments()).toBeLessThanOrEqual(5)
    expect(follower.items.slice(0, 500).map(({ message }) => message.id)).toEqual(stored.map((m) => m.id))
    await follower.stop()
  })

  test.each(['capped', 'rolling'] as const)('gives what a transaction stores: %s', async (kind) => {
    const { dbName } = await makeDatabase()
    const store = await makeStore({ dbName, retention: { kind } })
    const { id } = await makeUser(store)
    const follower = startFollower(store, { userId: id })
    await store.withTransaction(async (tx) => {
      await makeMessages(tx, id, 3)
      await tx.mergeContext(id, { turn: 1 })
    })
    await makeMessages(store, id, 1, { content: 'last' })
    await follower.has(4)
    expect(follower.contents()).toEqual(['message 0', 'message 1', 'message 2', 'last'])
    await follower.stop()
  })

  test('from within a transaction, all of which has one time, goes on with the rest of it', async () => {
    const { db, dbName } = await makeDatabase()
    const store = await makeStore({ dbName, retention: { kind: 'rolling' } })
    const { id } = await makeUser(store)
    const { live } = await store.retrieveHistory(id)
    await makeMessages(store, id, 1)
    const messages = db.collection('dialogue_messages')
    const template = await messages.findOne()
    const documents = Array.from({ length: 300 }, (_, i) => ({
      ...template,
      _id: new ObjectId(),
      content: `${i}`,
    }))
    await db.client.withSession((session) =>
      session.withTransaction(() => messages.insertMany(documents, { session })),
    )
    const whole = startFollower(store, { after: live })
    const items = await whole.has(301)
    expect(whole.contents()).toEqual(['message 0', ...documents.map(({ content }) => content)])
    await whole.stop()
    for (const i of [0, 1, 2, 126, 127, 128, 129, 254, 255, 256, 257, 299]) {
      const rest = startFollower(store, { after: items[i]?.resume ?? '' })
      await rest.has(300 - i)
      expect(rest.contents()).toEqual(whole.contents().slice(i + 1))
      await rest.stop()
    }
  })

  test('goes on while retention is converted, there and back, without gap or repeat', async () => {
    const { dbName } = await makeDatabase()
    const store = await makeStore({ dbName, retention: { kind: 'capped', sizeBytes: 2 ** 26 } })
    const writers = await Promise.all([1, 2].map(() => makeStore({ dbName })))
    const { id } = await makeUser(store)
    await makeMessages(store, id, 2000, { content: 'before' })
    const { live } = await store.retrieveHistory(id)
    const followers = [startFollower(store), startFollower(store, { userId: id, after: live })]
    let stopped = false
    const ids: string[] = []
    const writing = writers.map(async (writer) => {
      while (!stopped) ids.push(...(await makeMessages(writer, id, 3)).map((message) => message.id))
    })
    const to = ['convert-retention', '--db', dbName, '--to']
    for (const args of [['rolling'], ['capped', '--size-bytes', String(2 ** 26)]]) {
      expect(await command([...to, ...args])).toMatchObject({ code: 0 })
      const goal = ids.length + 30
      await until(() => ids.length >= goal)
    }
    stopped = true
    await Promise.all(writing)
    const last = (await makeMessages(store, id, 1, { content: 'last' })).map((message) => message.id)
    for (const follower of followers) {
      await follower.has(ids.length + 1)
      expect(follower.contents().at(-1)).toBe('last')
      expect(follower.items.map(({ message }) => message.id).sort()).toEqual([...ids, ...last].sort())
      await follower.stop()
    }
    const again = startFollower(store, { after: followers[0]?.items[0]?.resume ?? '' })
    await again.has(ids.length)
    await again.stop()
  })
})
