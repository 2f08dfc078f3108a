import { beforeAll, describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import mongoose from 'mongoose'
import { jsonObject, nested, written } from '../../scripts/lib/json-values.ts'
import { type DialogueStore, type JsonObject, openStore } from '../../src/index.ts'
import { testServer } from '../../src/testing/index.ts'
import { makeEvent, makeUser, makeWorld, refusedPaths, storedOf, untyped } from '../support/make.ts'

let store: DialogueStore
let db: mongoose.mongo.Db
let dbName: string
beforeAll(async () => {
  ;({ store, db, dbName } = await makeWorld())
})

interface Road {
  field: string
  /** Stores a value in a JSON field, and gives back what the verb gave. */
  store(value: object): Promise<unknown>
  /** Reads it again. */
  read(): Promise<unknown>
}

/** Every way that a JSON value takes to the server and back. */
async function makeRoads(): Promise<Road[]> {
  const [{ id }, { id: other }] = await Promise.all([makeUser(store), makeUser(store)])
  let event = await makeEvent(store, id)
  const { message } = await store.storeMessage({ userId: id, sender: 'user', content: 'hello' })
  let user = await makeUser(store)
  return [
    {
      field: 'data',
      store: async (data) => (await store.storeContext(id, data)).context.data,
      read: async () => (await store.retrieveContext(id)).data,
    },
    {
      field: 'data',
      store: async (data) => (await store.updateContext(other, () => data)).context.data,
      read: async () => (await store.retrieveContext(other)).data,
    },
    {
      field: 'data',
      store: async (data) => {
        user = await makeUser(store, { data })
        return user.data
      },
      read: async () => (await store.getUser(user.id)).data,
    },
    {
      field: 'data',
      store: async (data) => {
        event = await makeEvent(store, id, { data })
        return event.data
      },
      read: async () => (await store.getEvent(event.id)).data,
    },
    {
      field: 'metadata',
      store: async (metadata) => (await store.updateMessage(id, message.id, { metadata })).metadata,
      read: async () => (await store.getMessage(id, { id: message.id })).metadata,
    },
    {
      field: 'metadata',
      store: async (metadata) =>
        (await store.storeMessage({ userId: other, sender: 'user', content: 'x', metadata })).message
          .metadata,
      read: async () => (await store.retrieveHistory(other, { limit: 1 })).messages[0]?.metadata,
    },
  ]
}

async function expectExact(roads: Road[], value: JsonObject): Promise<void> {
  const expected = written(value)
  await Promise.all(
    roads.map(async (road) => {
      expect(written(await road.store(value))).toBe(expected)
      expect(written(await road.read())).toBe(expected)
    }),
  )
}

describe('every JSON value comes back exactly as it went in', () => {
  test('by each verb that takes one', async () => {
    const roads = await makeRoads()
    await fc.assert(
      fc.asyncProperty(jsonObject, (value) => expectExact(roads, value)),
      { numRuns: 30 },
    )
  })

  test('many of them, in one context', async () => {
    const { id } = await makeUser(store)
    await fc.assert(
      fc.asyncProperty(fc.array(jsonObject, { minLength: 40, maxLength: 40 }), async (many) => {
        await store.storeContext(id, { many })
        expect(written((await store.retrieveContext(id)).data)).toBe(written({ many }))
      }),
      { numRuns: 10 },
    )
  })

  test('at every depth up to 90', async () => {
    const roads = await makeRoads()
    for (const depth of [2, 30, 60, 90]) {
      await expectExact(roads, { a: nested(depth - 1, (inner) => ({ $a: inner })) })
      await expectExact(roads, { a: nested(depth - 1, (inner) => [inner]) })
    }
  })

  test.each([
    {},
    { a: {} },
    { a: [] },
    { a: [{}, [], null] },
    { '': { '': '' } },
    JSON.parse('{"__proto__":{"x":1}}'),
  ])('also the empty and odd: %j', async (value) => expectExact(await makeRoads(), value))

  test('and is stored as itself, so that it can be asked for', async () => {
    const { id } = await makeUser(store, { data: { draft: { at: '10:00', n: 1.5 } } })
    expect((await storedOf(db, id)).users[0]?.data).toEqual({ draft: { at: '10:00', n: 1.5 } })
    const filter = { 'data.draft.at': '10:00' }
    expect(await db.collection('dialogue_users').countDocuments(filter)).toBe(1)
  })
})

describe('what JSON cannot say is refused by its path before anything is sent', () => {
  test('by each verb that takes JSON', async () => {
    const roads = await makeRoads()
    const { uri } = await testServer()
    const connection = await mongoose.createConnection(uri, { dbName, monitorCommands: true }).asPromise()
    const watched = await openStore({ connection })
    const sent: string[] = []
    connection.getClient().on('commandStarted', ({ commandName }) => sent.push(commandName))
    const ours = store
    store = watched
    try {
      for (const bad of [
        new Date(),
        new Map(),
        1n,
        () => 1,
        Symbol('x'),
        Number.NaN,
        [undefined],
        '\ud800',
      ]) {
        for (const road of roads) {
          const [path, ...more] = await refusedPaths(road.store(untyped({ ok: [{ bad }] })))
          expect([more, path]).toEqual([
            [],
            expect.stringMatching(`(^|\\.)${road.field}\\.ok\\.0\\.bad(\\.0)?$`),
          ])
        }
      }
    } finally {
      store = ours
    }
    /* updateContext reads before it calls its function, and nothing else is sent. */
    expect(new Set(sent)).toEqual(new Set(['find']))
    await watched.close()
    await connection.close()
  })

  test('by the patches of users, contexts and events', async () => {
    const { id } = await makeUser(store)
    const event = await makeEvent(store, id)
    const cycle: Record<string, unknown> = {}
    cycle.again = cycle
    for (const [bad, where] of [
      [{ x: new Date() }, 'x'],
      [{ x: { $ref: 'a', $id: 'b' } }, 'x'],
      [{ x: { _bsontype: 'ObjectId' } }, 'x._bsontype'],
      [{ x: nested(90, (inner) => [inner]) }, `x${'.0'.repeat(89)}`],
      [cycle, Array(90).fill('again').join('.')],
    ] as const) {
      expect(await refusedPaths(store.updateUser(id, { data: bad }))).toEqual([`patch.data.${where}`])
      expect(await refusedPaths(store.mergeContext(id, bad))).toEqual([`patch.${where}`])
      expect(await refusedPaths(store.updateEvent(event.id, { data: bad }))).toEqual([`patch.data.${where}`])
    }
  })
})
