import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { ObjectId } from '../../src/ids.ts'
import type { DialogueStore } from '../../src/index.ts'
import { LOST_COMMAND, LOST_REPLY, makeFaultyServer, UNCONFIRMED } from '../support/faults.ts'
import { makeIdentity, makeMessages, makeUser, rejection, storedOf } from '../support/make.ts'

let faulty: Awaited<ReturnType<typeof makeFaultyServer>>
let store: DialogueStore
let userId: string
beforeAll(async () => {
  faulty = await makeFaultyServer()
  store = await faulty.open()
})
afterAll(() => faulty?.stop())
afterEach(() => faulty.heal())
beforeEach(async () => {
  userId = (await makeUser(store)).id
})

describe.each([
  ['three writes are not confirmed', { times: 3 }, UNCONFIRMED],
  ['three commands are lost', { times: 3 }, LOST_COMMAND],
])('when %s', (_, mode, how) => {
  const fail = (collection: string) =>
    faulty.fail({ failCommands: ['findAndModify'], collection, ...how }, mode)

  test('storeContext raises the version by one, and knows that it created', async () => {
    await fail('contexts')
    const outcome = await store.storeContext(userId, { a: 1 })
    expect(outcome).toMatchObject({ created: true, context: { data: { a: 1 }, version: 1 } })
    expect(await store.retrieveContext(userId)).toEqual(outcome.context)
  })

  test('ifVersion finds no conflict with itself', async () => {
    await store.storeContext(userId, { a: 1 })
    await fail('contexts')
    const { context } = await store.mergeContext(userId, { b: 2 }, { ifVersion: 1 })
    expect(context).toMatchObject({ data: { a: 1, b: 2 }, version: 2 })
  })

  test('updateContext runs its function once', async () => {
    await store.storeContext(userId, { n: 1 })
    await fail('contexts')
    let runs = 0
    const { context } = await store.updateContext(userId, (data) => {
      runs++
      return { n: Number(data.n) + 1 }
    })
    expect({ runs, data: context.data, version: context.version }).toEqual({
      runs: 1,
      data: { n: 2 },
      version: 2,
    })
  })

  test('deleteContext tells that there was data', async () => {
    await store.storeContext(userId, { a: 1 })
    await fail('contexts')
    expect(await store.deleteContext(userId)).toBe(true)
    expect(await store.retrieveContext(userId)).toMatchObject({ data: {}, version: 2 })
  })

  test('updateUser finds no STATE_CONFLICT with its own "yes"', async () => {
    await store.updateUser(userId, { states: { scheduling: 'waiting' } })
    await fail('users')
    const yes = { states: { scheduling: 'booked' }, data: { times: 1 } }
    const user = await store.updateUser(userId, yes, { ifStates: { scheduling: 'waiting' }, ifVersion: 2 })
    expect(user).toMatchObject({ ...yes, version: 3 })
  })

  test('updateUser raises the version by one', async () => {
    await fail('users')
    expect(await store.updateUser(userId, { name: 'Ana Souza' })).toMatchObject({ version: 2 })
  })

  test('withUserLock is released all the same', async () => {
    await fail('locks')
    expect(await store.withUserLock(userId, async () => 'once')).toBe('once')
    expect(await store.withUserLock(userId, async () => 'again', { waitMs: 0 })).toBe('again')
  })
})

test('two lost replies raise a version by one', async () => {
  await faulty.fail({ failCommands: ['findAndModify'], collection: 'contexts', ...LOST_REPLY }, { times: 2 })
  const outcome = await store.storeContext(userId, { a: 1 })
  expect(outcome).toMatchObject({ created: true, context: { data: { a: 1 }, version: 1 } })
})

describe('a write that is never confirmed', () => {
  let hasty: DialogueStore
  beforeAll(async () => {
    hasty = await faulty.open({ timeoutMs: 1000 })
  })
  const fail = (collection: string) =>
    faulty.fail({ failCommands: ['findAndModify'], collection, ...UNCONFIRMED })

  test('is unknown, and worth another try where that cannot double it', async () => {
    await fail('users')
    await expect(hasty.updateUser(userId, { data: { n: 1 } })).rejects.toMatchObject({
      outcome: 'unknown',
      retryable: true,
    })
    expect(await store.getUser(userId)).toMatchObject({ data: { n: 1 }, version: 2 })
  })

  test('is not called retryable where a function would change again what it changed', async () => {
    const add = (data: { n?: unknown }) => ({ n: Number(data.n ?? 0) + 1 })
    const unknown = { outcome: 'unknown', retryable: false }
    await fail('users')
    const update = hasty.updateUser(userId, ({ data }) => ({ data: add(data) }))
    await expect(update).rejects.toMatchObject(unknown)
    await fail('contexts')
    await expect(hasty.updateContext(userId, add)).rejects.toMatchObject(unknown)
    await faulty.heal()
    expect(await store.getUser(userId)).toMatchObject({ data: { n: 1 }, version: 2 })
    expect(await store.retrieveContext(userId)).toMatchObject({ data: { n: 1 }, version: 1 })
  })
})

