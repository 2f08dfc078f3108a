import { beforeAll, describe, expect, test } from '@jest/globals'
import type mongoose from 'mongoose'
import { z } from 'zod'
import { causeOf } from '../../src/cause.ts'
import { ObjectId } from '../../src/ids.ts'
import { type DialogueStore, DialogueStoreError, type User } from '../../src/index.ts'
import { makeEvent, makeIdentity, makeUser, makeWorld, untyped } from '../support/make.ts'
import { makeStore } from '../support/store.ts'
import { CANARY, shownOf } from './support/canary.ts'

let store: DialogueStore
let db: mongoose.mongo.Db
let ana: User
let bia: User
const identity = { provider: 'whatsapp', id: `+55 ${CANARY}` }
const start = new Date('2030-05-01T09:00Z')

beforeAll(async () => {
  ;({ store, db } = await makeWorld())
  ana = await makeUser(store, { identities: [identity] })
  bia = await makeUser(store, { identities: [makeIdentity()], name: CANARY })
})

async function failureOf(call: Promise<unknown>): Promise<DialogueStoreError> {
  const outcome = await call.then(
    (value) => value,
    (error: unknown) => error,
  )
  const [bulk] = Array.isArray(outcome) ? outcome : [outcome]
  const failure = bulk?.status === 'rejected' ? bulk.error : bulk
  if (!(failure instanceof DialogueStoreError)) throw new Error('the call did not fail')
  return failure
}

const long = CANARY.repeat(3000)
const message = (fields: object) =>
  store.storeMessage(untyped({ userId: bia.id, sender: 'user', content: CANARY, ...fields }))
const event = (fields: object) =>
  store.storeEvent(untyped({ creatorId: bia.id, summary: CANARY, start, ...fields }))
const user = (fields: object) => store.createUser(untyped({ name: CANARY, ...fields }))

/** Handled here: what a schema makes of it is not. */
function rejected(): Promise<never> {
  const promise = Promise.reject(new Error(CANARY))
  promise.catch(() => {})
  return promise
}

