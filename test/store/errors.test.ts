import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { ObjectId } from '../../src/ids.ts'
import {
  type DialogueStore,
  type DialogueStoreError,
  ERROR_CODES,
  type ErrorCode,
  type User,
} from '../../src/index.ts'
import { makeFaultyServer } from '../support/faults.ts'
import { makeIdentity, makeUser, makeWorld, rejection, untyped } from '../support/make.ts'
import { makeStore } from '../support/store.ts'

let store: DialogueStore
let ana: User
beforeAll(async () => {
  ;({ store } = await makeWorld())
  ana = await makeUser(store, { identities: [makeIdentity()], states: { flow: 'waiting' } })
})

/** What every error has, whatever its code. */
function expectWellFormed(error: DialogueStoreError): void {
  expect(error).toBeInstanceOf(Error)
  expect(error.name).toBe('DialogueStoreError')
  expect(ERROR_CODES).toContain(error.code)
  expect(['not-applied', 'unknown']).toContain(error.outcome)
  expect(typeof error.retryable).toBe('boolean')
  expect(error.message).toMatch(/^[A-Z].{20,300}\.$/s)
  expect(error.stack).toContain(error.message)
}

const absent = new ObjectId()
const huge = () => ({ text: 'x'.repeat(17 * 2 ** 20) })

interface Case {
  call: () => Promise<unknown>
  /** What the sentence says to do. */
  advice: RegExp
  retryable?: boolean
}

const cases: [ErrorCode, string, Case][] = [
  [
    'INVALID_INPUT',
    'createUser',
    { call: () => store.createUser({}), advice: /Correct .*identities or a name/ },
  ],
  ['INVALID_INPUT', 'getUser', { call: () => store.getUser('x'), advice: /Correct userId/ }],
  ['USER_NOT_FOUND', 'getUser', { call: () => store.getUser(absent), advice: /Create the user first/ }],
  [
    'USER_NOT_FOUND',
    'retrieveHistory',
    { call: () => store.retrieveHistory(absent), advice: /Create the user/ },
  ],
  [
    'USER_NOT_FOUND',
    'mergeContext',
    { call: () => store.mergeContext(absent, {}), advice: /Create the user/ },
  ],
  [
    'MESSAGE_NOT_FOUND',
    'getMessage',
    { call: () => store.getMessage(ana.id, { id: absent }), advice: /deleted or evicted.*retrieveHistory/ },
  ],
  [
    'EVENT_NOT_FOUND',
    'cancelEvent',
    { call: () => store.cancelEvent(absent), advice: /no such event.*retrieveEvents/ },
  ],
  [
    'IDENTITY_TAKEN',
    'createUser',
    { call: () => store.createUser({ identities: ana.identities }), advice: /findUser/ },
  ],
  [
    'VERSION_CONFLICT',
    'updateUser',
    { call: () => store.updateUser(ana.id, { name: 'x' }, { ifVersion: 7 }), advice: /Read again/ },
  ],
  [
    'VERSION_CONFLICT',
    'storeContext',
    { call: () => store.storeContext(ana.id, {}, { ifVersion: 7 }), advice: /Read again/ },
  ],
  [
    'STATE_CONFLICT',
    'updateUser',
    {
      call: () => store.updateUser(ana.id, { name: 'x' }, { ifStates: { flow: null } }),
      advice: /Read the user again/,
    },
  ],
  [
    'TOO_LARGE',
    'createUser',
    { call: () => store.createUser({ name: 'x', data: huge() }), advice: /16 MiB.*Keep less/ },
  ],
  ['TOO_LARGE', 'storeContext', { call: () => store.storeContext(ana.id, huge()), advice: /16 MiB/ }],
  [
    'TOO_LARGE',
    'storeMessage',
    {
      call: () => store.storeMessage({ userId: ana.id, sender: 'user', content: huge().text }),
      advice: /16 MiB|cap/,
    },
  ],
  ['USER_LOCKED', 'withUserLock', { call: () => locked(ana.id), advice: /waitMs/, retryable: true }],
  [
    'OVERLOADED',
    'storeMessage',
    { call: () => overloaded(), advice: /maxQueuedBytes.*repeat/i, retryable: true },
  ],
]

const locked = (userId: string) =>
  store.withUserLock(userId, () => store.withUserLock(userId, async () => {}, { waitMs: 20 }))

async function overloaded(): Promise<unknown> {
  const narrow = await makeStore({ maxQueuedBytes: 1 })
  const { id: userId } = await makeUser(narrow)
  const send = () => narrow.storeMessage({ userId, sender: 'user', content: 'x' })
  const first = send()
  const second = send()
  await Promise.allSettled([first, second])
  expect((await first).created).toBe(true)
  expect((await narrow.retrieveHistory(userId)).count).toBe(1)
  return second
}