describe('createUser and ensureUser', () => {
  const racers = <T>(call: () => Promise<T>) => Promise.all(Array.from({ length: 30 }, call))

  test('run their transactions again when connections are dropped, the waiting ones too', async () => {
    await faulty.fail({ failCommands: ['insert'], collection: 'users', ...LOST_COMMAND }, { times: 2 })
    const users = await racers(() => makeUser(store))
    expect(new Set(users.map(({ id }) => id)).size).toBe(30)
  })

  test('create one user and one context, and tell who created', async () => {
    const identity = makeIdentity()
    await faulty.fail({ failCommands: ['insert'], collection: 'contexts', ...LOST_COMMAND }, { times: 2 })
    const outcomes = await racers(() => store.ensureUser(identity))
    expect(outcomes.filter(({ created }) => created)).toHaveLength(1)
    const stored = await storedOf(faulty.db, outcomes[0]?.user.id ?? '')
    expect([stored.users, stored.contexts].map(({ length }) => length)).toEqual([1, 1])
  })
})

describe('deleteUser', () => {
  test('gives an exact receipt through dropped connections', async () => {
    const inputs = Array.from({ length: 20 }, (_, i) => ({ userId, sender: 'user', content: `${i}` }))
    await store.storeMessages(inputs)
    await store.storeContext(userId, { a: 1 })
    await faulty.fail({ failCommands: ['update'], collection: 'users', ...LOST_COMMAND }, { times: 3 })
    expect(await store.deleteUser(userId)).toMatchObject({ messages: 20, contexts: 1, events: 0 })
    expect(await storedOf(faulty.db, userId)).toMatchObject({ contexts: [], messages: [] })
  })

  test('counts nothing twice when replies are lost', async () => {
    const inputs = Array.from({ length: 20 }, (_, i) => ({ userId, sender: 'user', content: `${i}` }))
    await store.storeMessages(inputs)
    await faulty.fail({ failCommands: ['update'], collection: 'users', ...UNCONFIRMED }, { times: 3 })
    expect(await store.deleteUser(userId)).toMatchObject({ messages: 20, contexts: 0, events: 0 })
  })
})

test('deleteUser that fails after its transaction does not say that nothing is done', async () => {
  const hasty = await faulty.open({ timeoutMs: 500 })
  await makeMessages(store, userId, 3)
  await faulty.fail({ failCommands: ['find'], collection: 'messages', ...LOST_COMMAND })
  const error = await hasty.deleteUser(userId).catch((thrown: unknown) => thrown)
  expect(error).toMatchObject({ outcome: 'unknown', retryable: true })
  await faulty.heal()
  await rejection(store.getUser(userId), 'USER_NOT_FOUND')
  expect(await store.deleteUser(userId)).toMatchObject({ userId, messages: 3 })
})

test('a version is given to one write, though its reply is late and somebody has written since', async () => {
  await store.storeContext(userId, { n: 1 })
  await faulty.fail({ failCommands: ['findAndModify'], collection: 'contexts', ...UNCONFIRMED }, { times: 4 })
  const mine = store.storeContext(userId, { n: 2 })
  /* Another process: as soon as the first one is there. */
  const contexts = faulty.db.collection('dialogue_contexts')
  const later = { $set: { data: { n: 3 } }, $inc: { version: 1 } }
  const next = { $push: { ops: { $each: [new ObjectId()], $position: 0 } } }
  const owned = { userId: new ObjectId(userId), version: 2 }
  while ((await contexts.updateOne(owned, { ...later, ...next } as object)).modifiedCount === 0);
  expect(await mine).toMatchObject({ context: { version: 2, data: { n: 2 } } })
  expect(await store.retrieveContext(userId)).toMatchObject({ version: 3, data: { n: 3 } })
})