describe('a user’s text shows in no error', () => {
  test.each<[string, () => Promise<unknown>]>([
    ['an identity that is taken', () => user({ identities: [identity] })],
    ['an identity that is taken, added', () => store.updateUser(bia.id, { addIdentities: [identity] })],
    ['a name that is too long', () => user({ name: long })],
    ['an e-mail that is none', () => user({ email: CANARY })],
    ['a language that is none', () => user({ locale: CANARY })],
    ['a time zone that is none', () => user({ timezone: CANARY })],
    ['a state that is too long', () => user({ states: { flow: long } })],
    ['states that are a promise', () => user({ states: rejected() })],
    ['states that are text', () => user({ states: CANARY })],
    ['data that JSON cannot say', () => user({ data: { list: [CANARY, () => CANARY] } })],
    ['an id that is none', () => store.getUser(CANARY)],
    ['an identity that is none', () => store.findUser(untyped({ provider: CANARY, id: [CANARY] }))],
    ['a message with a lone surrogate', () => message({ content: `${CANARY}\ud800` })],
    ['a message of an unknown type', () => message({ type: CANARY })],
    ['an external id that is too long', () => message({ externalId: long })],
    [
      'the id of another user’s message',
      async () => {
        const { message: hers } = await store.storeMessage({
          userId: ana.id,
          sender: 'user',
          content: CANARY,
        })
        await message({ id: hers.id })
      },
    ],
    [
      'a message in a bulk',
      () => store.storeMessages([untyped({ userId: bia.id, sender: '', content: CANARY })]),
    ],
    ['a message that is too large', () => message({ content: long.repeat(400) })],
    ['metadata that are too large', () => message({ metadata: { text: long.repeat(400) } })],
    ['a cursor that is none', () => store.retrieveHistory(bia.id, { before: CANARY })],
    ['a context that is too large', () => store.storeContext(bia.id, { text: long.repeat(400) })],
    ['a context that JSON cannot say', () => store.storeContext(bia.id, { at: new Date(), text: CANARY })],
    ['a mark that is no cursor', () => store.storeContext(bia.id, {}, { covers: CANARY })],
    ['an event that is too large', () => event({ data: { text: long.repeat(400) } })],
    ['an attendee without a right address', () => event({ attendees: [{ email: CANARY }] })],
    ['a recurrence that is none', () => event({ recurrence: [CANARY] })],
    ['an event’s id that is another’s', async () => event({ id: (await makeEvent(store, ana.id)).id })],
    ['a cursor of events that is none', () => store.retrieveEvents({ cursor: CANARY })],
  ])('of %s', async (_, call) => {
    const failure = await failureOf(call())
    expect(failure.message.length).toBeLessThan(500)
    expect(shownOf(failure)).not.toContain('c4n4ry')
  })

  test('that a version conflict meets', async () => {
    await store.storeContext(bia.id, { text: CANARY })
    const conflicts = [
      () => store.storeContext(bia.id, { text: CANARY }, { ifVersion: 99 }),
      () => store.updateUser(bia.id, { name: CANARY }, { ifVersion: 99 }),
      async () =>
        store.updateEvent((await makeEvent(store, bia.id)).id, { summary: CANARY }, { ifVersion: 99 }),
    ]
    for (const call of conflicts) {
      const failure = await failureOf(call())
      expect(failure.code).toBe('VERSION_CONFLICT')
      expect(shownOf(failure)).not.toContain('c4n4ry')
    }
  })

  test('that a shape of the caller refuses', async () => {
    const kind = z.object({ kind: z.enum(['a', 'b']), list: z.array(z.int().positive()).optional() })
    const shaped = await makeStore({
      shapes: { context: kind, metadata: kind, userData: kind, eventData: kind },
    })
    const { id } = await makeUser(shaped, { data: { kind: 'a' } })
    const calls = [
      () => shaped.storeContext(id, untyped({ kind: CANARY })),
      () => shaped.updateContext(id, () => untyped({ kind: 'a', list: [CANARY] })),
      () =>
        shaped.storeMessage({
          userId: id,
          sender: 'user',
          content: 'x',
          metadata: untyped({ kind: CANARY }),
        }),
      () => shaped.updateUser(id, { data: { kind: CANARY } }),
      () => shaped.storeEvent({ creatorId: id, summary: 'x', start, data: untyped({ kind: CANARY }) }),
    ]
    for (const call of calls) {
      const failure = await failureOf(call())
      expect(failure.code).toBe('INVALID_INPUT')
      expect(shownOf(failure)).not.toContain('c4n4ry')
    }
  })

  test('that a validator of the server refuses, which quotes it', async () => {
    for (const name of ['users', 'contexts', 'messages', 'events']) {
      await db.command({ collMod: `dialogue_${name}`, validator: { never: { $exists: true } } })
    }
    const quoting = db.collection('dialogue_users').insertOne({ name: CANARY })
    await expect(quoting).rejects.toMatchObject({ code: 121, errInfo: expect.anything() })
    const calls = [
      () => user({}),
      () => store.updateUser(bia.id, { name: CANARY }),
      () => store.storeContext(bia.id, { text: CANARY }),
      () => message({}),
      () => event({}),
    ]
    for (const call of calls) {
      const failure = await failureOf(call())
      expect(failure).toMatchObject({ code: 'INVALID_INPUT', outcome: 'not-applied', retryable: false })
      expect(failure.message).toMatch(/validator/)
      expect(failure.cause).toMatchObject({ code: 121 })
      expect(shownOf(failure)).not.toContain('c4n4ry')
    }
  })
})

describe('the cause of an error', () => {
  const fail = () => {
    throw new Error(CANARY)
  }
  const text = `E11000 { name: "first\n    at ${CANARY} (file.js:1:1)\n    at second" }`

  test('keeps where it happened, and its codes, but no line of the message', () => {
    const error = Object.assign(new Error(text), {
      code: 11000,
      codeName: 'DuplicateKey',
      keyValue: { name: CANARY },
    })
    const cause = causeOf(error)
    expect(cause).toMatchObject({ code: 11000, codeName: 'DuplicateKey' })
    expect(cause.stack).toContain('canaries.test')
    expect(shownOf(cause)).not.toContain('c4n4ry')
  })

  test.each([
    [
      'a message that was changed since',
      () => Object.assign(new Error(text), { message: text.slice(0, 20) }),
    ],
    ['a message that was added to', () => Object.assign(new Error(text), { message: `more ${text}` })],
    [
      'codes that are text',
      () => Object.assign(new Error('x'), { code: CANARY, codeName: CANARY, name: CANARY }),
    ],
    [
      'labels that are text',
      () => Object.assign(new Error('x'), { labels: [CANARY], errorLabels: [CANARY, { text: CANARY }] }),
    ],
    ['what cannot be read', () => new Proxy({}, { get: () => fail() })],
    ['a cause in a cause', () => new Error('x', { cause: new Error(text, { cause: CANARY }) })],
    ['text that was thrown', () => CANARY],
    ['an object that was thrown', () => ({ message: CANARY, stack: CANARY, id: new ObjectId() })],
  ])('shows nothing of %s', (_, make) => {
    expect(shownOf(causeOf(make()))).not.toContain('c4n4ry')
  })
})
