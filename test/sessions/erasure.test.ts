import { beforeAll, describe, expect, test } from '@jest/globals'
import type mongoose from 'mongoose'
import { type GrammyStorage, grammyStorage } from '../../src/adapters/grammy.ts'
import { ObjectId } from '../../src/ids.ts'
import type { DialogueStore } from '../../src/index.ts'
import {
  makeBystander,
  makeEvent,
  makeIdentity,
  makeMessages,
  makeUser,
  makeWorld,
  rejection,
} from '../support/make.ts'
import { makeStore } from '../support/store.ts'

type State = Record<string, unknown>

let store: DialogueStore
let other: DialogueStore
let sessions: mongoose.mongo.Collection
let users: mongoose.mongo.Collection
beforeAll(async () => {
  const world = await makeWorld()
  store = world.store
  other = await makeStore({ dbName: world.dbName })
  sessions = world.db.collection('dialogue_sessions')
  users = world.db.collection('dialogue_users')
})

let bots = 0
/** A bot of two processes, all of whose sessions are of one person. */
async function makeBot() {
  const identity = makeIdentity('telegram')
  const namespace = `bot ${++bots}`
  const open = (each: DialogueStore) => grammyStorage<State>(each, { namespace, userOf: () => identity })
  const { user } = await store.ensureUser(identity)
  return { identity, namespace, user, one: open(store), two: open(other) }
}

/** Nothing of them is left, and they are a tombstone. */
async function expectErased(userId: string): Promise<void> {
  const _id = new ObjectId(userId)
  expect(await sessions.find({ userId: _id }).toArray()).toEqual([])
  expect(await users.findOne({ _id })).toMatchObject({ erasedAt: expect.any(Date) })
  await rejection(store.getUser(userId), 'USER_NOT_FOUND')
}

const fill = (storage: GrammyStorage<State>, count: number) =>
  Promise.all(Array.from({ length: count }, (_, i) => storage.write(`k${i}`, { n: i })))

describe('the erasure of a user', () => {
  test('takes all of their sessions along, and nobody else’s', async () => {
    const [bot, bystander] = [await makeBot(), await makeBot()]
    const now = new Date()
    const document = {
      ...{ namespace: bot.namespace, data: { value: 1 }, version: 1 },
      createdAt: now,
      updatedAt: now,
    }
    const userId = new ObjectId(bot.user.id)
    await sessions.insertMany(Array.from({ length: 1205 }, (_, i) => ({ ...document, userId, key: `k${i}` })))
    await fill(bystander.one, 3)
    await grammyStorage<State>(store, { namespace: bot.namespace }).write('nobody', { n: 0 })
    await store.deleteUser(bot.user.id)
    await expectErased(bot.user.id)
    expect(await bystander.two.read('k2')).toEqual({ n: 2 })
    expect(await bot.two.read('nobody')).toEqual({ n: 0 })
  })

  test.each([
    ['begin', 0],
    ['are written', 20],
  ])(
    'that races with sessions that %s leaves nothing, and nobody comes back',
    async (_, before) => {
      for (let round = 0; round < 4; round++) {
        const bot = await makeBot()
        await fill(bot.one, before)
        const states = await Promise.all(Array.from({ length: before }, (_each, i) => bot.two.read(`k${i}`)))
        const writes = Array.from({ length: 20 }, (_each, i) => {
          const state = (states[i] ?? {}) as State
          return bot.two.write(`k${i}`, Object.assign(state, { late: round }))
        })
        const outcomes = Promise.allSettled(writes)
        if (round > 1) await Promise.race(writes).catch(() => {})
        await bot.one.has('k0')
        await store.deleteUser(bot.user.id)
        /* What was read before is gone: its writer is told. What had not begun is of somebody new. */
        for (const outcome of await outcomes)
          if (outcome.status === 'rejected')
            expect(outcome.reason).toMatchObject({ code: 'VERSION_CONFLICT' })
        await expectErased(bot.user.id)
        const somebody = await store.findUser(bot.identity)
        for (const { userId } of await sessions.find({ namespace: bot.namespace }).toArray())
          expect(userId.toHexString()).toBe(somebody?.id)
      }
    },
    60_000,
  )

  test('that races with nobody’s sessions becoming theirs leaves nothing', async () => {
    for (let round = 0; round < 4; round++) {
      const bot = await makeBot()
      await fill(grammyStorage<State>(store, { namespace: bot.namespace }), 10)
      const writes = Array.from({ length: 10 }, (_, i) => bot.two.write(`k${i}`, { n: 'theirs' }))
      const outcomes = Promise.allSettled(writes)
      if (round > 1) await Promise.race(writes)
      await store.deleteUser(bot.user.id)
      await outcomes
      await expectErased(bot.user.id)
    }
  })

  test('that comes while a session is being written creates nobody in their place', async () => {
    const { identity, namespace, user, one } = await makeBot()
    await one.write('k', { secret: 'old' })
    let isWriting = false
    const erasing = grammyStorage<State>(store, {
      namespace,
      async userOf() {
        if (isWriting) await other.deleteUser(user.id)
        return identity
      },
    })
    const mine = (await erasing.read('k')) as State
    isWriting = true
    await rejection(Promise.resolve(erasing.write('k', Object.assign(mine, { n: 1 }))), 'VERSION_CONFLICT')
    await expectErased(user.id)
    expect(await store.findUser(identity)).toBeNull()
  })

  test('keeps away what a handler has read before, also when they have come anew meanwhile', async () => {
    const { one, two, user } = await makeBot()
    await one.write('k', { secret: 'old' })
    const mine = (await two.read('k')) as State
    await store.deleteUser(user.id)
    expect(await one.read('k')).toBeUndefined()
    await one.write('k', { greeted: true })
    await rejection(Promise.resolve(two.write('k', Object.assign(mine, { step: 2 }))), 'VERSION_CONFLICT')
    expect(await one.read('k')).toEqual({ greeted: true })
  })
})

