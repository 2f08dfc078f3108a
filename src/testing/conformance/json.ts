import { ok } from 'node:assert/strict'
import type { JsonObject, JsonValue } from '../../index.ts'
import { casesOf, type Scene } from './case.ts'
import { refuses, rejects, sameJson } from './checks.ts'
import { appointment, BEGIN, say, untyped } from './samples.ts'

/** A way of a JSON object into the store, and out of it again. */
interface Road {
  /** What the verb answers, as stored. */
  into(json: object): Promise<unknown>
  out(): Promise<unknown>
  /** How many levels lie around it: a patch is merged, so what it brings goes in a list. */
  around: 0 | 2
}

const inList = (data: JsonObject): unknown => (data.list as JsonValue[])[0]

function roadsOfContexts({ store }: Scene, ids: string[]): Road[] {
  const [first = '', second = '', third = ''] = ids
  const out = (userId: string) => async () => (await store.retrieveContext(userId)).data
  return [
    {
      into: async (json) => (await store.storeContext(first, json)).context.data,
      out: out(first),
      around: 0,
    },
    {
      into: async (json) => (await store.updateContext(second, () => json)).context.data,
      out: out(second),
      around: 0,
    },
    {
      into: async (json) => inList((await store.mergeContext(third, { list: [json] })).context.data),
      out: async () => inList(await out(third)()),
      around: 2,
    },
  ]
}

async function roadsOfUsers({ store, person }: Scene): Promise<Road[]> {
  let [made, changed] = [await person(), await person()]
  return [
    {
      into: async (data) => {
        made = await person({ data })
        return made.data
      },
      out: async () => (await store.getUser(made.id)).data,
      around: 0,
    },
    {
      into: async (json) => {
        changed = await store.updateUser(changed.id, { data: { list: [json] } })
        return inList(changed.data)
      },
      out: async () => inList((await store.getUser(changed.id)).data),
      around: 2,
    },
  ]
}

async function roadsOfMessages({ store }: Scene, userId: string): Promise<Road[]> {
  const { id } = await say(store, userId, 'changed')
  return [
    {
      into: async (metadata) => (await say(store, userId, 'said', { metadata })).metadata,
      out: async () => (await store.retrieveHistory(userId, { limit: 1 })).messages[0]?.metadata,
      around: 0,
    },
    {
      into: async (metadata) => (await store.updateMessage(userId, id, { metadata })).metadata,
      out: async () => (await store.getMessage(userId, { id })).metadata,
      around: 0,
    },
  ]
}

async function roadsOfEvents({ store }: Scene, creatorId: string): Promise<Road[]> {
  let made = await appointment(store, creatorId, BEGIN)
  const changed = made.id
  return [
    {
      into: async (data) => {
        made = await appointment(store, creatorId, BEGIN, { data })
        return made.data
      },
      out: async () => (await store.getEvent(made.id)).data,
      around: 0,
    },
    {
      into: async (json) => inList((await store.updateEvent(changed, { data: { list: [json] } })).data),
      out: async () => inList((await store.getEvent(changed)).data),
      around: 2,
    },
  ]
}

async function makeRoads(scene: Scene): Promise<Road[]> {
  const ids = (await Promise.all([1, 2, 3].map(() => scene.person()))).map(({ id }) => id)
  const [user = ''] = ids
  return [
    ...roadsOfContexts(scene, ids),
    ...(await roadsOfUsers(scene)),
    ...(await roadsOfMessages(scene, user)),
    ...(await roadsOfEvents(scene, user)),
  ]
}

const EXACT: JsonObject[] = [
  {},
  { a: {}, b: [], c: [{}, [], null, [[]]] },
  { '': { '': '' }, '.': 1, 'a.b': { '.c': 2 }, $: 3, $set: { a: '$name' }, $ref: 'x', $date: 0 },
  JSON.parse('{"__proto__": {"x": 1}, "constructor": 1, "toString": null, "then": 2, "length": 3}'),
  { z: 1, a: 2, 10: 3, 2: 4, _id: 'x', id: 'y', userId: 'z' },
  {
    zero: [0, -0],
    large: [2 ** 31, -(2 ** 31) - 1, 2 ** 53 - 1, 2 ** 63, 1e308],
    small: [5e-324, 0.1 + 0.2],
  },
  { texts: ['', '\0', '$$NOW', '2026-01-01T00:00:00.000Z', 'مرحبا', '👩‍👩‍👧', 'cafe\u0301', '\uffff'] },
  { é: true, '\u{1f600}': false, 'e\u0301': null },
]

class Tea {
  cups = 1
}
const cycle: Record<string, unknown> = {}
cycle.again = cycle

/** What JSON cannot say, and what BSON would change. */
const REFUSED: unknown[] = [
  ...[
    new Date(),
    new Map([[1, 2]]),
    new Tea(),
    () => 1,
    1n,
    Symbol('x'),
    Number.NaN,
    Number.POSITIVE_INFINITY,
  ],
  ...['x\ud800', cycle, [undefined], Array(2), { 'a\0b': 1 }, { 'a\udc00': 1 }],
  ...[
    { _bsontype: 'ObjectId', id: 'x' },
    { $ref: 'users', $id: 'x' },
  ],
]

/** A value in so many objects, or arrays. */
function nested(levels: number, wrap: (inner: JsonValue) => JsonValue): JsonValue {
  let value: JsonValue = 'the innermost'
  for (let level = 0; level < levels; level++) value = wrap(value)
  return value
}

export const json = casesOf('JSON', {
  'comes back exactly as it went in, by every verb': async (scene) => {
    const roads = await makeRoads(scene)
    for (const value of EXACT)
      await Promise.all(
        roads.map(async ({ into, out }) => {
          sameJson(await into(value), value)
          sameJson(await out(), value)
        }),
      )
  },

  'may be 90 levels deep, and no deeper': async (scene) => {
    const roads = await makeRoads(scene)
    for (const wrap of [(inner: JsonValue) => ({ $a: inner }), (inner: JsonValue) => [inner]])
      await Promise.all(
        roads.map(async ({ into, out, around }) => {
          const deep = { a: nested(89 - around, wrap) }
          sameJson(await into(deep), deep)
          sameJson(await out(), deep)
          await refuses(into({ a: nested(90 - around, wrap) }))
        }),
      )
  },

  'that is undefined is absent in an object': async (scene) => {
    for (const { into, out } of await makeRoads(scene)) {
      await into({ kept: 1, gone: undefined, deep: { gone: undefined } })
      sameJson(await out(), { kept: 1, deep: {} })
    }
  },

  'that would not come back is refused by its place, and nothing changes': async (scene) => {
    for (const { into, out } of await makeRoads(scene)) {
      await into({ kept: true })
      for (const bad of REFUSED) {
        const { issues = [] } = await rejects(into({ fine: [{ bad }] }), 'INVALID_INPUT')
        const places = issues.map(({ path }) => path.join('.'))
        ok(
          places.some((place) => /(^|\.)fine\.0\.bad(\.|$)/.test(place)),
          `fine.0.bad is wrong, and ${places} was named`,
        )
      }
      await refuses(into({ fine: [{ bad: ['x', undefined] }] }), 'fine.0.bad.1')
      sameJson(await out(), { kept: true })
    }
  },

  'is an object': async (scene) => {
    for (const { into, around } of await makeRoads(scene))
      if (!around)
        for (const value of [[], 'text', 1, new Date(), new Tea()]) await refuses(into(untyped(value)))
  },
})
