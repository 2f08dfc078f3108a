import { Writable } from 'node:stream'
import { inspect } from 'node:util'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import pino from 'pino'
import { createCalendarSync } from '../../src/google-calendar.ts'
import { ObjectId } from '../../src/ids.ts'
import { type DialogueStore, openStore } from '../../src/index.ts'
import { testServer } from '../../src/testing/index.ts'
import { makeFaultyServer } from '../support/faults.ts'
import { makeEvent, makeMessages, makeUser, rejection, untyped } from '../support/make.ts'
import { makeClient, makeDatabase, makeStore } from '../support/store.ts'
import { CANARY } from './support/canary.ts'
import { callsOf, iterationsOf } from './support/verbs.ts'

const [DEBUG, INFO, WARN, ERROR] = [20, 30, 40, 50]
/** By the names of verbs. */
const isRead = (verb: string) => /^(ping|stats|get|find|list|retrieve|withUserLock)/.test(verb)
const isOfEvent = (verb: string) => /^(get|update|cancel|delete)Event$/.test(verb)
/** By other means than an id. */
const OF_SOMEBODY_ELSE = ['createUser', 'findUser', 'ensureUser']
/** Of nobody, or of several. */
const OF_NOBODY = ['ping', 'stats', 'listUsers', 'storeMessages', 'withTransaction']

interface Line {
  level: number
  op: string
  msg: string
  durationMs: number
  outcome: string
  userId?: string
  eventId?: string
  code?: string
}

let text = ''
const memory = new Writable({
  write(chunk, _, done) {
    text += chunk
    done()
  },
})
const logger = pino({ level: 'trace' }, memory)
const lines = (): Line[] =>
  text
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line))

/** The one line that a call wrote, beside those of the verbs of its transaction. */
async function lineOf(call: () => Promise<unknown>): Promise<Line> {
  text = ''
  await call().catch(() => {})
  const [line, ...more] = lines().filter(({ op }) => !op.startsWith('tx.'))
  expect(more).toEqual([])
  if (!line) throw new Error('no line')
  expect(line.durationMs).toBeGreaterThanOrEqual(0)
  expect(line.msg).toBe(line.op)
  expect(text).not.toContain('c4n4ry')
  return line
}

let store: DialogueStore
let dbName: string
let userId: string
beforeAll(async () => {
  dbName = (await makeDatabase()).dbName
  store = await makeStore({ logger, dbName })
})
beforeEach(async () => {
  userId = (await makeUser(store)).id
})

describe('the log', () => {
  test('has one line for each verb, with whom it was about and how long it took', async () => {
    const [message] = await makeMessages(store, userId, 1)
    const event = await makeEvent(store, userId)
    const calls = callsOf(store, { userId, messageId: message?.id ?? '', eventId: event.id, text: CANARY })
    for (const [op, call] of Object.entries(calls)) {
      const line = await lineOf(call)
      expect(line).toMatchObject({ op, outcome: 'ok', level: isRead(op) ? DEBUG : INFO })
      if (isOfEvent(op)) expect(line).toMatchObject({ eventId: event.id })
      else if (OF_NOBODY.includes(op)) expect(line).not.toHaveProperty('userId')
      else if (OF_SOMEBODY_ELSE.includes(op)) expect(line.userId).toMatch(/^[0-9a-f]{24}$/)
      else expect(line.userId).toBe(userId)
    }
  })

  test('has one line for each verb of a transaction, run again or not, and one for the whole', async () => {
    let runs = 0
    const bystander = await makeStore({ dbName })
    text = ''
    await store.withTransaction(async (tx) => {
      await tx.getUser(userId)
      if (++runs === 1) await bystander.updateUser(userId, { name: CANARY })
      await tx.updateUser(userId, { data: { text: CANARY } })
      await rejection(tx.getMessage(userId, { id: new ObjectId() }), 'MESSAGE_NOT_FOUND')
    })
    const told = lines().map(({ op, outcome, level }) => [op, outcome, level])
    expect(told).toEqual([
      ['tx.getUser', 'ok', DEBUG],
      ['tx.updateUser', 'not-applied', DEBUG],
      ['tx.getUser', 'ok', DEBUG],
      ['tx.updateUser', 'ok', DEBUG],
      ['tx.getMessage', 'not-applied', WARN],
      ['withTransaction', 'ok', INFO],
    ])
    for (const { op, userId: about } of lines())
      expect([op, about]).toEqual([op, op.startsWith('tx.') ? userId : undefined])
    expect(text).not.toContain('c4n4ry')
  })

  test('names who was found or created by other means than an id', async () => {
    const identity = { provider: 'whatsapp', id: CANARY + userId }
    let made = { id: '' }
    const ensured = await lineOf(async () => {
      made = (await store.ensureUser(identity)).user
    })
    expect(ensured.userId).toBe(made.id)
    expect((await lineOf(() => store.findUser(identity))).userId).toBe(made.id)
    const created = await lineOf(async () => {
      made = await store.createUser({ name: CANARY })
    })
    expect(created.userId).toBe(made.id)
    const stored = await lineOf(async () => {
      made = await makeEvent(store, userId)
    })
    expect(stored).toMatchObject({ userId, eventId: made.id })
    expect(await lineOf(() => store.findUser({ provider: 'x', id: CANARY }))).not.toHaveProperty('userId')
  })

  test('has one line for each iteration, when it ends or is left', async () => {
    await makeMessages(store, userId, 3, { content: CANARY })
    const { followMessages: _, ...iterations } = iterationsOf(store, userId)
    for (const [op, iterate] of Object.entries(iterations)) {
      const whole = await lineOf(async () => {
        for await (const _ of iterate()) expect(text).toBe('')
      })
      const left = await lineOf(async () => {
        for await (const _ of iterate()) break
      })
      for (const line of [whole, left]) {
        expect(line).toMatchObject({ op, level: DEBUG, outcome: 'ok' })
        if (op !== 'iterateUsers') expect(line.userId).toBe(userId)
      }
    }
  })

  test('has one line for each following, when it is aborted or left', async () => {
    const quiet = await makeStore({ dbName })
    const say = () => quiet.storeMessage({ userId, sender: 'user', content: CANARY })
    const controller = new AbortController()
    const { signal } = controller
    const aborted = await lineOf(async () => {
      const items = store.followMessages({ userId, signal })[Symbol.asyncIterator]()
      const first = items.next()
      await say()
      await first
      const waiting = items.next()
      controller.abort()
      expect(await waiting).toEqual({ done: true, value: undefined })
    })
    const left = await lineOf(async () => {
      const items = store.followMessages({ userId })[Symbol.asyncIterator]()
      const first = items.next()
      await say()
      await first
      await items.return?.()
    })
    for (const line of [aborted, left])
      expect(line).toMatchObject({ op: 'followMessages', level: DEBUG, outcome: 'ok', userId })
  })

  test('warns of what the caller can expect, with its code', async () => {
    const absent = new ObjectId()
    const unknown = await lineOf(() => store.getUser(absent))
    expect(unknown).toMatchObject({
      level: WARN,
      op: 'getUser',
      userId: absent.toHexString(),
      code: 'USER_NOT_FOUND',
      outcome: 'not-applied',
    })
    const wrong = await lineOf(() => store.createUser(untyped({ name: [CANARY], email: CANARY })))
    expect(wrong).toMatchObject({ level: WARN, op: 'createUser', code: 'INVALID_INPUT' })
    expect(wrong).not.toHaveProperty('userId')
    await store.createUser({ identities: [{ provider: 'p', id: CANARY }] })
    const taken = await lineOf(() => store.createUser({ identities: [{ provider: 'p', id: CANARY }] }))
    expect(taken).toMatchObject({ level: WARN, code: 'IDENTITY_TAKEN' })
    const thrown = await lineOf(() => store.updateUser(userId, () => Promise.reject(new Error(CANARY))))
    expect(thrown).toMatchObject({ level: WARN, op: 'updateUser', userId, outcome: 'callback-threw' })
    const iterated = await lineOf(async () => {
      for await (const _ of store.iterateHistory(absent)) throw new Error('no messages')
    })
    expect(iterated).toMatchObject({ level: WARN, op: 'iterateHistory', code: 'USER_NOT_FOUND' })
  })

  test('keeps to itself what the logger’s level leaves out', async () => {
    text = ''
    const quiet = await makeStore({ logger: pino({ level: 'warn' }, memory) })
    const user = await makeUser(quiet)
    await quiet.getUser(user.id)
    expect(text).toBe('')
    await rejection(quiet.getUser(new ObjectId()), 'USER_NOT_FOUND')
    expect(lines()).toHaveLength(1)
  })
})

