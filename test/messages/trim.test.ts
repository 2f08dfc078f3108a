import { beforeAll, describe, expect, test } from '@jest/globals'
import type mongoose from 'mongoose'
import { ObjectId } from '../../src/ids.ts'
import type { DialogueStore } from '../../src/index.ts'
import { makeMessages, makeUser, storedOf } from '../support/make.ts'
import { makeDatabase, makeStore } from '../support/store.ts'

const rolling = (maxPerUser: number) => ({ kind: 'rolling', maxPerUser }) as const
const countOf = (db: mongoose.mongo.Db, userId: string) =>
  db.collection('dialogue_messages').countDocuments({ userId: new ObjectId(userId) })
const most = (keep: number) => Math.floor(keep * 1.1)

describe.each([1, 5, 40])('of at most %i messages a user', (keep) => {
  let db: mongoose.mongo.Db
  let stores: DialogueStore[]
  beforeAll(async () => {
    const made = await makeDatabase()
    db = made.db
    const options = { dbName: made.dbName, retention: rolling(keep) }
    stores = [await makeStore(options), await makeStore(options)]
  })
  const storeOf = (i: number): DialogueStore => {
    const store = stores[i % stores.length]
    if (!store) throw new Error('no store')
    return store
  }

  test('the newest are kept, after each call', async () => {
    const { id } = await makeUser(storeOf(0))
    for (let i = 0; i < keep + 12; i++) {
      await makeMessages(storeOf(0), id, 1, { content: `${i}` })
      expect(await countOf(db, id)).toBeLessThanOrEqual(most(keep))
    }
    const { messages } = await storeOf(0).retrieveHistory(id, { limit: keep })
    expect(messages.map(({ content }) => Number(content))).toEqual(
      Array.from({ length: keep }, (_, i) => i + 12),
    )
  })

  test('two stores that take turns keep no more', async () => {
    const { id } = await makeUser(storeOf(0))
    for (let i = 0; i < keep + 12; i++) {
      await makeMessages(storeOf(i), id, 1)
      expect(await countOf(db, id)).toBeLessThanOrEqual(most(keep))
    }
  })

  test('two stores at once keep no more when their calls are done', async () => {
    const { id } = await makeUser(storeOf(0))
    const say = (i: number) => storeOf(i).storeMessage({ userId: id, sender: 'user', content: `${i}` })
    const calls = Array.from({ length: 150 }, (_, i) => say(i))
    await Promise.all([...calls, makeMessages(storeOf(0), id, 120), makeMessages(storeOf(1), id, 120)])
    const count = await countOf(db, id)
    expect(count).toBeLessThanOrEqual(most(keep))
    expect(count).toBeGreaterThanOrEqual(keep)
  })
})

describe('a limit for each user', () => {
  test('holds after a bulk of 5,000', async () => {
    const { db, dbName } = await makeDatabase()
    const store = await makeStore({ dbName, retention: rolling(300) })
    const [ana, bystander] = [await makeUser(store), await makeUser(store)]
    const theirs = await makeMessages(store, bystander.id, 250)
    const messages = await makeMessages(store, ana.id, 5000)
    expect(messages).toHaveLength(5000)
    expect(await countOf(db, ana.id)).toBeLessThanOrEqual(330)
    const { messages: newest } = await store.retrieveHistory(ana.id, { limit: 300 })
    expect(newest).toEqual(messages.slice(-300))
    expect((await store.retrieveHistory(bystander.id, { limit: 300 })).messages).toEqual(theirs)
  })

  test('trims the oldest by time, whatever was stored first', async () => {
    const { db, dbName } = await makeDatabase()
    const store = await makeStore({ dbName, retention: rolling(3) })
    const { id: userId } = await makeUser(store)
    const at = (year: number) => ({
      userId,
      sender: 'user',
      content: `${year}`,
      timestamp: new Date(`${year}-01-01`),
    })
    await store.storeMessages([at(2024), at(1990), at(2030), at(2001)])
    const contents = async () => (await storedOf(db, userId)).messages.map(({ content }) => content).sort()
    expect(await contents()).toEqual(['2001', '2024', '2030'])
    expect(await store.storeMessage(at(1980))).toMatchObject({ created: true })
    expect(await contents()).toEqual(['2001', '2024', '2030'])
    await store.storeMessage(at(2025))
    expect(await contents()).toEqual(['2024', '2025', '2030'])
  })

  test('of a few users among many trims theirs only', async () => {
    const { db, dbName } = await makeDatabase()
    const store = await makeStore({ dbName, retention: rolling(4) })
    const people = await Promise.all(Array.from({ length: 30 }, () => makeUser(store)))
    const inputs = people.flatMap(({ id: userId }, who) =>
      Array.from({ length: (who % 10) + 1 }, (_, i) => ({ userId, sender: 'user', content: `${i}` })),
    )
    await store.storeMessages(inputs)
    for (const [who, { id }] of people.entries())
      expect(await countOf(db, id)).toBe(Math.min(4, (who % 10) + 1))
  })

  test('that is lowered holds at once for those who write nothing', async () => {
    const { db, dbName } = await makeDatabase()
    const free = await makeStore({ dbName, retention: { kind: 'rolling' } })
    const people = [await makeUser(free), await makeUser(free), await makeUser(free)]
    const counts = [1500, 40, 3]
    for (const [i, { id }] of people.entries()) await makeMessages(free, id, counts[i] ?? 0)
    const counted = () => Promise.all(people.map(({ id }) => countOf(db, id)))
    await makeStore({ dbName, retention: rolling(100) })
    expect(await counted()).toEqual([100, 40, 3])
    await makeStore({ dbName, retention: rolling(20) })
    expect(await counted()).toEqual([20, 20, 3])
    await makeStore({ dbName, retention: rolling(1000) })
    expect(await counted()).toEqual([20, 20, 3])
    const { messages } = await free.retrieveHistory(people[0]?.id ?? '')
    expect(messages.at(-1)?.content).toBe('message 1499')
  })
})
