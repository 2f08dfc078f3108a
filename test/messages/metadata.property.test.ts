import { inspect, isDeepStrictEqual } from 'node:util'
import { beforeAll, expect, test } from '@jest/globals'
import fc from 'fast-check'
import type mongoose from 'mongoose'
import { ObjectId } from '../../src/ids.ts'
import type { DialogueStore, JsonObject } from '../../src/index.ts'
import { makeUser, makeWorld, refusedPaths } from '../support/make.ts'

let store: DialogueStore
let messages: mongoose.mongo.Collection
let userId: string
beforeAll(async () => {
  const world = await makeWorld()
  store = world.store
  /* By default the driver gives some arrays as raw BSON: see the test of inherited keys. */
  messages = world.db.collection('dialogue_messages', { fieldsAsRaw: Object.create(null) })
  userId = (await makeUser(store)).id
})

/** Keys that a query language, or an object of JavaScript, has a meaning for. */
const key = fc.oneof(
  fc.constantFrom('', 'a.b', '$set', '$$ROOT', '__proto__', 'constructor', 'toJSON', '_id', '0'),
  fc.string({ unit: 'grapheme' }).filter((text) => !text.includes('\0')),
)
const { value } = fc.letrec<{ value: unknown; object: unknown; array: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.constant(null),
    fc.boolean(),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.maxSafeInteger(),
    fc.string({ unit: 'grapheme' }),
    tie('object'),
    tie('array'),
  ),
  object: fc.dictionary(key, tie('value'), { maxKeys: 5, noNullPrototype: true }),
  array: fc.array(tie('value'), { maxLength: 5 }),
}))
const metadata = fc.dictionary(key, value, { maxKeys: 5, noNullPrototype: true })

/** Keys, values and prototypes, zeros with their sign. (`toStrictEqual` asks a key named `constructor` for the type.) */
function expectSame(actual: unknown, expected: unknown): void {
  if (!isDeepStrictEqual(actual, expected))
    throw new Error(`${inspect(actual)} instead of ${inspect(expected)}`)
}

test('metadata comes back exactly as it went in, stored or changed', async () => {
  const empty = { userId, sender: 'user', content: 'x' }
  await fc.assert(
    fc.asyncProperty(metadata, metadata, async (first, second) => {
      const { message } = await store.storeMessage({ ...empty, metadata: first })
      expectSame(message.metadata, first)
      expectSame((await store.getMessage(userId, { id: message.id })).metadata, first)
      const changed = await store.updateMessage(userId, message.id, { metadata: second })
      expectSame(changed.metadata, second)
      const [read] = (await store.retrieveHistory(userId, { limit: 1, count: false })).messages
      expectSame(read?.metadata, second)
      const stored = await messages.findOne({ _id: new ObjectId(message.id) })
      expectSame(stored?.metadata, second)
    }),
    { numRuns: 40 },
  )
})

test('arrays of objects come back under keys that every object inherits', async () => {
  const inherited = ['constructor', 'toString', 'valueOf', 'hasOwnProperty', 'isPrototypeOf']
  const given = Object.fromEntries(inherited.map((name) => [name, [{ a: 1 }, [{ b: [{}] }]]]))
  const { message } = await store.storeMessage({ userId, sender: 'user', content: 'x', metadata: given })
  expectSame((await store.getMessage(userId, { id: message.id })).metadata, given)
  expectSame((await store.retrieveHistory(userId, { limit: 1 })).messages[0]?.metadata, given)
  expectSame((await store.updateMessage(userId, message.id, { content: 'y' })).metadata, given)
})

test('metadata may be ninety levels deep, in an update too', async () => {
  const nested = (levels: number): JsonObject => (levels === 1 ? {} : { a: nested(levels - 1) })
  const { message } = await store.storeMessage({ userId, sender: 'user', content: 'x', metadata: nested(90) })
  expect(message.metadata).toEqual(nested(90))
  const changed = await store.updateMessage(userId, message.id, { metadata: { b: nested(89) } })
  expect(changed.metadata).toEqual({ b: nested(89) })
  const [path] = await refusedPaths(
    store.storeMessage({ userId, sender: 'user', content: 'x', metadata: nested(91) }),
  )
  expect(path).toMatch(/^metadata\.a\.a/)
})
