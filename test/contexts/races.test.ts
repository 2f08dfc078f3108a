import { beforeAll, describe, expect, test } from '@jest/globals'
import type mongoose from 'mongoose'
import { ObjectId } from '../../src/ids.ts'
import type { DialogueStore } from '../../src/index.ts'
import { makeUser, makeWorld, storedOf } from '../support/make.ts'
import { makeStore } from '../support/store.ts'

const WRITERS = 50
let stores: DialogueStore[]
let db: mongoose.mongo.Db
beforeAll(async () => {
  const world = await makeWorld()
  db = world.db
  stores = [world.store, await makeStore({ dbName: world.dbName })]
})

const newUser = async () => (await makeUser(storeOf(0))).id
const storeOf = (i: number): DialogueStore => {
  const store = stores[i % stores.length]
  if (!store) throw new Error('no store')
  return store
}
const together = <T>(call: (store: DialogueStore, i: number) => Promise<T>) =>
  Promise.all(Array.from({ length: WRITERS }, (_, i) => call(storeOf(i), i)))

const risingTo = (last: number) => Array.from({ length: last }, (_, i) => i + 1)
const byNumber = (a: number, b: number) => a - b

describe('fifty writers at once, over two stores', () => {
  test('who replace: none fails, each has a version of its own, one created it', async () => {
    const user = await newUser()
    const outcomes = await together((store, i) => store.storeContext(user, { i }))
    expect(outcomes.filter(({ created }) => created)).toHaveLength(1)
    expect(outcomes.map(({ context }) => context.version).sort(byNumber)).toEqual(risingTo(WRITERS))
    const last = outcomes.find(({ context }) => context.version === WRITERS)
    expect(await storeOf(0).retrieveContext(user)).toEqual(last?.context)
    expect((await storedOf(db, user)).contexts).toHaveLength(1)
  })

  test('who merge: none is lost, nested and large ones neither', async () => {
    const user = await newUser()
    const large = Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`k${i}`, i]))
    await together((store, i) =>
      store.mergeContext(user, { facts: { [`f${i}`]: i }, ...(i % 10 === 0 && large) }),
    )
    const { data, version } = await storeOf(0).retrieveContext(user)
    expect(data.facts).toEqual(Object.fromEntries(Array.from({ length: WRITERS }, (_, i) => [`f${i}`, i])))
    expect(version).toBe(WRITERS)
  })

  test('who count by updateContext: every one counts', async () => {
    const user = await newUser()
    await together((store) => store.updateContext(user, (data) => ({ n: Number(data.n ?? 0) + 1 })))
    expect(await storeOf(0).retrieveContext(user)).toMatchObject({ data: { n: WRITERS }, version: WRITERS })
  })

  test('who store and delete: versions only rise, and created follows the deletions', async () => {
    const user = await newUser()
    const outcomes = await together(async (store, i) => {
      if (i % 3 === 0) return { deleted: await store.deleteContext(user) }
      return await store.storeContext(user, { i })
    })
    const stored = outcomes.flatMap((outcome) => ('context' in outcome ? [outcome] : []))
    const deletions = outcomes.filter((outcome) => 'deleted' in outcome && outcome.deleted).length
    const versions = stored.map(({ context }) => context.version).sort(byNumber)
    expect(new Set(versions).size).toBe(versions.length)
    const { version, data } = await storeOf(0).retrieveContext(user)
    expect(version).toBe(stored.length + deletions)
    const hasData = Object.keys(data).length > 0
    expect(stored.filter(({ created }) => created)).toHaveLength(deletions + (hasData ? 1 : 0))
  })
})

describe('a write after deleteUser', () => {
  test('finds nothing, however many race with it, and brings nothing back', async () => {
    const user = await newUser()
    const [, ...outcomes] = await Promise.allSettled([
      storeOf(0).deleteUser(user),
      ...Array.from({ length: 30 }, (_, i) => storeOf(i).mergeContext(user, { [`k${i}`]: i })),
      ...Array.from({ length: 10 }, (_, i) => storeOf(i).updateContext(user, (data) => ({ ...data, i }))),
    ])
    for (const outcome of outcomes) {
      if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject({ code: 'USER_NOT_FOUND' })
    }
    expect(await db.collection('dialogue_contexts').countDocuments({ userId: new ObjectId(user) })).toBe(0)
  })
})
