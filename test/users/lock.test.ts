import { setTimeout as pause } from 'node:timers/promises'
import { beforeAll, describe, expect, test } from '@jest/globals'
import type mongoose from 'mongoose'
import { ObjectId } from '../../src/ids.ts'
import { type DialogueStore, DialogueStoreError } from '../../src/index.ts'
import { makeUser, makeWorld, refusedPaths, rejection, untyped } from '../support/make.ts'
import { makeStore } from '../support/store.ts'
import { makeWork } from './support/work.ts'

let store: DialogueStore
let other: DialogueStore
let db: mongoose.mongo.Db
let dbName: string
beforeAll(async () => {
  ;({ store, db, dbName } = await makeWorld())
  other = await makeStore({ dbName })
})

const newUser = async () => (await makeUser(store)).id
const lockOf = (userId: string) => db.collection('dialogue_locks').findOne({ _id: new ObjectId(userId) })

/** Counts how many work at once. */
function makeMeter() {
  let now = 0
  let most = 0
  const work = async () => {
    now++
    most = Math.max(most, now)
    await pause(2)
    now--
  }
  return { work, most: () => most }
}

describe('withUserLock', () => {
  test('gives back what work gives, and leaves no lock', async () => {
    const user = await newUser()
    expect(await store.withUserLock(user, async () => 42)).toBe(42)
    expect(await lockOf(user)).toBeNull()
  })

  test('runs work for a user one at a time, over two stores', async () => {
    const user = await newUser()
    const meter = makeMeter()
    await Promise.all(
      Array.from({ length: 20 }, (_, i) => (i % 2 ? store : other).withUserLock(user, meter.work)),
    )
    expect(meter.most()).toBe(1)
  })

  test('runs work for other users meanwhile', async () => {
    const [one, two] = [await newUser(), await newUser()]
    const long = makeWork()
    const held = store.withUserLock(one, long.work)
    await long.started
    expect(await store.withUserLock(two, async () => 'not waited', { waitMs: 0 })).toBe('not waited')
    long.finish()
    await held
  })

  test('lets waiters of a process in by the order of asking', async () => {
    const user = await newUser()
    const order: number[] = []
    await Promise.all(
      Array.from({ length: 30 }, (_, i) => store.withUserLock(user, async () => void order.push(i))),
    )
    expect(order).toEqual(Array.from({ length: 30 }, (_, i) => i))
  })

  test('gives back what work throws, as it was, and leaves no lock', async () => {
    const user = await newUser()
    const thrown = [new Error('mine'), 'a string', undefined, new DialogueStoreError('TIMEOUT', 'made up')]
    for (const one of thrown) {
      await expect(store.withUserLock(user, () => Promise.reject(one))).rejects.toBe(one)
      const sync = store.withUserLock(user, () => {
        throw one
      })
      await expect(sync).rejects.toBe(one)
    }
    expect(await lockOf(user)).toBeNull()
    expect(await store.withUserLock(user, async () => 'free', { waitMs: 0 })).toBe('free')
  })

  test('passes the errors of verbs in work untouched', async () => {
    const user = await newUser()
    const inside = store.withUserLock(user, () => store.getUser(new ObjectId()))
    await rejection(inside, 'USER_NOT_FOUND')
  })

  test.each([
    ['of the same process', () => store],
    ['of another', () => other],
  ])('is USER_LOCKED after waitMs behind a holder %s', async (_, waiter) => {
    const user = await newUser()
    const long = makeWork()
    const held = store.withUserLock(user, long.work)
    await long.started
    let ran = false
    const call = (waitMs: number) =>
      waiter().withUserLock(
        user,
        async () => {
          ran = true
        },
        { waitMs },
      )
    const error = await rejection(call(0), 'USER_LOCKED')
    expect(error).toMatchObject({ outcome: 'not-applied', retryable: true })
    const start = performance.now()
    await rejection(call(200), 'USER_LOCKED')
    expect(performance.now() - start).toBeGreaterThan(190)
    long.finish()
    await held
    expect(ran).toBe(false)
    await call(5000)
    expect(ran).toBe(true)
  })

  test('is not held up by waiters who have given up', async () => {
    const user = await newUser()
    const long = makeWork()
    const held = store.withUserLock(user, long.work)
    await long.started
    const impatient = rejection(
      store.withUserLock(user, async () => {}, { waitMs: 50 }),
      'USER_LOCKED',
    )
    const patient = store.withUserLock(user, async () => 'my turn')
    await impatient
    long.finish()
    await held
    expect(await patient).toBe('my turn')
  })

  test('is not reentrant: waiting for oneself ends in USER_LOCKED', async () => {
    const user = await newUser()
    const nested = () => store.withUserLock(user, async () => {}, { waitMs: 50 })
    await rejection(store.withUserLock(user, nested), 'USER_LOCKED')
  })

  test('lets a user be deleted in it, and is USER_NOT_FOUND for who waited', async () => {
    const user = await newUser()
    const deletion = store.withUserLock(user, () => store.deleteUser(user))
    const waiting = rejection(
      store.withUserLock(user, async () => {}),
      'USER_NOT_FOUND',
    )
    expect(await deletion).toMatchObject({ userId: user })
    await waiting
    await rejection(
      store.withUserLock(new ObjectId(), async () => {}),
      'USER_NOT_FOUND',
    )
    expect(await lockOf(user)).toBeNull()
  })

  test.each([
    ['work', undefined, {}],
    ['options.waitMs', async () => {}, { waitMs: -1 }],
    ['options.waitMs', async () => {}, { waitMs: 2 ** 31 }],
    ['options.leaseMs', async () => {}, { leaseMs: 0 }],
    ['options.leaseMs', async () => {}, { leaseMs: '5s' }],
    ['options.timeoutMs', async () => {}, { timeoutMs: 1 }],
  ])('refuses a wrong %s (%#)', async (path, work, options) => {
    const user = await newUser()
    expect(await refusedPaths(store.withUserLock(user, untyped(work), untyped(options)))).toEqual([path])
  })
})
