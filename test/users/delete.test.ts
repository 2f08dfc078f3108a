import { beforeAll, describe, expect, test } from '@jest/globals'
import type mongoose from 'mongoose'
import { ObjectId } from '../../src/ids.ts'
import type { DialogueStore } from '../../src/index.ts'
import {
  belongingsOf,
  makeBystander,
  makeEvent,
  makeIdentity,
  makeMessages,
  makeUser,
  makeWorld,
  refusedPaths,
  rejection,
  storedOf,
  untyped,
} from '../support/make.ts'
import { makeStore } from '../support/store.ts'

let store: DialogueStore
let db: mongoose.mongo.Db
let dbName: string
beforeAll(async () => {
  ;({ store, db, dbName } = await makeWorld())
})

/** Somebody with messages, events and a context. */
async function makeSomebody(messages = 3) {
  const user = await makeUser(store, {
    identities: [makeIdentity()],
    email: 'ana@example.org',
    data: { a: 1 },
  })
  const stored = await makeMessages(store, user.id, messages)
  const event = await makeEvent(store, user.id)
  await store.storeContext(user.id, { summary: 'likes mornings' })
  return { user, messages: stored, event }
}

describe('deleteUser', () => {
  test('gives a receipt, and leaves an id and numbers, nothing of the person', async () => {
    const bystander = await makeBystander(store)
    const before = await storedOf(db, bystander.id)
    const { user } = await makeSomebody()
    const start = Date.now()
    const receipt = await store.deleteUser(user.id)
    expect(receipt).toEqual({
      userId: user.id,
      messages: 3,
      contexts: 1,
      events: 1,
      erasedAt: expect.any(Date),
    })
    expect(Math.abs(receipt.erasedAt.getTime() - start)).toBeLessThan(10_000)
    const stored = await storedOf(db, user.id)
    expect(await belongingsOf(db, user.id)).toEqual([])
    expect(stored.users).toEqual([
      {
        _id: new ObjectId(user.id),
        erasedAt: receipt.erasedAt,
        receipt: { messages: 3, contexts: 1, events: 1 },
      },
    ])
    expect(await storedOf(db, bystander.id)).toEqual(before)
  })

  test('counts a context only if it had data, and messages of every conversation', async () => {
    const user = await makeUser(store)
    await makeMessages(store, user.id, 2, { conversationId: 'group' })
    await makeMessages(store, user.id, 1)
    await store.storeContext(user.id, { a: 1 })
    await store.deleteContext(user.id)
    expect(await store.deleteUser(user.id)).toMatchObject({ messages: 3, contexts: 0, events: 0 })
  })

  test('repeated, also by another store, gives the same receipt', async () => {
    const { user } = await makeSomebody()
    const receipt = await store.deleteUser(user.id)
    expect(await store.deleteUser(new ObjectId(user.id))).toEqual(receipt)
    const other = await makeStore({ dbName })
    expect(await other.deleteUser(user.id)).toEqual(receipt)
  })

  test('called ten times at once, over two stores, gives one exact receipt', async () => {
    const other = await makeStore({ dbName })
    const { user } = await makeSomebody(30)
    const receipts = await Promise.all(
      Array.from({ length: 10 }, (_, i) => (i % 2 ? store : other).deleteUser(user.id)),
    )
    for (const receipt of receipts) expect(receipt).toEqual(receipts[0])
    expect(receipts[0]).toMatchObject({ messages: 30, contexts: 1, events: 1 })
  })

  test('erases more than one batch, and counts it exactly', async () => {
    const user = await makeUser(store)
    await makeMessages(store, user.id, 2345)
    expect(await store.deleteUser(user.id)).toMatchObject({ messages: 2345 })
    expect((await storedOf(db, user.id)).messages).toEqual([])
  })

  test('frees the identities at once', async () => {
    const { user } = await makeSomebody()
    const [identity] = user.identities
    if (!identity) throw new Error('has no identity')
    await store.deleteUser(user.id)
    expect(await store.findUser(identity)).toBeNull()
    const { user: next, created } = await store.ensureUser(identity)
    expect(created).toBe(true)
    expect(next.id).not.toBe(user.id)
    expect(await store.retrieveHistory(next.id)).toMatchObject({ messages: [], count: 0 })
  })

  test('frees them for a hundred who race, of whom one gets each', async () => {
    const identity = makeIdentity()
    const user = await makeUser(store, { identities: [identity] })
    const [, ...outcomes] = await Promise.all([
      store.deleteUser(user.id),
      ...Array.from({ length: 20 }, () => store.ensureUser(identity)),
    ])
    expect(outcomes.filter(({ created }) => created).length).toBeLessThanOrEqual(1)
    const { user: next } = await store.ensureUser(identity)
    expect(next.id).not.toBe(user.id)
    expect(await db.collection('dialogue_users').countDocuments({ identities: identity })).toBe(1)
  })

  test('is USER_NOT_FOUND for nobody, and refuses what is no id', async () => {
    await rejection(store.deleteUser(new ObjectId()), 'USER_NOT_FOUND')
    expect(await refusedPaths(store.deleteUser(untyped({ $ne: null })))).toEqual(['userId'])
  })

  test('takes the user from lists, counts and statistics', async () => {
    const { user } = await makeSomebody()
    const { users, contexts } = await store.stats()
    await store.deleteUser(user.id)
    expect(await store.stats()).toMatchObject({ users: users - 1, contexts: contexts - 1 })
    for await (const listed of store.iterateUsers()) expect(listed.id).not.toBe(user.id)
  })
})

