import { describe, expect, test } from '@jest/globals'
import { z } from 'zod'
import { ObjectId } from '../../src/ids.ts'
import type { DialogueStore, JsonObject } from '../../src/index.ts'
import { makeIdentity, refusedPaths, rejection, storedOf, untyped } from '../support/make.ts'
import { makeDatabase, makeStore } from '../support/store.ts'

const shapes = {
  context: z
    .object({ summary: z.string().trim(), turns: z.int().default(0), most: z.int().optional() })
    .refine(({ turns, most }) => most === undefined || turns <= most, {
      path: ['turns'],
      message: 'are too many',
    }),
  userData: z.strictObject({
    plan: z.enum(['free', 'paid']).default('free'),
    draft: z.object({ title: z.string() }).optional(),
  }),
  metadata: z.object({ model: z.string(), cached: z.boolean().default(false) }),
  eventData: z.object({ seats: z.int().max(10).default(2) }),
}

/** True only for two types that are the same. */
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
const same = <A, B>(_: Same<A, B>) => {}

async function makeShaped() {
  const { db, dbName } = await makeDatabase()
  const store = await makeStore({ dbName, shapes })
  const { id } = await store.createUser({ name: 'Ana' })
  return { store, db, id }
}

describe("the context's shape", () => {
  test('types it, and what it gives out is stored: defaults, transformed values, known keys', async () => {
    const { store, db, id } = await makeShaped()
    const input = { summary: ' likes mornings ', unknown: true }
    const { context } = await store.storeContext(id, input)
    same<typeof context.data, { summary: string; turns: number; most?: number | undefined }>(true)
    expect(context.data).toEqual({ summary: 'likes mornings', turns: 0 })
    expect((await storedOf(db, id)).contexts[0]?.data).toEqual(context.data)
    const read = await store.retrieveContext(id)
    same<typeof read.data, typeof context.data>(true)
    expect(read).toEqual(context)
  })

  test('checks what is stored, merged and given back by a function, each as a whole', async () => {
    const { store, id } = await makeShaped()
    await store.storeContext(id, { summary: 'x', turns: 3, most: 5 })
    const calls: [string, () => Promise<unknown>][] = [
      ['data.summary', () => store.storeContext(id, untyped({ turns: 1 }))],
      ['data.turns', () => store.storeContext(id, { summary: 'x', turns: 2, most: 1 })],
      ['data.summary', () => store.mergeContext(id, { summary: null })],
      ['data.turns', () => store.mergeContext(id, { turns: 6 })],
      ['data.turns', () => store.mergeContext(id, { most: 2 })],
      ['data.turns', () => store.updateContext(id, (data) => ({ ...data, turns: 0.5 }))],
      ['data.summary', () => store.updateContext(id, (data) => untyped({ turns: data.turns }))],
    ]
    for (const [path, call] of calls) expect(await refusedPaths(call())).toEqual([path])
    expect(await store.retrieveContext(id)).toMatchObject({ data: { turns: 3, most: 5 }, version: 1 })
    const { context } = await store.mergeContext(id, { turns: 6, most: 6 })
    expect(context.data).toEqual({ summary: 'x', turns: 6, most: 6 })
  })

  test('gives a function typed data, {} before there is any', async () => {
    const { store, id } = await makeShaped()
    const { context } = await store.updateContext(id, (data) => {
      same<typeof data.turns, number>(true)
      return { summary: data.summary ?? 'new', turns: (data.turns ?? 0) + 1 }
    })
    expect(context.data).toEqual({ summary: 'new', turns: 1 })
  })

  test('loses none of thirty merges at once', async () => {
    const { store, id } = await makeShaped()
    const open = await makeStore({ shapes: { context: z.record(z.string(), z.int()) } })
    const user = await open.createUser({ name: 'Ana' })
    await Promise.all(Array.from({ length: 30 }, (_, i) => open.mergeContext(user.id, { [`k${i}`]: i })))
    const { data, version } = await open.retrieveContext(user.id)
    expect([Object.keys(data).length, version]).toEqual([30, 30])
    await store.storeContext(id, { summary: 'x' })
    await store.storeContext(id, { summary: 'y' })
    await rejection(store.mergeContext(id, { turns: 1 }, { ifVersion: 1 }), 'VERSION_CONFLICT')
  })
})

