import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { type DialogueStore, DialogueStoreError, type User } from '../../src/index.ts'
import { makeIdentity, makeUser, makeWorld, refusedPaths, rejection, untyped } from '../support/make.ts'
import { makeStore } from '../support/store.ts'

let store: DialogueStore
let dbName: string
beforeAll(async () => {
  ;({ store, dbName } = await makeWorld())
})

const together = <T>(count: number, call: (i: number) => Promise<T>) =>
  Promise.allSettled(Array.from({ length: count }, (_, i) => call(i)))

const fulfilled = (outcomes: PromiseSettledResult<unknown>[]) =>
  outcomes.filter(({ status }) => status === 'fulfilled').length

const codes = (outcomes: PromiseSettledResult<unknown>[]) =>
  new Set(outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason.code] : [])))

/** More keys than one pipeline takes: the store reads, merges and swaps. */
const large = (value: unknown) =>
  Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`k${i}`, i === 0 ? value : i]))

describe('two changes at once', () => {
  test('lose neither: other states, other data', async () => {
    const user = await makeUser(store, {
      states: { registration: 'new' },
      data: { draft: { title: 'Dentist' } },
    })
    await Promise.all([
      store.updateUser(user.id, { states: { registration: 'done' } }),
      store.updateUser(user.id, { states: { scheduling: 'asked' }, data: { draft: { at: '10:00' } } }),
      store.updateUser(user.id, { data: { draft: { place: 'here' } } }),
    ])
    expect(await store.getUser(user.id)).toMatchObject({
      states: { registration: 'done', scheduling: 'asked' },
      data: { draft: { title: 'Dentist', at: '10:00', place: 'here' } },
      version: 4,
    })
  })

  test('lose none of fifty, large and small, over two stores', async () => {
    const other = await makeStore({ dbName })
    const user = await makeUser(store)
    await together(50, (i) => {
      const data = i % 5 ? { own: { [`u${i}`]: i } } : { ...large(0), own: { [`u${i}`]: i } }
      return (i % 2 ? store : other).updateUser(user.id, { data })
    })
    const { data, version } = await store.getUser(user.id)
    expect(Object.keys(Object(data.own))).toHaveLength(50)
    expect(version).toBe(51)
  })
})

describe('ifVersion', () => {
  test('lets one of twenty through; the others learn what is stored', async () => {
    const user = await makeUser(store)
    const outcomes = await together(20, (i) => store.updateUser(user.id, { data: { i } }, { ifVersion: 1 }))
    expect(fulfilled(outcomes)).toBe(1)
    expect(codes(outcomes)).toEqual(new Set(['VERSION_CONFLICT']))
    const late = store.updateUser(user.id, { data: { late: true } }, { ifVersion: 1 })
    expect(await rejection(late, 'VERSION_CONFLICT')).toMatchObject({
      expected: 1,
      actual: 2,
      outcome: 'not-applied',
    })
  })

  test.each([
    ['a patch too large for one pipeline', { data: large('late') }],
    ['half a reference', { data: { $ref: 'late' } }],
    ['a function', () => ({ data: { late: true } })],
  ])('holds for %s too', async (_, patch) => {
    const user = await makeUser(store)
    const changed = await store.updateUser(user.id, { name: 'Ana Souza' })
    await rejection(store.updateUser(user.id, patch, { ifVersion: 1 }), 'VERSION_CONFLICT')
    expect(await store.getUser(user.id)).toEqual(changed)
    expect(await store.updateUser(user.id, patch, { ifVersion: 2 })).toMatchObject({ version: 3 })
  })

  test.each([-1, 1.5, '1', null, Number.NaN])('refuses %p', async (ifVersion) => {
    const user = await makeUser(store)
    const call = store.updateUser(user.id, {}, { ifVersion: untyped(ifVersion) })
    expect(await refusedPaths(call)).toEqual(['options.ifVersion'])
  })

  test('counts what updateUser wrote, nothing else', async () => {
    const user = await makeUser(store)
    await store.storeMessage({ userId: user.id, sender: 'user', content: 'hello' })
    await store.storeContext(user.id, { summary: 'said hello' })
    await store.storeEvent({ creatorId: user.id, summary: 'x', start: new Date() })
    await store.withUserLock(user.id, async () => {})
    expect(await store.updateUser(user.id, { name: 'Ana' }, { ifVersion: 1 })).toMatchObject({ version: 2 })
  })
})