describe('the log of a server in trouble', () => {
  let faulty: Awaited<ReturnType<typeof makeFaultyServer>>
  beforeAll(async () => {
    faulty = await makeFaultyServer()
  })
  afterAll(() => faulty.stop())

  test('has errors, with their code and outcome', async () => {
    const narrow = await faulty.open({ logger, maxQueuedBytes: 1 })
    const slow = await faulty.open({ logger, timeoutMs: 300 })
    const user = await makeUser(narrow)
    const line = await faulty.freeze(() => lineOf(() => slow.updateUser(user.id, { name: CANARY })))
    expect(line).toMatchObject({
      level: ERROR,
      op: 'updateUser',
      userId: user.id,
      code: 'TIMEOUT',
      outcome: 'unknown',
    })
    expect(line.durationMs).toBeGreaterThan(250)
    const turn = () => slow.withTransaction((tx) => tx.updateUser(user.id, { name: CANARY }))
    expect(await faulty.freeze(() => lineOf(turn))).toMatchObject({
      level: ERROR,
      op: 'withTransaction',
      code: 'TIMEOUT',
      outcome: 'not-applied',
    })
    text = ''
    const send = () => narrow.storeMessage({ userId: user.id, sender: 'user', content: CANARY })
    await Promise.allSettled([send(), send()])
    const overloaded = lines().find(({ level }) => level === ERROR)
    expect(overloaded).toMatchObject({ op: 'storeMessage', code: 'OVERLOADED' })
    expect(text).not.toContain('c4n4ry')
  })
})

describe('the password of the uri', () => {
  const PASSWORD = 'hunter2-c4n4ry'

  test('is in no line of the log, and nowhere on the store', async () => {
    const admin = (await makeClient()).db('admin')
    const { dbName } = await makeDatabase()
    const name = `bot-${dbName}`
    await admin.command({ createUser: name, pwd: PASSWORD, roles: ['root'] })
    const uri = new URL((await testServer()).uri)
    uri.username = name
    uri.password = PASSWORD
    text = ''
    const own = await openStore({ uri: uri.href, dbName, logger, retention: { kind: 'rolling' } })
    await makeUser(own)
    await own.ping()
    await rejection(own.getUser(new ObjectId()), 'USER_NOT_FOUND')
    const sync = createCalendarSync(own, { calendar: () => Promise.reject(new Error('nobody asks')) })
    /* A copy has what the package's own parts know a store by, too. */
    for (const one of [own, { ...own }, sync])
      expect(inspect(one, { depth: 20, showHidden: true })).not.toContain('c4n4ry')
    await own.close()
    await rejection(own.ping(), 'STORE_CLOSED')
    expect(lines().length).toBeGreaterThanOrEqual(4)
    expect(text).not.toContain('c4n4ry')
    await admin.command({ dropUser: name })
  })
})
