import { beforeAll, describe, expect, test } from '@jest/globals'
import type mongoose from 'mongoose'
import { ObjectId } from '../../src/ids.ts'
import type { DialogueStore } from '../../src/index.ts'
import {
  makeBystander,
  makeMessages,
  makeUser,
  makeWorld,
  refusedPaths,
  rejection,
  storedOf,
  untyped,
} from '../support/make.ts'

let store: DialogueStore
let db: mongoose.mongo.Db
beforeAll(async () => {
  ;({ store, db } = await makeWorld())
})

const newUser = async () => (await makeUser(store)).id

describe('storeContext', () => {
  test('replaces the whole, and touches nobody else', async () => {
    const bystander = await makeBystander(store)
    const before = await storedOf(db, bystander.id)
    const user = await newUser()
    await store.storeContext(user, { summary: 'old', facts: ['a'] })
    const { context, created } = await store.storeContext(user, { summary: 'new' })
    expect(created).toBe(false)
    expect(context).toEqual({
      userId: user,
      data: { summary: 'new' },
      version: 2,
      covers: null,
      pending: null,
      createdAt: expect.any(Date),
      updatedAt: expect.any(Date),
    })
    expect(await store.retrieveContext(user)).toEqual(context)
    expect((await storedOf(db, user)).contexts).toMatchObject([{ data: { summary: 'new' }, version: 2 }])
    expect(await storedOf(db, bystander.id)).toEqual(before)
  })

  test('tells created when there was no data: at first, and after a deletion', async () => {
    const user = await newUser()
    const created = async () => (await store.storeContext(user, {})).created
    expect([await created(), await created()]).toEqual([true, false])
    expect(await store.deleteContext(user)).toBe(true)
    expect([await created(), await created()]).toEqual([true, false])
  })

  test('stores an empty object as data, which is not the same as none', async () => {
    const user = await newUser()
    await store.storeContext(user, {})
    await rejection(store.storeContext(user, {}, { ifVersion: 0 }), 'VERSION_CONFLICT')
    expect(await store.deleteContext(user)).toBe(true)
  })

  test.each([
    ['data', undefined],
    ['data', null],
    ['data', 'text'],
    ['data', []],
    ['data', new Date()],
    ['data', new Map()],
    ['data.a.1.b', { a: [{ b: undefined, c: 1 }, { b: 2n }] }],
  ])('refuses what is not JSON (%#)', async (path, data) => {
    const user = await newUser()
    expect(await refusedPaths(store.storeContext(user, untyped(data)))).toEqual([path])
    expect((await storedOf(db, user)).contexts[0]).not.toHaveProperty('data')
  })

  test('is TOO_LARGE beyond what a document holds, stored or merged', async () => {
    const user = await newUser()
    const half = 'x'.repeat(9 * 2 ** 20)
    await store.storeContext(user, { half })
    const calls = [
      store.storeContext(user, { half: half + half }),
      store.mergeContext(user, { other: half }),
      store.mergeContext(user, { other: half, $ref: 'by compare-and-swap' }),
      store.updateContext(user, (data) => ({ ...data, other: half })),
    ]
    for (const call of calls) {
      expect(await rejection(call, 'TOO_LARGE')).toMatchObject({ outcome: 'not-applied', retryable: false })
    }
    expect((await storedOf(db, user)).contexts).toMatchObject([{ version: 1 }])
  })
})

describe('retrieveContext', () => {
  test('gives {} and version 0 before the first write', async () => {
    const user = await newUser()
    expect(await store.retrieveContext(user)).toMatchObject({
      data: {},
      version: 0,
      covers: null,
      pending: null,
    })
  })

  test.each([
    ['options.pending', { pending: false }],
    ['options.pending', { pending: 'all' }],
    ['options.pending.senders', { pending: { senders: [] } }],
    ['options.pending.conversationId', { pending: { conversationId: { $ne: '' } } }],
    ['options.pendings', { pendings: true }],
  ])('refuses wrong options (%#)', async (path, options) => {
    const paths = await refusedPaths(store.retrieveContext(await newUser(), untyped(options)))
    expect(paths).toContain(path)
  })
})

describe('deleteContext', () => {
  test('empties it, raises the version, keeps the mark, and tells whether there was data', async () => {
    const user = await newUser()
    expect(await store.deleteContext(user)).toBe(false)
    const [message] = await makeMessages(store, user, 1)
    await store.storeContext(user, { a: 1 }, { covers: message?.cursor })
    expect(await store.deleteContext(user)).toBe(true)
    expect(await store.deleteContext(user)).toBe(false)
    const expected = { data: {}, version: 2, covers: message?.cursor }
    expect(await store.retrieveContext(user)).toMatchObject(expected)
    expect((await storedOf(db, user)).contexts).toHaveLength(1)
  })

  test('is true for one of ten who race', async () => {
    const user = await newUser()
    await store.storeContext(user, { a: 1 })
    const outcomes = await Promise.all(Array.from({ length: 10 }, () => store.deleteContext(user)))
    expect(outcomes.filter(Boolean)).toHaveLength(1)
  })
})