test('an export gives sessions between events and messages, in the order in which they began', async () => {
  const { one, user, namespace } = await makeBot()
  await makeMessages(store, user.id, 2)
  await makeEvent(store, user.id)
  for (let i = 0; i < 130; i++) await one.write(`k${129 - i}`, { i })
  await one.write('k5', { i: 'changed' })
  const items = []
  for await (const item of store.exportUser(user.id)) items.push(item)
  const kinds = items.map(({ kind }) => kind)
  expect([...new Set(kinds)]).toEqual(['user', 'context', 'event', 'session', 'message'])
  expect(kinds).toEqual(
    [...kinds].sort((a, b) => [...new Set(kinds)].indexOf(a) - [...new Set(kinds)].indexOf(b)),
  )
  const exported = items.flatMap((item) => (item.kind === 'session' ? [item.data] : []))
  expect(exported.map(({ key }) => key)).toEqual(Array.from({ length: 130 }, (_, i) => `k${129 - i}`))
  expect(exported[124]).toEqual({
    ...{ namespace, key: 'k5', value: { i: 'changed' }, version: 2 },
    ...{ createdAt: expect.any(Date), updatedAt: expect.any(Date) },
  })
})

test('a session of a user that a transaction around it has named is refused, since it would wait for itself', async () => {
  const { one, user } = await makeBot()
  const working = store.withTransaction(async (tx) => {
    await tx.updateUser(user.id, { name: 'Ana' })
    await one.write('k', { n: 1 })
  })
  await rejection(working, 'INVALID_INPUT')
  expect(await one.read('k')).toBeUndefined()
})

test('a namespace has its keys for itself, and who has none is not created', async () => {
  const bystander = await makeBystander(store)
  const before = await users.countDocuments()
  const storage = grammyStorage<State>(store, { namespace: 'alone', userOf: () => null })
  await storage.write('k', { a: 1 })
  expect(await grammyStorage<State>(store, { namespace: 'other' }).read('k')).toBeUndefined()
  expect(await users.countDocuments()).toBe(before)
  expect(await makeUser(store)).not.toEqual(bystander)
})