describe('ifStates', () => {
  test('makes a double "yes" one yes', async () => {
    const user = await makeUser(store, { states: { scheduling: 'waiting_for_confirm', other: 'x' } })
    const yes = () =>
      store.updateUser(
        user.id,
        { states: { scheduling: null }, data: { booked: true } },
        { ifStates: { scheduling: 'waiting_for_confirm' } },
      )
    const outcomes = await together(10, yes)
    expect(fulfilled(outcomes)).toBe(1)
    expect(codes(outcomes)).toEqual(new Set(['STATE_CONFLICT']))
    expect(await rejection(yes(), 'STATE_CONFLICT')).toMatchObject({
      expected: { scheduling: 'waiting_for_confirm' },
      actual: { scheduling: null },
      outcome: 'not-applied',
      retryable: false,
    })
    expect(await store.getUser(user.id)).toMatchObject({ states: { other: 'x' }, version: 2 })
  })

  test('makes it one for functions, too', async () => {
    const user = await makeUser(store, { states: { scheduling: 'waiting' } })
    const yes = (now: User) => ({
      states: { scheduling: 'booked' },
      data: { times: Number(now.data.times ?? 0) + 1 },
    })
    const outcomes = await together(10, () =>
      store.updateUser(user.id, yes, { ifStates: { scheduling: 'waiting' } }),
    )
    expect(fulfilled(outcomes)).toBe(1)
    expect(await store.getUser(user.id)).toMatchObject({ data: { times: 1 } })
  })

  test('null means in no state of that flow, and all named flows have to hold', async () => {
    const user = await makeUser(store, { states: { a: '1' } })
    const patch = { states: { b: '2' } }
    await rejection(store.updateUser(user.id, patch, { ifStates: { a: null } }), 'STATE_CONFLICT')
    await rejection(store.updateUser(user.id, patch, { ifStates: { a: '1', b: 'x' } }), 'STATE_CONFLICT')
    await store.updateUser(user.id, patch, { ifStates: { a: '1', b: null } })
    await rejection(store.updateUser(user.id, patch, { ifStates: { b: null } }), 'STATE_CONFLICT')
    await store.updateUser(user.id, patch, { ifStates: {} })
  })

  test('knows no state that an object only inherits', async () => {
    const user = await makeUser(store)
    const expected = { constructor: 'x', toString: null }
    const error = await rejection(store.updateUser(user.id, {}, { ifStates: expected }), 'STATE_CONFLICT')
    expect(error.actual).toEqual({ constructor: null, toString: null })
  })

  test('that was lost on the way to an undefined is refused, not dropped', async () => {
    const user = await makeUser(store, { states: { scheduling: 'booked' } })
    const lost = { ifStates: untyped({ scheduling: undefined }) }
    expect(await refusedPaths(store.updateUser(user.id, { name: 'x' }, lost))).toEqual(['options.ifStates'])
    const unknown = store.updateUser(user.id, {}, untyped({ ifState: { scheduling: 'x' } }))
    expect(await refusedPaths(unknown)).toEqual(['options.ifState'])
  })
})

describe('a function', () => {
  test('gets the user as stored, and runs again when somebody was faster: thirty counts are thirty', async () => {
    const user = await makeUser(store, { data: { n: 0 } })
    let runs = 0
    const count = async (now: User) => {
      runs++
      return { data: { n: Number(now.data.n) + 1 } }
    }
    expect(fulfilled(await together(30, () => store.updateUser(user.id, count)))).toBe(30)
    expect(await store.getUser(user.id)).toMatchObject({ data: { n: 30 }, version: 31 })
    expect(runs).toBeGreaterThanOrEqual(30)
  })

  test('decides on what it saw, also when its patch is too large for one pipeline', async () => {
    const user = await makeUser(store, { data: { taken: false } })
    const seen: unknown[] = []
    await store.updateUser(user.id, async (now) => {
      seen.push(now.data.taken)
      if (seen.length === 1) await store.updateUser(user.id, { data: { taken: true } })
      return { data: large(now.data.taken ? 'was taken' : 'was free') }
    })
    expect(seen).toEqual([false, true])
    expect(await store.getUser(user.id)).toMatchObject({ data: { k0: 'was taken' }, version: 3 })
  })

  test('gives back what it throws, as it was', async () => {
    const user = await makeUser(store)
    const thrown = [new Error('mine'), 'a string', undefined, new DialogueStoreError('TIMEOUT', 'made up')]
    for (const one of thrown) {
      const sync = store.updateUser(user.id, () => {
        throw one
      })
      await expect(sync).rejects.toBe(one)
      await expect(store.updateUser(user.id, () => Promise.reject(one))).rejects.toBe(one)
    }
    expect(await store.getUser(user.id)).toEqual(user)
  })

  test('cannot change the user by changing what it was given', async () => {
    const user = await makeUser(store, { data: { list: [1] } })
    const changed = await store.updateUser(user.id, (now) => {
      Object.assign(now.data, { list: 'gone', injected: true })
      now.identities.push(makeIdentity())
      return { name: 'Ana Souza' }
    })
    expect(changed).toMatchObject({ data: { list: [1] }, identities: [] })
  })
})

describe('a function that thinks for longer than timeoutMs', () => {
  let hasty: DialogueStore
  beforeAll(async () => {
    hasty = await makeStore({ dbName, timeoutMs: 1500 })
  })
  afterAll(() => hasty.close())

  test("has its patch stored: the time is the caller's, not the server's", async () => {
    const user = await makeUser(store)
    const changed = await hasty.updateUser(user.id, async () => {
      await pause(1600)
      return { name: 'Thought over' }
    })
    expect(changed).toMatchObject({ name: 'Thought over', version: 2 })
  })
})
