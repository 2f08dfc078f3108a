import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import mongoose from 'mongoose'
import { written } from '../../scripts/lib/json-values.ts'
import { type DialogueStore, type JsonObject, type JsonValue, openStore } from '../../src/index.ts'
import { mergePatch } from '../../src/json.ts'
import { testServer } from '../../src/testing/index.ts'
import { makeUser, makeWorld, storedOf } from '../support/make.ts'

/** How the server was told to merge. */
type Road = 'in place' | 'calculated'

let store: DialogueStore
let db: mongoose.mongo.Db
let connection: mongoose.Connection
let userId: string
const roads: Road[] = []
beforeAll(async () => {
  const world = await makeWorld()
  db = world.db
  const { uri } = await testServer()
  connection = mongoose.createConnection(uri, { dbName: world.dbName, monitorCommands: true })
  await connection.asPromise()
  connection.getClient().on('commandStarted', ({ commandName, command }) => {
    if (commandName === 'findAndModify') roads.push(Array.isArray(command.update) ? 'calculated' : 'in place')
  })
  store = await openStore({ connection })
})
afterAll(async () => {
  await store.close()
  await connection.close()
})
beforeEach(async () => {
  userId = (await makeUser(store)).id
})

/** Merges into what is stored, and looks at the reply and, by the plain driver, at what is stored then. */
async function merge(stored: JsonObject, patch: JsonObject): Promise<Road | undefined> {
  await store.storeContext(userId, stored)
  roads.length = 0
  const { context, created } = await store.mergeContext(userId, patch)
  const expected = written(mergePatch(stored, patch))
  expect(written(context.data)).toBe(expected)
  expect(written((await storedOf(db, userId)).contexts[0]?.data)).toBe(expected)
  expect(created).toBe(false)
  return roads.at(-1)
}

describe('a merge is written in place', () => {
  test.each<[string, JsonObject, JsonObject]>([
    ['of values, old and new', { b: 1, a: 2 }, { a: 3, c: 4 }],
    ['of no values at all', { a: 1 }, {}],
    [
      'of every kind of value',
      { a: 1 },
      { a: 'x', b: -0, c: true, d: [null, { $x: [1] }], é: 1.5, 'ü ö': [] },
    ],
    ['of a value over an object and an array', { a: { b: 1 }, c: [1] }, { a: 1, c: 2 }],
    ['that removes, also what is not there', { a: 1, b: 2, c: 3 }, { b: null, x: null, a: 4 }],
    ['into an object in an object', { a: { b: { c: 1 }, z: 1 } }, { a: { b: { c: null, d: 2 } } }],
    ['into objects that are not there', { z: 1 }, { a: { b: { c: 1, d: [2] } } }],
    ['into an object that is there, by nothing', { a: { b: 1 } }, { a: {} }],
    [
      'whose keys come in another order, where they are there',
      { a: 1, b: { c: 1 }, z: 1 },
      { z: 2, b: { c: 2 }, a: 3 },
    ],
    ['one of whose keys is new, and in no other order than itself', { a: 1 }, { z: 2, a: 3 }],
    ['of keys that objects inherit', { toString: 1 }, { constructor: { __proto: 1 }, toString: null }],
    ['of an own __proto__', {}, JSON.parse('{"__proto__":{"a":1}}')],
    [
      'beside keys that no path can name',
      { '': 1, $x: { 'a.b': 1 }, 'a.b': { c: 1 } },
      { a: { b: { c: 2 } } },
    ],
    ['of a hundred keys', {}, Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`k${100 + i}`, i]))],
  ])('%s', async (_, stored, patch) => {
    expect(await merge(stored, patch)).toBe('in place')
  })
})