describe("the user data's shape", () => {
  test('types it, stores its defaults, and checks it at every door', async () => {
    const { store, db } = await makeShaped()
    const user = await store.createUser({ name: 'Ana' })
    same<typeof user.data.plan, 'free' | 'paid'>(true)
    expect((await storedOf(db, user.id)).users[0]?.data).toEqual({ plan: 'free' })
    const { user: first } = await store.ensureUser(makeIdentity(), { data: { plan: 'paid' } })
    expect(first.data).toEqual({ plan: 'paid' })
    expect(await refusedPaths(store.createUser({ name: 'A', data: untyped({ plan: 'gold' }) }))).toEqual([
      'data.plan',
    ])
    expect(await refusedPaths(store.ensureUser(makeIdentity(), { data: untyped({ x: 1 }) }))).toEqual([
      'defaults.data.x',
    ])
  })

  test('checks merges as a whole, and gives its defaults back for null', async () => {
    const { store, id } = await makeShaped()
    const drafted = await store.updateUser(id, { data: { plan: 'paid', draft: { title: 'Dentist' } } })
    expect(drafted.data).toEqual({ plan: 'paid', draft: { title: 'Dentist' } })
    expect(await refusedPaths(store.updateUser(id, { data: { draft: { title: null } } }))).toEqual([
      'data.draft.title',
    ])
    const byFunction = store.updateUser(id, ({ data }) => ({
      data: { draft: { title: data.draft ? 7 : 8 } },
    }))
    expect(await refusedPaths(byFunction)).toEqual(['data.draft.title'])
    expect((await store.updateUser(id, { data: { draft: null } })).data).toEqual({ plan: 'paid' })
    expect((await store.updateUser(id, { data: null })).data).toEqual({ plan: 'free' })
  })

  test('that needs something refuses null, too', async () => {
    const store = await makeStore({ shapes: { userData: z.object({ city: z.string() }) } })
    expect(await refusedPaths(store.createUser(untyped({ name: 'Ana' })))).toEqual(['data.city'])
    const { id } = await store.createUser({ name: 'Ana', data: { city: 'Recife' } })
    expect(await refusedPaths(store.updateUser(id, { data: null }))).toEqual(['data.city'])
    expect((await store.getUser(id)).data).toEqual({ city: 'Recife' })
  })

  test('lets conditions hold, though the merge is no single write', async () => {
    const { store, id } = await makeShaped()
    await store.updateUser(id, { states: { booking: 'asked' } })
    const patch = { data: { plan: 'paid' } }
    await rejection(store.updateUser(id, patch, { ifVersion: 1 }), 'VERSION_CONFLICT')
    await rejection(store.updateUser(id, patch, { ifStates: { booking: null } }), 'STATE_CONFLICT')
    expect((await store.getUser(id)).data.plan).toBe('free')
    const now = { ifVersion: 2, ifStates: { booking: 'asked' } }
    expect((await store.updateUser(id, patch, now)).data.plan).toBe('paid')
  })
})

describe('the shapes of metadata and event data', () => {
  test('type and check them, and store their defaults', async () => {
    const { store, db, id } = await makeShaped()
    const said = { userId: id, sender: 'assistant', content: 'hello' }
    const { message } = await store.storeMessage({ ...said, metadata: { model: 'm1' } })
    same<typeof message.metadata, { model: string; cached: boolean }>(true)
    const { event } = await store.storeEvent({ creatorId: id, summary: 'x', start: new Date() })
    same<typeof event.data, { seats: number }>(true)
    const stored = await storedOf(db, id)
    expect(stored.messages[0]?.metadata).toEqual({ model: 'm1', cached: false })
    expect(stored.events[0]?.data).toEqual({ seats: 2 })
    expect(await refusedPaths(store.storeMessage({ ...said, metadata: untyped({ model: 1 }) }))).toEqual([
      'metadata.model',
    ])
    expect(await refusedPaths(store.updateEvent(event.id, { data: { seats: 11 } }))).toEqual(['data.seats'])
  })
})

describe('a shape that goes wrong', () => {
  const storeWith = async (context: z.ZodType) => {
    const store = await makeStore({ shapes: { context } })
    const { id } = await store.createUser({ name: 'Ana' })
    return store.storeContext(id, { at: '2026-01-01' })
  }

  test('by giving out what JSON cannot say is INVALID_INPUT at that place', async () => {
    expect(await refusedPaths(storeWith(z.object({ at: z.coerce.date() })))).toEqual(['data.at'])
    expect(await refusedPaths(storeWith(z.object({}).transform(() => new Map())))).toEqual(['data'])
  })

  test('by throwing, or by being asynchronous, is INVALID_INPUT, and its error stays out', async () => {
    const throwing = z.object({}).refine(() => {
      throw new TypeError('a secret')
    })
    const error = await rejection(storeWith(throwing), 'INVALID_INPUT')
    expect(error.issues).toEqual([{ path: ['data'], reason: 'has a shape that throws' }])
    expect(error.cause?.name).toBe('TypeError')
    expect(
      JSON.stringify([error.message, error.cause, error.cause?.message, error.cause?.stack]),
    ).not.toContain('secret')
    const asynchronous = await rejection(storeWith(z.object({}).refine(async () => true)), 'INVALID_INPUT')
    expect(asynchronous.issues).toEqual([{ path: ['data'], reason: 'has a shape that is asynchronous' }])
  })
})

describe('without shapes', () => {
  /** Not a type alias: interfaces have no index signature. */
  interface Draft {
    title: string
    note?: string
    guests: { name: string }[]
  }

  test('any interface is taken as input, and JSON comes out', async () => {
    const store: DialogueStore = await makeStore()
    const draft: Draft = { title: 'Dentist', guests: [{ name: 'Bia' }] }
    const { id, data } = await store.createUser({ name: 'Ana', data: draft })
    same<typeof data, JsonObject>(true)
    const start = new Date()
    const all = await Promise.all([
      store.ensureUser(makeIdentity(), { data: draft }).then(({ user }) => user.data),
      store.updateUser(id, { data: draft }).then((user) => user.data),
      store.updateUser(id, () => ({ data: draft })).then((user) => user.data),
      store.storeContext(id, draft).then(({ context }) => context.data),
      store.mergeContext(id, draft).then(({ context }) => context.data),
      store.updateContext(id, () => draft).then(({ context }) => context.data),
      store.storeEvent({ creatorId: id, summary: 'x', start, data: draft }).then(({ event }) => event.data),
      store
        .storeMessage({ userId: new ObjectId(id), sender: 'user', content: 'x', metadata: draft })
        .then(({ message }) => message.metadata),
    ])
    for (const stored of all) expect(stored).toEqual(draft)
  })
})
