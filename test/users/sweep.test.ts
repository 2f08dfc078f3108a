import { beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import type mongoose from 'mongoose'
import { ObjectId } from '../../src/ids.ts'
import { type DialogueStore, openStore } from '../../src/index.ts'
import { testServer } from '../../src/testing/index.ts'
import { makeBystander, makeEvent, makeMessages, makeUser, storedOf } from '../support/make.ts'
import { makeDatabase } from '../support/store.ts'

/* What a writer leaves that was frozen, woke up when its user had been erased, and died at once. */

const MINUTE_MS = 60_000
const SMALL = { retention: { kind: 'capped', sizeBytes: 2 ** 20 } } as const

let uri: string
beforeAll(async () => {
  uri = (await testServer()).uri
})

let db: mongoose.mongo.Db
let dbName: string
let userId: string
let bystander: { id: string }
beforeEach(async () => {
  ;({ db, dbName } = await makeDatabase())
  await whileOpen(async (store) => {
    bystander = await makeBystander(store)
    const user = await makeUser(store)
    userId = user.id
    await makeMessages(store, userId, 2)
    await makeEvent(store, userId)
    const { messages, events } = await storedOf(db, userId)
    await store.deleteUser(userId)
    await db.collection('dialogue_messages').insertMany(messages)
    await db.collection('dialogue_events').insertMany(events)
  })
})

async function whileOpen(work: (store: DialogueStore) => Promise<void> = async () => {}): Promise<void> {
  const store = await openStore({ uri, dbName, ...SMALL })
  await work(store)
  await store.close()
}

const meta = () => db.collection<{ _id: string; sweptAt: Date }>('dialogue_meta')
const ago = (minutes: number) => new Date(Date.now() - minutes * MINUTE_MS)

/** When the user was erased, and when somebody looked for late arrivals last, in minutes before now. */
async function happened(erased: number, swept: number): Promise<void> {
  const change = { $set: { erasedAt: ago(erased) } }
  await db.collection('dialogue_users').updateOne({ _id: new ObjectId(userId) }, change)
  await meta().updateOne({ _id: 'upkeep' }, { $set: { sweptAt: ago(swept) } })
}

const left = async () => {
  const { messages, events } = await storedOf(db, userId)
  return { messages: messages.length, events: events.length }
}

describe('what came after an erasure', () => {
  test.each([
    ['two minutes', 3, 2],
    ['a quarter of an hour', 16, 2],
    ['two hours', 121, 2],
    ['a day', 1441, 2],
    ['an erasure, long after it, when no store was open since', 3000, 2990],
  ])('is gone when a store opens after %s', async (_, erased, swept) => {
    const before = await storedOf(db, bystander.id)
    await happened(erased, swept)
    await whileOpen()
    expect(await left()).toEqual({ messages: 0, events: 0 })
    expect(await storedOf(db, bystander.id)).toEqual(before)
    const upkeep = await meta().findOne({ _id: 'upkeep' })
    expect(upkeep?.sweptAt.getTime()).toBeGreaterThan(ago(1).getTime())
  })

  test('and so is what the copy of a conversion has of them, which nobody goes on with', async () => {
    const copies = ['a', 'b_left'].map((name) => db.collection(`dialogue_messages_converting_${name}`))
    const { messages } = await storedOf(db, userId)
    const { messages: others } = await storedOf(db, bystander.id)
    for (const copy of copies) await copy.insertMany([...messages, ...others])
    await happened(3, 2)
    await whileOpen()
    for (const copy of copies) expect(await copy.countDocuments()).toBe(others.length)
  })

  test('and what was kept for a removal that ended in the same moment is gone, too', async () => {
    const [user] = (await storedOf(db, bystander.id)).users ?? []
    const [_id, kept] = [new ObjectId(userId), db.collection('dialogue_calendar_farewells')]
    await kept.insertOne({ _id, user: { ...user, _id }, createdAt: new Date() })
    await happened(3, 2)
    await whileOpen()
    expect(await kept.countDocuments()).toBe(0)
  })

  test('is not looked for again, nor is that written down, shortly after the last look', async () => {
    await happened(3, 0.5)
    const before = await meta().findOne({ _id: 'upkeep' })
    await whileOpen()
    expect(await left()).toEqual({ messages: 2, events: 1 })
    expect(await meta().findOne({ _id: 'upkeep' })).toEqual(before)
  })
})

test('an erasure whose process died is finished when a store opens', async () => {
  const erasing = { step: 0, messages: [], events: [] }
  await db.collection('dialogue_users').updateOne({ _id: new ObjectId(userId) }, { $set: { erasing } })
  await whileOpen()
  expect(await left()).toEqual({ messages: 0, events: 0 })
  expect((await storedOf(db, userId)).users[0]).not.toHaveProperty('erasing')
})

test('one erasure that cannot go on does not keep others waiting, nor what came late', async () => {
  const stuck = { erasedAt: ago(60), receipt: {}, erasing: { step: 1, messages: null, events: null } }
  const users = db.collection('dialogue_users')
  await db.command({ collMod: 'dialogue_users', validationAction: 'warn' })
  /* The first that is found. */
  await users.insertOne({ _id: new ObjectId('0'.repeat(24)), ...stuck })
  let half = ''
  await whileOpen(async (store) => {
    half = (await makeUser(store)).id
    await makeMessages(store, half, 2)
    await store.deleteUser(half)
  })
  const whole = await users.findOne({ _id: new ObjectId(half) })
  await users.updateOne(
    { _id: new ObjectId(half) },
    { $set: { erasing: { step: 0, messages: [], events: [] } } },
  )
  await happened(3, 3)
  await whileOpen()
  expect(await left()).toEqual({ messages: 0, events: 0 })
  expect(whole?.erasing).toBeUndefined()
  expect((await users.findOne({ _id: new ObjectId(half) }))?.erasing).toBeUndefined()
})
