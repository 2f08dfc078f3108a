import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import { nextId } from '../../src/ids.ts'
import type { DialogueStore } from '../../src/index.ts'
import { makeFaultyServer } from '../support/faults.ts'
import { makeMessages, makeUser, rejection, storedOf } from '../support/make.ts'

type Faulty = Awaited<ReturnType<typeof makeFaultyServer>>
let faulty: Faulty
let store: DialogueStore
let hasty: DialogueStore
let userId: string
const HASTE_MS = 1000
beforeAll(async () => {
  faulty = await makeFaultyServer()
  store = await faulty.open()
  hasty = await faulty.open({ timeoutMs: HASTE_MS })
})
afterAll(async () => {
  await faulty?.stop()
})
afterEach(async () => {
  await faulty.heal()
})

/** Somebody whom both stores know. */
async function makeKnown(): Promise<string> {
  const { id } = await makeUser(store)
  await makeMessages(store, id, 1, { content: 'hello' })
  await makeMessages(hasty, id, 1, { content: 'hello' })
  await store.deleteMessages(id, { all: true })
  return id
}
const contentsOf = async (user: string) =>
  (await storedOf(faulty.db, user)).messages.map(({ content }) => content)
const say = (content: string, more: object = {}) => ({ userId, sender: 'user', content, ...more })
beforeAll(async () => {
  userId = await makeKnown()
})
afterEach(async () => {
  await store.deleteMessages(userId, { all: true })
})

const lostReply = { writeConcernError: { code: 91, errmsg: 'the reply is lost, what it says is done' } }

describe('each message is stored exactly once, and its caller hears so', () => {
  test.each([2, 3])('when %i connections are dropped', async (times) => {
    await faulty.fail({ failCommands: ['insert'], collection: 'messages', closeConnection: true }, { times })
    const outcomes = await Promise.all([
      store.storeMessage(say('plain')),
      store.storeMessage(say('named', { externalId: `dropped ${times}` })),
      store.storeMessage(say('chosen', { id: nextId() })),
    ])
    for (const { created } of outcomes) expect(created).toBe(true)
    expect((await contentsOf(userId)).sort()).toEqual(['chosen', 'named', 'plain'])
  })

  test.each([91, 189, 10107, 11602])('when the set is changing (%i)', async (errorCode) => {
    await faulty.fail({ failCommands: ['insert'], collection: 'messages', errorCode }, { times: 3 })
    expect(await store.storeMessage(say('x'))).toMatchObject({ created: true })
    expect(await contentsOf(userId)).toEqual(['x'])
  })

  test('when replies are lost after the insert', async () => {
    await faulty.fail({ failCommands: ['insert'], collection: 'messages', ...lostReply }, { times: 3 })
    const inputs = [say('plain'), say('named', { externalId: 'lost' }), say('chosen', { id: nextId() })]
    const bulk = await store.storeMessages([...inputs, say('named', { externalId: 'lost' })])
    expect(bulk.map(({ status }) => status)).toEqual(['created', 'created', 'created', 'duplicate'])
    expect((await contentsOf(userId)).sort()).toEqual(['chosen', 'named', 'plain'])
  })

  test('when replies are lost after the claim', async () => {
    await faulty.fail({ failCommands: ['insert'], collection: 'seen', ...lostReply }, { times: 2 })
    expect(await store.storeMessage(say('x', { externalId: 'claimed' }))).toMatchObject({ created: true })
    expect(await store.storeMessage(say('y', { externalId: 'claimed' }))).toMatchObject({ created: false })
    expect(await contentsOf(userId)).toEqual(['x'])
  })

  test('when its landing can not be written down', async () => {
    await faulty.fail({ failCommands: ['update'], collection: 'seen', errorCode: 8000 })
    expect(await store.storeMessage(say('x', { externalId: 'landing' }))).toMatchObject({ created: true })
    await faulty.heal()
    expect(await store.storeMessage(say('y', { externalId: 'landing' }))).toMatchObject({ created: false })
    expect(await contentsOf(userId)).toEqual(['x'])
  })
})