describe('an error', () => {
  test.each(cases)(
    '%s of %s says what to do, and what became of the call',
    async (code, _, { call, advice, retryable = false }) => {
      const failure = await rejection(call(), code)
      expectWellFormed(failure)
      expect(failure).toMatchObject({ outcome: 'not-applied', retryable })
      expect(failure.message).toMatch(advice)
    },
  )

  test('of a conflict tells what was expected, and what is there', async () => {
    const version = await rejection(store.updateUser(ana.id, {}, { ifVersion: 9 }), 'VERSION_CONFLICT')
    expect(version).toMatchObject({ expected: 9, actual: ana.version })
    const conditions = { ifStates: { flow: 'done', other: null } }
    const state = await rejection(store.updateUser(ana.id, {}, conditions), 'STATE_CONFLICT')
    expect(state).toMatchObject({
      expected: { flow: 'done', other: null },
      actual: { flow: 'waiting', other: null },
    })
  })

  test('of an input names every place that is wrong, and why', async () => {
    const input = { identities: [{ provider: '', id: 7 }], name: 'Ana', email: 'x', unknown: 1 }
    const failure = await rejection(store.createUser(untyped(input)), 'INVALID_INPUT')
    expect(failure.issues?.map(({ path }) => path)).toEqual([
      ['identities', 0, 'provider'],
      ['identities', 0, 'id'],
      ['email'],
      ['unknown'],
    ])
    for (const { reason } of failure.issues ?? []) expect(reason.length).toBeGreaterThan(5)
    expect(failure.message).toContain('identities.0.id')
  })

  test('survives JSON, for logs and queues', async () => {
    const failure = await rejection(store.updateUser(ana.id, {}, { ifVersion: 9 }), 'VERSION_CONFLICT')
    expect(JSON.parse(JSON.stringify(failure))).toMatchObject({
      name: 'DialogueStoreError',
      code: 'VERSION_CONFLICT',
      outcome: 'not-applied',
      retryable: false,
      expected: 9,
    })
  })

  test('that the caller’s own callback throws comes back as it is', async () => {
    const own = new Error('mine')
    const fail = () => {
      throw own
    }
    await expect(store.withUserLock(ana.id, fail)).rejects.toBe(own)
    await expect(store.updateUser(ana.id, fail)).rejects.toBe(own)
    await expect(store.updateContext(ana.id, fail)).rejects.toBe(own)
  })
})

describe('a server that does not answer', () => {
  const TIMEOUT_MS = 400
  let faulty: Awaited<ReturnType<typeof makeFaultyServer>>
  let patient: DialogueStore
  let slow: DialogueStore
  let userId: string
  beforeAll(async () => {
    faulty = await makeFaultyServer()
    patient = await faulty.open()
    userId = (await makeUser(patient)).id
    slow = await faulty.open({ timeoutMs: TIMEOUT_MS })
  })
  afterAll(() => faulty.stop())

  test('is TIMEOUT for reads: nothing happened, and another try is worth it', async () => {
    const reads = () => [
      slow.getUser(userId),
      slow.retrieveHistory(userId),
      slow.retrieveContext(userId),
      slow.retrieveEvents({ from: new Date() }),
      slow.ping(),
      slow.stats(),
    ]
    const failures = await faulty.freeze(() => Promise.all(reads().map((call) => rejection(call, 'TIMEOUT'))))
    for (const failure of failures) {
      expectWellFormed(failure)
      expect(failure).toMatchObject({ outcome: 'not-applied', retryable: true })
    }
    expect((await patient.getUser(userId)).id).toBe(userId)
  })

  test('is TIMEOUT for writes, of unknown outcome: repeating is right only where it cannot double', async () => {
    const [named, unnamed, update] = await faulty.freeze(() =>
      Promise.all([
        rejection(slow.storeMessage({ userId, sender: 'user', content: 'x', externalId: 'once' }), 'TIMEOUT'),
        rejection(slow.storeMessage({ userId, sender: 'user', content: 'y' }), 'TIMEOUT'),
        rejection(slow.updateUser(userId, { name: 'Bia' }), 'TIMEOUT'),
      ]),
    )
    expect(named.retryable).toBe(true)
    if (unnamed.outcome === 'unknown') expect(unnamed.retryable).toBe(false)
    expect(update).toMatchObject({ outcome: 'unknown' })
    expect(update.message).toMatch(/may have applied/)
  })

  test('keeps no verb longer than timeoutMs', async () => {
    const start = performance.now()
    await faulty.freeze(() =>
      Promise.allSettled([
        slow.createUser({ name: 'x' }),
        slow.deleteUser(userId),
        slow.storeEvent({ creatorId: userId, summary: 'x', start: new Date() }),
        slow.withUserLock(userId, async () => {}),
        slow.mergeContext(userId, { a: 1 }),
        slow.deleteMessages(userId, { all: true }),
      ]),
    )
    expect(performance.now() - start).toBeLessThan(TIMEOUT_MS + 1500)
  })
})