describe('ifVersion', () => {
  test('lets a write through only on what was read', async () => {
    const user = await newUser()
    await store.storeContext(user, { n: 1 })
    await store.storeContext(user, { n: 2 }, { ifVersion: 1 })
    const stale = [
      store.storeContext(user, { n: 3 }, { ifVersion: 1 }),
      store.mergeContext(user, { n: 3 }, { ifVersion: 1 }),
      store.mergeContext(user, { n: 3, $id: 'by compare-and-swap' }, { ifVersion: 1 }),
      store.updateContext(user, () => ({ n: 3 }), { ifVersion: 1 }),
    ]
    for (const call of stale) {
      const error = await rejection(call, 'VERSION_CONFLICT')
      expect(error).toMatchObject({ expected: 1, actual: 2, outcome: 'not-applied', retryable: false })
    }
    expect(await store.retrieveContext(user)).toMatchObject({ data: { n: 2 }, version: 2 })
  })

  test('0 means that it has no data now, whatever the version has risen to', async () => {
    const user = await newUser()
    expect(await store.storeContext(user, { n: 1 }, { ifVersion: 0 })).toMatchObject({ created: true })
    const late = store.storeContext(user, { n: 2 }, { ifVersion: 0 })
    expect(await rejection(late, 'VERSION_CONFLICT')).toMatchObject({ expected: 0, actual: 1 })
    await rejection(store.mergeContext(user, { n: 2 }, { ifVersion: 0 }), 'VERSION_CONFLICT')
    await rejection(
      store.updateContext(user, () => ({ n: 2 }), { ifVersion: 0 }),
      'VERSION_CONFLICT',
    )
    await store.deleteContext(user)
    const again = await store.updateContext(user, () => ({ n: 3 }), { ifVersion: 0 })
    expect(again).toMatchObject({ created: true, context: { data: { n: 3 }, version: 3 } })
  })

  test('0 lets one of twenty through', async () => {
    const user = await newUser()
    const outcomes = await Promise.allSettled(
      Array.from({ length: 20 }, (_, n) => store.storeContext(user, { n }, { ifVersion: 0 })),
    )
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
  })

  test.each([-1, 0.5, '0', null])('refuses %p', async (ifVersion) => {
    const call = store.storeContext(await newUser(), {}, { ifVersion: untyped(ifVersion) })
    expect(await refusedPaths(call)).toEqual(['options.ifVersion'])
  })
})

describe('for nobody', () => {
  test('every verb is USER_NOT_FOUND, and stores nothing', async () => {
    const id = new ObjectId().toHexString()
    await rejection(store.storeContext(id, {}), 'USER_NOT_FOUND')
    await rejection(store.mergeContext(id, {}), 'USER_NOT_FOUND')
    await rejection(
      store.updateContext(id, (data) => data),
      'USER_NOT_FOUND',
    )
    await rejection(store.retrieveContext(id), 'USER_NOT_FOUND')
    await rejection(store.deleteContext(id), 'USER_NOT_FOUND')
    expect((await storedOf(db, id)).contexts).toEqual([])
  })

  test('and what is no id is refused', async () => {
    const wrong = untyped({ $gt: '' })
    expect(await refusedPaths(store.storeContext(wrong, {}))).toEqual(['userId'])
    expect(await refusedPaths(store.mergeContext(wrong, {}))).toEqual(['userId'])
    expect(await refusedPaths(store.updateContext(wrong, () => ({})))).toEqual(['userId'])
    expect(await refusedPaths(store.retrieveContext(wrong))).toEqual(['userId'])
    expect(await refusedPaths(store.deleteContext(wrong))).toEqual(['userId'])
  })
})

describe('the server itself', () => {
  test('keeps a user to one context, and refuses a wrong shape', async () => {
    const user = await newUser()
    const contexts = db.collection('dialogue_contexts')
    const [stored] = (await storedOf(db, user)).contexts
    await expect(contexts.insertOne({ ...stored, _id: new ObjectId() })).rejects.toMatchObject({
      code: 11000,
    })
    await expect(contexts.updateOne({ _id: stored?._id }, { $set: { data: 'text' } })).rejects.toMatchObject({
      code: 121,
    })
  })
})