describe('a failure tells what is known', () => {
  test('before the insert nothing is stored, and the call may be repeated; others do not wait', async () => {
    await faulty.fail({ failCommands: ['insert'], collection: 'seen', closeConnection: true })
    const input = say('x', { externalId: 'early' })
    const [named, plain] = await Promise.allSettled([hasty.storeMessage(input), hasty.storeMessage(say('y'))])
    expect(named).toMatchObject({
      status: 'rejected',
      reason: { outcome: 'not-applied', retryable: true },
    })
    expect(plain).toMatchObject({ status: 'fulfilled' })
    await faulty.heal()
    expect(await contentsOf(userId)).toEqual(['y'])
    expect(await hasty.storeMessage(input)).toMatchObject({ created: true })
  })

  test('after the insert the message is stored, and a call without id is not to be repeated', async () => {
    await faulty.fail({ failCommands: ['find'], collection: 'users', closeConnection: true })
    const [plain] = await Promise.allSettled([hasty.storeMessage(say('x'))])
    const [named] = await Promise.allSettled([hasty.storeMessage(say('y', { externalId: 'late' }))])
    expect(plain).toMatchObject({ status: 'rejected', reason: { outcome: 'unknown', retryable: false } })
    expect(named).toMatchObject({ status: 'rejected', reason: { outcome: 'unknown', retryable: true } })
    await faulty.heal()
    expect(await contentsOf(userId)).toEqual(['x', 'y'])
    const again = await hasty.storeMessage(say('y', { externalId: 'late' }))
    expect(again).toMatchObject({ created: false, message: { content: 'y' } })
  })

  test('a refusal of the server is not tried again, and quotes nobody', async () => {
    await faulty.fail({ failCommands: ['insert'], collection: 'messages', errorCode: 13 })
    const error = await rejection(store.storeMessage(say('a secret')), 'UNAVAILABLE')
    expect(error).toMatchObject({ outcome: 'not-applied', retryable: false, cause: { code: 13 } })
    expect(JSON.stringify(error) + error.stack + error.cause?.stack).not.toMatch(/secret/)
  })
})

describe('a frozen server', () => {
  const timed = async (work: () => Promise<unknown>) => {
    const begin = performance.now()
    const outcome = await work().catch((error: unknown) => error)
    return { outcome, ms: performance.now() - begin }
  }

  test('is given up at the deadline; what was sent is unknown, what was not is not applied', async () => {
    await hasty.storeMessage(say('just before'))
    await faulty.freeze(async () => {
      const first = timed(() => hasty.storeMessage(say('sent')))
      await pause(HASTE_MS / 2)
      const calls = [first, timed(() => hasty.storeMessage(say('waits', { externalId: 'frozen' })))]
      const [sent, waiting] = await Promise.all([...calls, timed(() => hasty.retrieveHistory(userId))])
      expect(sent?.outcome).toMatchObject({ code: 'TIMEOUT', outcome: 'unknown', retryable: false })
      expect(waiting?.outcome).toMatchObject({ outcome: 'not-applied', retryable: true })
      for (const call of [sent, waiting]) {
        expect(call?.ms).toBeGreaterThan(HASTE_MS * 0.9)
        expect(call?.ms).toBeLessThan(HASTE_MS * 2)
      }
    })
    const again = await store.storeMessage(say('waits', { externalId: 'frozen' }))
    expect(again.message.content).toBe('waits')
    const contents = await contentsOf(userId)
    expect(contents.filter((content) => content === 'waits')).toHaveLength(1)
    expect(contents.filter((content) => content === 'sent').length).toBeLessThanOrEqual(1)
  })

  test('that wakes before the deadline has stored each message once', async () => {
    const calls = Array.from({ length: 20 }, (_, i) => say(`${i}`, i % 2 ? { externalId: `woken ${i}` } : {}))
    const outcomes = await faulty.freeze(async () => {
      const pending = calls.map((input) => store.storeMessage(input))
      await pause(1500)
      return pending
    })
    for (const outcome of outcomes) expect(await outcome).toMatchObject({ created: true })
    expect(await contentsOf(userId)).toEqual(calls.map(({ content }) => content))
  })
})

