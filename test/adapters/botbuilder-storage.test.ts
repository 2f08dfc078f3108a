import { beforeAll, describe, expect, test } from '@jest/globals'
import type { Storage as AgentsStorage } from '@microsoft/agents-hosting'
import type { Storage, StoreItems } from 'botbuilder-core'
import type mongoose from 'mongoose'
import { botStorage } from '../../src/adapters/botbuilder.ts'
import type { DialogueStore } from '../../src/index.ts'
import { makeIdentity, makeProcesses, refusedPaths, rejection, untyped } from '../support/make.ts'

let store: DialogueStore
let other: DialogueStore
let db: mongoose.mongo.Db
beforeAll(async () => {
  ;({ store, other, db } = await makeProcesses())
})

let bots = 0
const makeStorage = (): Storage => botStorage(store, { namespace: `bot ${++bots}` })
/** The same in another process. */
const inOther = (): Storage => botStorage(other, { namespace: `bot ${bots}` })

/** The cases for implementers of microsoft/botbuilder-js, libraries/botbuilder-core/tests/storageBaseTests.js. */
describe('the base tests of the framework', () => {
  test('returnEmptyObjectWhenReadingUnknownKey', async () => {
    expect(await makeStorage().read(['unknown'])).toEqual({})
    expect(await makeStorage().read([])).toEqual({})
  })

  test('handleNullKeysWhenReading, handleNullKeysWhenWriting: refused, and a rejection', async () => {
    const storage = makeStorage()
    expect(await refusedPaths(storage.read(untyped(null)))).toEqual(['keys'])
    expect(await refusedPaths(storage.write(untyped(null)))).toEqual(['changes'])
    expect(await refusedPaths(storage.delete(untyped(null)))).toEqual(['keys'])
  })

  test('doesNotThrowWhenWritingNoItems', async () => {
    await makeStorage().write([])
  })

  test('createObject', async () => {
    const storage = makeStorage()
    await storage.write({ createPoco: { id: 1 }, createPocoStoreItem: { id: 2 } })
    const items = await storage.read(['createPoco', 'createPocoStoreItem'])
    const eTag = expect.any(String)
    expect(items).toEqual({ createPoco: { id: 1, eTag }, createPocoStoreItem: { id: 2, eTag } })
  })

  test('handleCrazyKeys', async () => {
    const storage = makeStorage()
    for (const key of ['!@#$%^&*()~/\\><,.?\';"`~', '__proto__', '$where', 'a.b', 'é\n']) {
      const items: StoreItems = {}
      Object.defineProperty(items, key, { value: { id: 1 }, enumerable: true })
      await storage.write(items)
      expect(Object.entries(await storage.read([key]))).toEqual([[key, { id: 1, eTag: expect.any(String) }]])
    }
  })

  test('updateObject', async () => {
    const storage = makeStorage()
    const both = ['pocoItem', 'pocoStoreItem']
    await storage.write({ pocoItem: { id: 1, count: 1 }, pocoStoreItem: { id: 1, count: 1 } })
    const loaded = await storage.read(both)
    const { pocoItem, pocoStoreItem } = loaded
    delete pocoItem.eTag
    pocoItem.count++
    pocoStoreItem.count++
    await storage.write(loaded)
    const again = await storage.read(both)
    expect(again.pocoStoreItem.eTag).not.toBe(pocoStoreItem.eTag)
    expect([again.pocoItem.count, again.pocoStoreItem.count]).toEqual([2, 2])
    await storage.write({ pocoItem: { ...pocoItem, count: 123 } })
    const stale = { pocoStoreItem: { ...pocoStoreItem, count: 123 } }
    const error = await rejection(storage.write(stale), 'VERSION_CONFLICT')
    expect(error).toMatchObject({ outcome: 'not-applied', message: expect.stringContaining('eTag conflict') })
    const third = await storage.read(both)
    expect([third.pocoItem.count, third.pocoStoreItem.count]).toEqual([123, 2])
    delete third.pocoItem.eTag
    await storage.write({
      pocoItem: { ...third.pocoItem, count: 100 },
      pocoStoreItem: { ...third.pocoStoreItem, count: 100, eTag: '*' },
    })
    const last = await storage.read(both)
    expect([last.pocoItem.count, last.pocoStoreItem.count]).toEqual([100, 100])
  })

  test('deleteObject, deleteUnknownObject', async () => {
    const storage = makeStorage()
    await storage.write({ delete1: { id: 1, count: 1 } })
    expect(await storage.read(['delete1'])).toMatchObject({ delete1: { count: 1 } })
    await storage.delete(['delete1'])
    expect(await storage.read(['delete1'])).toEqual({})
    await storage.delete(['unknown_key'])
  })

  test('performBatchOperations', async () => {
    const storage = makeStorage()
    const keys = ['batch1', 'batch2', 'batch3']
    await storage.write({ batch1: { count: 10 }, batch2: { count: 20 }, batch3: { count: 30 } })
    const items = await storage.read(keys)
    expect(keys.map((key) => items[key].count)).toEqual([10, 20, 30])
    await storage.delete(keys)
    expect(await storage.read(keys)).toEqual({})
  })
})

