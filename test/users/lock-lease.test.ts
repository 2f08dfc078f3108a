import { setTimeout as pause } from 'node:timers/promises'
import { beforeAll, describe, expect, test } from '@jest/globals'
import type mongoose from 'mongoose'
import { ObjectId } from '../../src/ids.ts'
import type { DialogueStore } from '../../src/index.ts'
import { makeUser, makeWorld, rejection } from '../support/make.ts'
import { makeStore } from '../support/store.ts'
import { eventually } from '../testing/fixtures/children.ts'
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

describe('the lease', () => {
  test('is renewed while work runs, so that long work stays alone', async () => {
    const user = await newUser()
    const long = makeWork()
    const held = store.withUserLock(user, long.work, { leaseMs: 900 })
    await long.started
    const first = await lockOf(user)
    await eventually(async () => (await lockOf(user))?.until - first?.until > 1000)
    await rejection(
      other.withUserLock(user, async () => {}, { waitMs: 0 }),
      'USER_LOCKED',
    )
    long.finish()
    await held
    expect(await lockOf(user)).toBeNull()
  })

  test('ends with its store: what still works there can store nothing any more', async () => {
    const user = await newUser()
    const closing = await makeStore({ dbName })
    const long = makeWork()
    const held = closing.withUserLock(user, async () => {
      await long.work()
      await closing.getUser(user)
    })
    await long.started
    await closing.close()
    expect(await store.withUserLock(user, async () => 'at once', { waitMs: 0 })).toBe('at once')
    long.finish()
    await rejection(held, 'STORE_CLOSED')
  })

  test('that has run out lets the next one in', async () => {
    const user = await newUser()
    const crashed = { _id: new ObjectId(user), owner: new ObjectId(), until: new Date(Date.now() + 1500) }
    await db.collection('dialogue_locks').insertOne(crashed)
    await rejection(
      store.withUserLock(user, async () => {}, { waitMs: 0 }),
      'USER_LOCKED',
    )
    expect(await store.withUserLock(user, async () => Date.now())).toBeGreaterThanOrEqual(
      crashed.until.getTime(),
    )
  })

  test('is not taken back from who took over after it ran out', async () => {
    const user = await newUser()
    const long = makeWork()
    const held = store.withUserLock(user, long.work, { leaseMs: 300 })
    await long.started
    const taken = { owner: new ObjectId(), until: new Date(Date.now() + 60_000) }
    await db.collection('dialogue_locks').updateOne({ _id: new ObjectId(user) }, { $set: taken })
    await pause(250)
    long.finish()
    await held
    expect(await lockOf(user)).toMatchObject(taken)
  })

  test('that was released is not brought back by a renewal on its way', async () => {
    const users = await Promise.all(Array.from({ length: 20 }, newUser))
    for (let round = 0; round < 5; round++) {
      await Promise.all(users.map((user) => store.withUserLock(user, () => pause(34), { leaseMs: 100 })))
    }
    expect(
      await db
        .collection('dialogue_locks')
        .countDocuments({ _id: { $in: users.map((id) => new ObjectId(id)) } }),
    ).toBe(0)
  })
})