describe('a slow server', () => {
  const slow = { failCommands: ['insert'], collection: 'messages', blockConnection: true, blockTimeMS: 300 }

  test('makes storeMessages wait and storeMessage OVERLOADED, and has stored all in the end', async () => {
    const narrow = await faulty.open({ maxQueuedBytes: 20_000 })
    await faulty.fail(slow, { times: 3 })
    const inputs = Array.from({ length: 60 }, (_, i) => say(`${i} ${'x'.repeat(1000)}`))
    const bulk = narrow.storeMessages(inputs)
    await rejection(narrow.storeMessage(say('x'.repeat(1000))), 'OVERLOADED')
    expect(new Set((await bulk).map(({ status }) => status))).toEqual(new Set(['created']))
    expect(await contentsOf(userId)).toEqual(inputs.map(({ content }) => content))
  })

  test('is waited for by close(), and nothing that was accepted is lost', async () => {
    const closing = await faulty.open()
    await faulty.fail(slow, { times: 1 })
    const inputs = Array.from({ length: 200 }, (_, i) => say(`${i}`, { externalId: `closing ${i}` }))
    const calls = inputs.slice(0, 100).map((input) => closing.storeMessage(input))
    const bulk = closing.storeMessages(inputs.slice(100))
    await closing.close()
    for (const call of calls) expect(await call).toMatchObject({ created: true })
    expect(new Set((await bulk).map(({ status }) => status))).toEqual(new Set(['created']))
    expect(await contentsOf(userId)).toEqual(inputs.map(({ content }) => content))
    await rejection(closing.storeMessage(say('x')), 'STORE_CLOSED')
    await rejection(closing.storeMessages([]), 'STORE_CLOSED')
    await rejection(closing.retrieveHistory(userId), 'STORE_CLOSED')
    await closing.close()
  })
})

describe('reads and changes', () => {
  test('outlast dropped connections', async () => {
    const [message] = await makeMessages(store, userId, 3)
    for (const [name, collection] of [
      ['aggregate', 'users'],
      ['count', 'messages'],
      ['find', 'messages'],
    ] as const) {
      await faulty.fail({ failCommands: [name], collection, closeConnection: true }, { times: 3 })
      const page = await store.retrieveHistory(userId, { senders: name === 'find' ? ['user'] : undefined })
      expect(page).toMatchObject({ messages: [{}, {}, {}], count: 3 })
    }
    await faulty.fail({ failCommands: ['findAndModify'], collection: 'messages', ...lostReply }, { times: 3 })
    const changed = await store.updateMessage(
      userId,
      message?.id ?? '',
      { content: 'changed' },
      { ifVersion: 1 },
    )
    expect(changed).toMatchObject({ content: 'changed', version: 2 })
    await faulty.fail({ failCommands: ['delete'], collection: 'messages', ...lostReply }, { times: 2 })
    expect(await store.deleteMessages(userId, { all: true })).toBe(3)
    expect(await contentsOf(userId)).toEqual([])
  })

  test.each([43, 136, 237])('outlast a cursor that is gone (%i)', async (errorCode) => {
    await makeMessages(store, userId, 1200)
    await faulty.fail({ failCommands: ['getMore'], collection: 'messages', errorCode }, { times: 2 })
    expect(await store.deleteMessages(userId, { all: true })).toBe(1200)
    expect(await contentsOf(userId)).toEqual([])
  })
})

test('deleteMessages that fails after its first batch does not say that nothing is done', async () => {
  await makeMessages(store, userId, 1200)
  await faulty.fail({ failCommands: ['find'], collection: 'messages', closeConnection: true }, { skip: 1 })
  const error = await hasty.deleteMessages(userId, { all: true }).catch((thrown: unknown) => thrown)
  expect(error).toMatchObject({ outcome: 'unknown', retryable: true })
  await faulty.heal()
  expect(await store.deleteMessages(userId, { all: true })).toBe(200)
  expect(await contentsOf(userId)).toEqual([])
})

test('iterateHistory ends where the server says of every page that it is too large', async () => {
  await makeMessages(store, userId, 3)
  await faulty.fail({ failCommands: ['aggregate'], collection: 'users', errorCode: 10334 })
  const first = store.iterateHistory(userId)[Symbol.asyncIterator]().next()
  await rejection(first, 'TOO_LARGE')
})