describe('eTags', () => {
  test('let one of two processes change what both have read', async () => {
    const [one, two] = [makeStorage(), inOther()]
    await one.write({ k: { n: 0 } })
    const [mine, theirs] = [await one.read(['k']), await two.read(['k'])]
    const outcomes = await Promise.allSettled([
      one.write({ k: { ...mine.k, n: 1 } }),
      two.write({ k: { ...theirs.k, n: 2 } }),
    ])
    expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
    const won = outcomes[0]?.status === 'fulfilled' ? 1 : 2
    expect((await one.read(['k'])).k.n).toBe(won)
  })

  test('of an item that is gone, or was deleted and began anew, conflict', async () => {
    const storage = makeStorage()
    await storage.write({ k: { n: 0 } })
    const { k } = await storage.read(['k'])
    await storage.delete(['k'])
    await rejection(storage.write({ k }), 'VERSION_CONFLICT')
    expect(await storage.read(['k'])).toEqual({})
    await storage.write({ k: { n: 1 } })
    await rejection(storage.write({ k }), 'VERSION_CONFLICT')
    expect(await storage.read(['k'])).toMatchObject({ k: { n: 1 } })
    for (const eTag of ['1', 'W/"odd"', `9${k.eTag}`])
      await rejection(storage.write({ k: { n: 2, eTag } }), 'VERSION_CONFLICT')
  })

  test('that are wrong fail their own item, and the others of a write are stored', async () => {
    const storage = makeStorage()
    await storage.write({ a: { n: 0 }, b: { n: 0 }, c: { n: 0 } })
    const { b } = await storage.read(['b'])
    await storage.write({ b: { n: 1 } })
    const failed = await rejection(storage.write({ a: { n: 2 }, b, c: { n: 2 } }), 'VERSION_CONFLICT')
    expect(failed.outcome).toBe('unknown')
    const items = await storage.read(['a', 'b', 'c'])
    expect([items.a.n, items.b.n, items.c.n]).toEqual([2, 1, 2])
  })

  test('that are absent or * overwrite, however many do so at once', async () => {
    const [one, two] = [makeStorage(), inOther()]
    await Promise.all(
      Array.from({ length: 20 }, (_, n) =>
        (n % 2 ? one : two).write({ k: { n, ...(n % 3 && { eTag: '*' }) } }),
      ),
    )
    const stored = await db
      .collection('dialogue_sessions')
      .find({ namespace: `bot ${bots}` })
      .toArray()
    expect(stored).toMatchObject([{ key: 'k', version: 20 }])
    expect(stored[0]?.data.value).not.toHaveProperty('eTag')
  })
})

test('items are what JSON makes of them, as in the framework’s own storages', async () => {
  const storage = makeStorage()
  const item = { at: new Date(0), none: undefined, deep: [{ 'a.b': { $set: null } }], fn: () => 1 }
  await storage.write({ k: item })
  const { k } = await storage.read(['k'])
  expect(k).toEqual({ ...JSON.parse(JSON.stringify(item)), eTag: k.eTag })
})

test('what cannot be is refused before anything is sent', async () => {
  const storage = makeStorage()
  const circle: Record<string, unknown> = {}
  circle.self = circle
  for (const wrong of ['text', 7, null, [1], circle, { n: 1n }, { s: '\ud800' }])
    expect(await refusedPaths(storage.write({ fine: {}, wrong }))).toHaveLength(1)
  expect(await refusedPaths(storage.write({ '': {} }))).toEqual(['changes.'])
  expect(await storage.read(['fine'])).toEqual({})
  const throwing = new Proxy(
    {},
    {
      ownKeys: () => {
        throw new Error('secret')
      },
    },
  )
  expect(await refusedPaths(storage.write(throwing))).toEqual(['changes'])
  expect(() => botStorage(store, untyped({}))).toThrow('options.namespace')
  expect(() => botStorage(store, untyped({ namespace: 'x', userOf: 1 }))).toThrow('options.userOf')
  expect(() => botStorage(untyped(null), { namespace: 'x' })).toThrow('store')
})

test('state belongs to its user, and goes with them; who had read it brings nothing back', async () => {
  const identity = makeIdentity('emulator')
  const options = { namespace: 'owned', userOf: () => identity }
  const [one, two] = [botStorage(store, options), botStorage(other, options)]
  await one.write({ 'emulator/users/7': { name: 'Ana' } })
  const user = await store.findUser(identity)
  const mine = await two.read(['emulator/users/7'])
  await store.deleteUser(user?.id ?? '')
  expect(await one.read(['emulator/users/7'])).toEqual({})
  await rejection(two.write(mine), 'VERSION_CONFLICT')
  expect(await store.findUser(identity)).toBeNull()
})

test('the same factory serves the Agents SDK', async () => {
  const storage: AgentsStorage = makeStorage()
  await storage.write({ k: { n: 1 } })
  expect((await storage.read(['k'])).k).toMatchObject({ n: 1 })
})
