import { deepEqual, equal, ok } from 'node:assert/strict'
import type { DialogueStore } from '../../index.ts'
import { casesOf } from './case.ts'
import { all, firstOf, has, history, refuses, rejects } from './checks.ts'
import { after, appointment, at, atOnce, DAY_MS, newId, say, someDay, talk, untyped } from './samples.ts'
import { makeSomebodyBusy } from './somebody.ts'

/** Every verb that names a user. */
const verbsOn = (
  store: DialogueStore,
  userId: string,
  messageId: string,
): Record<string, () => Promise<unknown>> => ({
  createUser: () => store.createUser({ id: userId, name: 'Back' }),
  getUser: () => store.getUser(userId),
  updateUser: () => store.updateUser(userId, { name: 'Back' }),
  withUserLock: () => store.withUserLock(userId, async () => {}),
  exportUser: () => firstOf(store.exportUser(userId)),
  storeMessage: () => say(store, userId, 'back'),
  'storeMessage, delivered': () => say(store, userId, 'back', { externalId: 'x' }),
  storeMessages: () => talk(store, userId, ['back']),
  retrieveHistory: () => store.retrieveHistory(userId),
  iterateHistory: () => firstOf(store.iterateHistory(userId)),
  followMessages: () => firstOf(store.followMessages({ userId })),
  getMessage: () => store.getMessage(userId, { id: messageId }),
  updateMessage: () => store.updateMessage(userId, messageId, { content: 'back' }),
  deleteMessages: () => store.deleteMessages(userId, { all: true }),
  storeContext: () => store.storeContext(userId, { back: true }),
  mergeContext: () => store.mergeContext(userId, { back: true }),
  updateContext: () => store.updateContext(userId, () => ({ back: true })),
  retrieveContext: () => store.retrieveContext(userId, { pending: true }),
  deleteContext: () => store.deleteContext(userId),
  storeEvent: () => appointment(store, userId, new Date()),
  retrieveEvents: () => store.retrieveEvents({ creatorId: userId }),
  withTransaction: () => store.withTransaction((tx) => say(tx, userId, 'back')),
})

export const erasure = casesOf('deleteUser', {
  'gives a receipt, and the same one again': async (scene) => {
    const { store } = scene
    const { user } = await makeSomebodyBusy(scene)
    const { erasedAt, ...receipt } = await store.deleteUser(user.id)
    deepEqual(receipt, { userId: user.id, messages: 3, contexts: 1, events: 2 })
    ok(erasedAt instanceof Date)
    deepEqual(await store.deleteUser(user.id), { ...receipt, erasedAt })
  },

  'gives one receipt to all who call at once': async (scene) => {
    const { user } = await makeSomebodyBusy(scene)
    const receipts = await atOnce(5, () => scene.store.deleteUser(user.id))
    for (const receipt of receipts) deepEqual(receipt, receipts[0])
    has(at(receipts, 0), { messages: 3, contexts: 1, events: 2 })
  },

  'counts a context only where there was data': async ({ store, person }) => {
    const { id } = await person()
    await store.storeContext(id, { a: 1 })
    await store.deleteContext(id)
    has(await store.deleteUser(id), { messages: 0, contexts: 0, events: 0 })
  },

  'leaves the user to no verb': async (scene) => {
    const { store } = scene
    const { user, said } = await makeSomebodyBusy(scene)
    await store.deleteUser(user.id)
    const outcomes = Object.values(verbsOn(store, user.id, at(said, 0).id)).map((call) =>
      rejects(call(), 'USER_NOT_FOUND'),
    )
    await Promise.all(outcomes)
  },

  'leaves nothing to lists': async (scene) => {
    const { store } = scene
    const { user, flow, events, day } = await makeSomebodyBusy(scene)
    await store.deleteUser(user.id)
    const whole = { from: day, to: after(day, DAY_MS) }
    deepEqual((await store.listUsers({ states: { [flow]: 'begun' } })).users, [])
    deepEqual(await all(store.iterateUsers({ states: { [flow]: 'begun' } })), [])
    deepEqual((await store.retrieveEvents({ ...whole, status: ['confirmed', 'cancelled'] })).events, [])
    for (const { id } of events) await rejects(store.getEvent(id), 'EVENT_NOT_FOUND')
    equal(await store.deleteEvent(at(events, 1).id), false)
  },

  'frees the identities at once, for somebody who has nothing': async (scene) => {
    const { store } = scene
    const { user } = await makeSomebodyBusy(scene)
    await store.deleteUser(user.id)
    for (const reached of user.identities) {
      equal(await store.findUser(reached), null)
      const { user: next, created } = await store.ensureUser(reached)
      scene.alsoErase(next.id)
      deepEqual([created, next.id === user.id], [true, false])
      deepEqual(await history(store, next.id), [])
      deepEqual((await store.retrieveContext(next.id)).data, {})
      deepEqual((await say(store, next.id, 'hello', { externalId: 'x' })).userId, next.id)
    }
  },

  'leaves everybody else alone': async (scene) => {
    const { store } = scene
    const [{ user }, other] = [await makeSomebodyBusy(scene), await makeSomebodyBusy(scene)]
    const before = await all(store.exportUser(other.user.id))
    await store.deleteUser(user.id)
    deepEqual(await all(store.exportUser(other.user.id)), before)
  },

  'leaves nothing of what is written at the same time': async ({ store, person }) => {
    const day = someDay()
    const people = await atOnce(5, () => person())
    const races = people.flatMap(({ id }) => [
      say(store, id, 'late'),
      say(store, id, 'late', { externalId: 'x' }),
      store.mergeContext(id, { late: true }),
      appointment(store, id, day),
      store.withTransaction((tx) => say(tx, id, 'late')),
    ])
    const outcomes = Promise.allSettled(races)
    await Promise.all(people.map(({ id }) => store.deleteUser(id)))
    for (const outcome of await outcomes)
      if (outcome.status === 'rejected') has(Object(outcome.reason), { code: 'USER_NOT_FOUND' })
    for (const { id } of people) await rejects(store.retrieveHistory(id), 'USER_NOT_FOUND')
    deepEqual((await store.retrieveEvents({ from: day, to: after(day, DAY_MS) })).events, [])
  },

  'is for users who are there': async ({ store }) => {
    await rejects(store.deleteUser(newId()), 'USER_NOT_FOUND')
    await refuses(store.deleteUser(untyped({ $ne: null })), 'userId')
  },
})
