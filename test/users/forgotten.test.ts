import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals'
import type mongoose from 'mongoose'
import { KEPT_OPS } from '../../src/db/versioned.ts'
import { ObjectId } from '../../src/ids.ts'
import type { DialogueStore } from '../../src/index.ts'
import { LOST_COMMAND, makeFaultyServer, UNCONFIRMED } from '../support/faults.ts'
import { makeEvent, makeUser } from '../support/make.ts'
import { until } from '../transactions/support/turns.ts'

let faulty: Awaited<ReturnType<typeof makeFaultyServer>>
let store: DialogueStore
let userId: string
let eventId: string
beforeAll(async () => {
  faulty = await makeFaultyServer()
  store = await faulty.open()
})
afterAll(() => faulty?.stop())
afterEach(() => faulty.heal())
beforeEach(async () => {
  userId = (await makeUser(store)).id
  eventId = (await makeEvent(store, userId)).id
  await store.storeContext(userId, {})
})

/** Another process writes to the same document, as often as it keeps operations. */
async function writeOver(documents: mongoose.mongo.Collection, filter: object): Promise<void> {
  for (let i = 0; i < KEPT_OPS; i++) {
    const ops = { $each: [new ObjectId()], $position: 0, $slice: KEPT_OPS }
    await documents.updateOne(filter, { $inc: { version: 1 }, $push: { ops } } as object)
  }
}
const add = (data: { n?: unknown } = {}) => ({ n: Number(data.n ?? 0) + 1 })

test.each<[string, 'users' | 'contexts' | 'events', () => Promise<unknown>]>([
  ['updateUser of a function', 'users', () => store.updateUser(userId, ({ data }) => ({ data: add(data) }))],
  ['updateUser of a patch', 'users', () => store.updateUser(userId, { data: { n: 1 } })],
  [
    'updateUser on a condition',
    'users',
    () => store.updateUser(userId, { data: { n: 1 } }, { ifVersion: 1 }),
  ],
  ['storeContext', 'contexts', () => store.storeContext(userId, { n: 1 })],
  ['mergeContext', 'contexts', () => store.mergeContext(userId, { n: 1 })],
  ['updateContext', 'contexts', () => store.updateContext(userId, add)],
  ['updateEvent', 'events', () => store.updateEvent(eventId, { data: { n: 1 } }, { ifVersion: 1 })],
])(
  '%s that others have written over is not made again, nor taken for a conflict',
  async (_, collection, write) => {
    const _id = new ObjectId(userId)
    const filter = { users: { _id }, contexts: { userId: _id }, events: { creatorId: _id } }[collection]
    const documents = faulty.db.collection(`dialogue_${collection}`)
    await faulty.fail({ failCommands: ['findAndModify'], collection, ...UNCONFIRMED })
    const mine = write().then(String, (error: unknown) => error)
    await until(async () => (await documents.findOne(filter))?.data?.n === 1)
    await writeOver(documents, filter)
    const before = await documents.findOne(filter)
    await faulty.heal()
    expect(await mine).toMatchObject({ outcome: 'unknown', retryable: false })
    expect(await documents.findOne(filter)).toEqual(before)
  },
)

test('a write is repeated where as many others had written before it', async () => {
  for (let i = 0; i < 20; i++) await store.updateContext(userId, add)
  await faulty.fail(
    { failCommands: ['findAndModify'], collection: 'contexts', ...LOST_COMMAND },
    { times: 2 },
  )
  expect(await store.mergeContext(userId, { more: true })).toMatchObject({ context: { version: 22 } })
  await faulty.fail({ failCommands: ['findAndModify'], collection: 'contexts', ...UNCONFIRMED }, { times: 2 })
  expect(await store.updateContext(userId, add)).toMatchObject({
    context: { version: 23, data: { n: 21 } },
  })
})

test('a write is repeated where none that may have pushed it out was under way', async () => {
  const filter = { _id: new ObjectId(userId) }
  const documents = faulty.db.collection('dialogue_users')
  const lost = { failCommands: ['findAndModify'], collection: 'users', ...LOST_COMMAND }
  const met = await faulty.fail(lost)
  const mine = store.updateUser(userId, { name: 'Bia' })
  await met()
  const ops = Array.from({ length: KEPT_OPS }, () => ObjectId.createFromTime(0))
  await documents.updateOne(filter, { $set: { version: 100, ops } })
  await faulty.heal()
  expect(await mine).toMatchObject({ version: 101, name: 'Bia' })
})