describe('a merge is calculated', () => {
  test.each<[string, JsonObject, JsonObject]>([
    ['when new keys come in another order than the server adds them', {}, { b: 1, a: 2 }],
    ['the order of bytes, not of UTF-16', {}, { '\u{1f600}': 1, '\uffff': 2 }],
    ['in an object too', { a: {} }, { a: { d: 1, c: 2 } }],
    ['when objects would be new in another order', { b: 1 }, { c: { x: 1 }, a: { x: 1 } }],
    ['when null makes an object', {}, { a: { b: null } }],
    ['when nothing makes an object', { a: 1 }, { b: {} }],
    ['when null makes an object in one', { a: {} }, { a: { b: { c: null }, d: 1 } }],
    ['when an object takes the place of a number', { a: 1 }, { a: { b: 1 } }],
    ['when an object takes the place of null', { a: null }, { a: { b: 1 } }],
    ['when an object takes the place of an array', { a: [] }, { a: { b: 1 } }],
    ['when an object takes the place of an array of objects', { a: [{ b: 2 }] }, { a: { b: 1 } }],
    ['also in an array of objects', { a: [{ b: { c: 1 } }] }, { a: { b: { c: 2 } } }],
    ['when a removal takes the place of an array', { a: [{ b: 2 }] }, { a: { b: null } }],
    ['for a key that has a dot', { a: { b: 1 } }, { 'a.b': 2 }],
    ['for a key that begins with $', { a: 1 }, { $set: { a: 2 } }],
    ['for an empty key', { a: 1 }, { '': 2 }],
    ['for a key that may be a place in an array', { a: [1, 2] }, { a: { 1: 3 } }],
    ['for a key that is too long', {}, { a: { ['x'.repeat(1000)]: 1 } }],
  ])('%s', async (_, stored, patch) => {
    expect(await merge(stored, patch)).toBe('calculated')
  })
})

const key = fc.constantFrom('a', 'b', 'c', 'B', 'é', '0', '1', '10', 'a.b', '$a', '')
const { object } = fc.letrec<{ object: JsonObject; value: JsonValue }>((tie) => ({
  object: fc
    .array(fc.tuple(key, tie('value')), { maxLength: 4 })
    .map((entries) => Object.fromEntries(entries)),
  value: fc.oneof(
    { depthSize: 'small' },
    fc.constantFrom<JsonValue>(null, 0, -0, 1, 'x', true),
    fc.array(tie('value'), { maxLength: 2 }),
    { arbitrary: tie('object'), weight: 3 },
  ),
}))

test('both ways make what the pure function makes, whatever is stored, and whatever the patch', async () => {
  const taken = { 'in place': 0, calculated: 0 }
  await fc.assert(
    fc.asyncProperty(object, object, async (stored, patch) => {
      taken[(await merge(stored, patch)) ?? 'calculated']++
    }),
    { numRuns: 300 },
  )
  expect(Math.min(...Object.values(taken))).toBeGreaterThan(20)
})

describe('either way', () => {
  test.each([
    ['in place', { a: 1, z: 2 }],
    ['calculated', { z: 2, a: 1 }],
  ])('%s: version, covers and conditions', async (road, patch) => {
    const { context } = await store.storeContext(userId, { kept: true })
    const { message } = await store.storeMessage({ userId, sender: 'user', content: 'hello' })
    const { messages } = await store.retrieveHistory(userId, { limit: 1 })
    const covers = messages[0]?.cursor
    expect(message.id).toBe(messages[0]?.id)
    for (const ifVersion of [0, context.version + 1]) {
      await expect(store.mergeContext(userId, patch, { ifVersion })).rejects.toMatchObject({
        code: 'VERSION_CONFLICT',
      })
    }
    const merged = await store.mergeContext(userId, patch, { ifVersion: context.version, covers })
    expect(roads.at(-1)).toBe(road)
    expect(merged).toMatchObject({
      created: false,
      context: { data: { kept: true, ...patch }, version: 2, covers },
    })
    expect(await store.retrieveContext(userId)).toEqual(merged.context)
  })

  test('a context without data gets it, once', async () => {
    const patch = { z: { b: null }, a: 1, gone: null }
    expect(await store.mergeContext(userId, patch)).toMatchObject({
      created: true,
      context: { data: { z: {}, a: 1 }, version: 1 },
    })
    await store.deleteContext(userId)
    expect(await store.mergeContext(userId, { a: 1 }, { ifVersion: 0 })).toMatchObject({
      created: true,
      context: { data: { a: 1 }, version: 3 },
    })
    expect(await store.mergeContext(userId, { a: 2 })).toMatchObject({ created: false })
  })

  test('a transaction goes on when a merge could not be written in place', async () => {
    await store.storeContext(userId, { a: 1, list: [{ b: 1 }] })
    const merged = await store.withTransaction(async (tx) => {
      roads.length = 0
      await tx.mergeContext(userId, { a: 2 })
      await tx.mergeContext(userId, { a: { b: 3 }, list: { b: 2 } })
      return tx.mergeContext(userId, { z: 1, y: 2 })
    })
    expect(roads.slice(0, 5)).toEqual(['in place', 'in place', 'calculated', 'in place', 'calculated'])
    expect(written(merged.context.data)).toBe('{"a":{"b":3},"list":{"b":2},"z":1,"y":2}')
    expect((await storedOf(db, userId)).contexts).toMatchObject([{ version: 4, data: merged.context.data }])
  })
})