describe('an erased user is USER_NOT_FOUND', () => {
  const message = { sender: 'user', content: 'too late' }
  let gone: Awaited<ReturnType<typeof makeSomebody>>
  beforeAll(async () => {
    gone = await makeSomebody()
    await store.deleteUser(gone.user.id)
  })

  const verbs: Record<string, (id: string) => Promise<unknown>> = {
    getUser: (id) => store.getUser(id),
    createUser: (id) => makeUser(store, { id }),
    updateUser: (id) => store.updateUser(id, { name: 'Back' }),
    'updateUser by a function': (id) => store.updateUser(id, () => ({ name: 'Back' })),
    withUserLock: (id) => store.withUserLock(id, async () => {}),
    exportUser: (id) => store.exportUser(id)[Symbol.asyncIterator]().next(),
    storeMessage: (userId) => store.storeMessage({ userId, ...message }),
    'storeMessage with an externalId': (userId) =>
      store.storeMessage({ userId, ...message, externalId: 'x' }),
    storeMessages: async (userId) => {
      const [outcome] = await store.storeMessages([{ userId, ...message }])
      if (outcome?.status === 'rejected') throw outcome.error
    },
    retrieveHistory: (id) => store.retrieveHistory(id),
    iterateHistory: (id) => store.iterateHistory(id)[Symbol.asyncIterator]().next(),
    getMessage: (id) => store.getMessage(id, { id: gone.messages[0]?.id ?? '' }),
    updateMessage: (id) => store.updateMessage(id, gone.messages[0]?.id ?? '', { content: 'x' }),
    deleteMessages: (id) => store.deleteMessages(id, { all: true }),
    storeContext: (id) => store.storeContext(id, { a: 1 }),
    'storeContext with ifVersion': (id) => store.storeContext(id, { a: 1 }, { ifVersion: 0 }),
    mergeContext: (id) => store.mergeContext(id, { a: 1 }),
    updateContext: (id) => store.updateContext(id, (data) => data),
    retrieveContext: (id) => store.retrieveContext(id, { pending: true }),
    deleteContext: (id) => store.deleteContext(id),
    storeEvent: (id) => makeEvent(store, id),
    retrieveEvents: (id) => store.retrieveEvents({ creatorId: id }),
  }

  test.each(Object.keys(verbs))('to %s', async (verb) => {
    const { id } = gone.user
    const before = await storedOf(db, id)
    expect(await belongingsOf(db, id)).toEqual([])
    const error = await rejection(Promise.resolve(verbs[verb]?.(id)), 'USER_NOT_FOUND')
    expect(error).toMatchObject({ outcome: 'not-applied', retryable: false })
    expect(await storedOf(db, id)).toEqual(before)
  })

  test('and their events are EVENT_NOT_FOUND', async () => {
    await rejection(store.getEvent(gone.event.id), 'EVENT_NOT_FOUND')
    await rejection(store.updateEvent(gone.event.id, { summary: 'Back' }), 'EVENT_NOT_FOUND')
    expect(await store.deleteEvent(gone.event.id)).toBe(false)
  })
})

describe('writes that race with an erasure', () => {
  test('leave nothing behind: they were erased, or are USER_NOT_FOUND', async () => {
    for (let round = 0; round < 10; round++) {
      const user = await makeUser(store, { identities: [makeIdentity()] })
      const [receipt, ...outcomes] = await Promise.allSettled([
        store.deleteUser(user.id),
        store.storeContext(user.id, { round }),
        store.mergeContext(user.id, { round }),
        store.updateUser(user.id, { addIdentities: [makeIdentity()] }),
        makeEvent(store, user.id),
        makeMessages(store, user.id, 5),
      ])
      expect(receipt.status).toBe('fulfilled')
      for (const outcome of outcomes) {
        if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject({ code: 'USER_NOT_FOUND' })
      }
      const stored = await storedOf(db, user.id)
      expect(await belongingsOf(db, user.id)).toEqual([])
      expect(Object.keys(stored.users[0] ?? {}).sort()).toEqual(['_id', 'erasedAt', 'receipt'])
    }
  })
})
