import { deepEqual, equal, ok } from 'node:assert/strict'
import type { DialogueStore, JsonObject } from '../../index.ts'
import { casesOf } from './case.ts'
import { has, refuses, rejects, sameJson, thrownBy } from './checks.ts'
import { atOnce, newId, untyped, upTo } from './samples.ts'

/** RFC 7396: target, patch, what comes of it. */
const MERGES: [JsonObject, JsonObject, JsonObject][] = [
  [{ a: 'b' }, { a: 'c' }, { a: 'c' }],
  [{ a: 'b' }, { b: 'c' }, { a: 'b', b: 'c' }],
  [{ a: 'b', b: 'c' }, { a: null }, { b: 'c' }],
  [{ a: ['b'] }, { a: 'c' }, { a: 'c' }],
  [{ a: 'c' }, { a: ['b'] }, { a: ['b'] }],
  [{ a: { b: 'c' } }, { a: { b: 'd', c: null } }, { a: { b: 'd' } }],
  [{ a: [{ b: 'c' }] }, { a: [1] }, { a: [1] }],
  [{ a: [{ b: 'c' }] }, { a: { b: 'd' } }, { a: { b: 'd' } }],
  [{ e: null }, { a: 1 }, { e: null, a: 1 }],
  [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
  [{ a: 1 }, { z: { b: null }, y: 2 }, { a: 1, z: {}, y: 2 }],
  [{ 'a.b': 1, $set: { x: 1 } }, { 'a.b': null, $set: { '': 2 } }, { $set: { x: 1, '': 2 } }],
  [{ a: { b: 1 } }, { 'a.b': 2 }, { a: { b: 1 }, 'a.b': 2 }],
  [{ list: [1, 2] }, { list: { 0: 'x' } }, { list: { 0: 'x' } }],
  [{ a: 1 }, {}, { a: 1 }],
]

/** Each of the writes, of the same data. */
const writes = (
  store: DialogueStore,
  userId: string,
  data: JsonObject,
  options: { ifVersion?: number } = {},
) => [
  () => store.storeContext(userId, data, options),
  () => store.mergeContext(userId, data, options),
  () => store.updateContext(userId, () => data, options),
]

export const contexts = casesOf('contexts', {
  'a context without data is {} at version 0': async ({ store, person }) => {
    const { id: userId } = await person()
    const { createdAt, updatedAt, ...context } = await store.retrieveContext(userId)
    deepEqual(context, { userId, data: {}, version: 0, covers: null, pending: null })
    ok(createdAt instanceof Date && updatedAt instanceof Date)
  },

  'storeContext replaces': async ({ store, person }) => {
    const { id } = await person()
    const first = await store.storeContext(id, { a: 1, b: { c: 2 } })
    deepEqual([first.created, first.context.version], [true, 1])
    const { context, created } = await store.storeContext(id, { b: { d: 3 } })
    deepEqual([created, context.version], [false, 2])
    sameJson(context.data, { b: { d: 3 } })
    deepEqual(await store.retrieveContext(id), context)
  },

  'mergeContext merges as RFC 7396 says': async ({ store, person }) => {
    const people = await atOnce(MERGES.length, () => person())
    await atOnce(MERGES.length, async (i) => {
      const [target, patch, merged] = MERGES[i] ?? [{}, {}, {}]
      const userId = people[i]?.id ?? ''
      await store.storeContext(userId, target)
      const { context, created } = await store.mergeContext(userId, patch)
      sameJson(context.data, merged)
      deepEqual([context.version, created], [2, false])
      sameJson((await store.retrieveContext(userId)).data, merged)
    })
  },

  'mergeContext into nothing removes nothing, and keeps no null': async ({ store, person }) => {
    const { id } = await person()
    const { context, created } = await store.mergeContext(id, { z: { b: null }, a: 1, gone: null })
    sameJson(context.data, { z: {}, a: 1 })
    deepEqual([context.version, created], [1, true])
  },

  'mergeContext loses none of twenty changes at once': async ({ store, person }) => {
    const { id } = await person()
    const outcomes = await atOnce(20, (i) => store.mergeContext(id, { [`key ${i}`]: { [i]: i } }))
    equal(outcomes.filter(({ created }) => created).length, 1)
    const { data, version } = await store.retrieveContext(id)
    deepEqual(data, Object.fromEntries(upTo(20).map((i) => [`key ${i}`, { [i]: i }])))
    equal(version, 20)
  },

  'updateContext changes what is stored, again when somebody was faster': async ({ store, person }) => {
    const { id } = await person()
    await atOnce(5, () => store.updateContext(id, async (data) => ({ turns: Number(data.turns ?? 0) + 1 })))
    has(await store.retrieveContext(id), { data: { turns: 5 }, version: 5 })
    const own = new Error('of the caller’s own')
    const fail = () => {
      throw own
    }
    equal(await thrownBy(store.updateContext(id, fail)), own)
    await refuses(store.updateContext(id, () => untyped(undefined)))
    has(await store.retrieveContext(id), { data: { turns: 5 }, version: 5 })
  },

  'holds ifVersion against what is stored': async ({ store, person }) => {
    const { id } = await person()
    await store.storeContext(id, { n: 1 })
    await store.storeContext(id, { n: 2 }, { ifVersion: 1 })
    for (const write of writes(store, id, { n: 3 }, { ifVersion: 1 }))
      await rejects(write(), 'VERSION_CONFLICT', { expected: 1, actual: 2 })
    has(await store.retrieveContext(id), { data: { n: 2 }, version: 2 })
    for (const [i, write] of writes(store, id, { n: 3 }).entries())
      equal((await write()).context.version, 3 + i)
  },

  'takes ifVersion 0 for: it has no data now': async ({ store, person }) => {
    const { id } = await person()
    const raced = await Promise.allSettled(
      upTo(5).map((n) => store.storeContext(id, { n }, { ifVersion: 0 })),
    )
    equal(raced.filter(({ status }) => status === 'fulfilled').length, 1)
    for (const write of writes(store, id, { n: 9 }, { ifVersion: 0 }))
      await rejects(write(), 'VERSION_CONFLICT', { expected: 0, actual: 1 })
    for (const write of writes(store, id, { n: 9 }, { ifVersion: 0 })) {
      equal(await store.deleteContext(id), true)
      equal((await write()).created, true)
    }
    equal((await store.retrieveContext(id)).version, 7)
  },

  'deleteContext empties it, and the version goes on rising': async ({ store, person }) => {
    const { id } = await person()
    equal(await store.deleteContext(id), false)
    await store.storeContext(id, { a: 1 })
    equal(await store.deleteContext(id), true)
    equal(await store.deleteContext(id), false)
    has(await store.retrieveContext(id), { data: {}, version: 2 })
    const { context, created } = await store.mergeContext(id, { b: 2 })
    deepEqual([context.data, context.version, created], [{ b: 2 }, 3, true])
  },

  'refuses what is no object, and knows nobody’s': async ({ store, person }) => {
    const { id } = await person()
    for (const data of [undefined, null, 'text', [], new Date(), new Map()])
      await refuses(store.storeContext(id, untyped(data)))
    await refuses(store.storeContext(id, {}, { ifVersion: -1 }), 'ifVersion')
    await refuses(store.retrieveContext(untyped({ $gt: '' })), 'userId')
    for (const write of writes(store, newId(), {})) await rejects(write(), 'USER_NOT_FOUND')
    await rejects(store.retrieveContext(newId()), 'USER_NOT_FOUND')
    await rejects(store.deleteContext(newId()), 'USER_NOT_FOUND')
    equal((await store.retrieveContext(id)).version, 0)
  },
})
