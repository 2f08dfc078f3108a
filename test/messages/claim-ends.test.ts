import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals'
import { nextId, ObjectId } from '../../src/ids.ts'
import type { DialogueStore } from '../../src/index.ts'
import { seenKey } from '../../src/messages/claim.ts'
import { makeFaultyServer } from '../support/faults.ts'
import { makeMessages, makeUser, rejection, storedOf } from '../support/make.ts'
import { messageOf } from '../transactions/support/entries.ts'

/* A delivery that meets a claim just as it ends. */
let server: Awaited<ReturnType<typeof makeFaultyServer>>
let store: DialogueStore
let other: DialogueStore
beforeAll(async () => {
  server = await makeFaultyServer()
  store = await server.open()
  other = await server.open()
})
afterEach(() => server.heal())
afterAll(() => server.stop())

const HELD_MS = 1000

/** Holds the next such command about claims up. @returns waits until it is held */
const hold = (failCommand: string) =>
  server.fail(
    { collection: 'seen', failCommands: [failCommand], blockConnection: true, blockTimeMS: HELD_MS },
    { times: 1 },
  )

const delivery = (userId: string, content: string) => ({ userId, sender: 'user', content, externalId: 'x' })

test('because its seven days are over, claims it anew', async () => {
  const { id } = await makeUser(store)
  await store.storeMessage(delivery(id, 'eight days ago'))
  const held = await hold('find')
  const call = store.storeMessage(delivery(id, 'today'))
  await held()
  /* As the TTL monitor does. */
  await server.db.collection<{ _id: string }>('dialogue_seen').deleteMany({ _id: new RegExp(`^${id}`) })
  expect(await call).toMatchObject({ created: true })
  expect(await store.storeMessage(delivery(id, 'today, again'))).toMatchObject({ created: false })
  const contents = (await storedOf(server.db, id)).messages.map(({ content }) => content)
  expect(contents).toEqual(['eight days ago', 'today'])
})

test('because its user is erased, is told so', async () => {
  const { id } = await makeUser(store)
  await other.storeMessage(delivery(id, 'secret'))
  const held = await hold('delete')
  const erasure = store.deleteUser(id)
  await held()
  await rejection(other.getUser(id), 'USER_NOT_FOUND')
  await rejection(other.storeMessage(delivery(id, 'again')), 'USER_NOT_FOUND')
  expect(await erasure).toMatchObject({ messages: 1 })
})

interface Book {
  _id: string
  [field: string]: unknown
}

test('because its message is deleted, though another one joins it meanwhile', async () => {
  const { id } = await makeUser(store)
  const seen = server.db.collection<Book>('dialogue_seen')
  const [_id, messageId] = [seenKey({ userId: new ObjectId(id), externalId: 'x' }), nextId()]
  const [dead, joining] = [nextId(), nextId()]
  await seen.insertOne({ _id, ...{ messageId, flights: [dead], createdAt: new Date() } })
  const stored = messageOf(id, 'left', { _id: messageId, externalId: 'x', op: nextId() })
  await server.db.collection('dialogue_messages').insertOne(stored)
  const held = await hold('update')
  const deletion = store.deleteMessages(id, { all: true })
  await held()
  await seen.updateOne({ _id }, { $addToSet: { flights: joining } } as object)
  expect(await deletion).toBe(1)
  expect(await seen.findOne({ _id })).toEqual({ _id, messageId, createdAt: expect.any(Date) })
  /* Whatever it inserts, it looks again before it tells anybody. */
  const flight = await seen.findOne({ _id: `flight:${joining.toHexString()}` })
  expect(flight?.overtaken).toBeGreaterThan(0)
})

test('because its message was refused, is not taken for one whose message is gone', async () => {
  const { id } = await makeUser(store)
  const seen = server.db.collection<Book>('dialogue_seen')
  const _id = seenKey({ userId: new ObjectId(id), externalId: 'x' })
  await seen.insertOne({ _id, ...{ messageId: nextId(), flights: [nextId()], createdAt: new Date() } })
  const [info] = await server.db.listCollections({ name: 'dialogue_messages' }).toArray()
  const validate = (validator: object) => server.db.command({ collMod: 'dialogue_messages', validator })
  await validate({ content: { $ne: 'refused' } })
  await rejection(store.storeMessage(delivery(id, 'refused')), 'INVALID_INPUT')
  await validate(Object(info).options.validator)
  expect(await store.storeMessage(delivery(id, 'again'))).toMatchObject({ created: true })
  expect((await storedOf(server.db, id)).messages).toHaveLength(1)
})

test("seven days later is another message's, which the deletion of the first one leaves alone", async () => {
  const { id } = await makeUser(store)
  const [old] = await makeMessages(store, id, 1, { externalId: 'x' })
  const seen = server.db.collection<Book>('dialogue_seen')
  const _id = seenKey({ userId: new ObjectId(id), externalId: 'x' })
  const claim = { messageId: nextId(), flights: [nextId()], createdAt: new Date() }
  await seen.replaceOne({ _id }, claim)
  expect(await store.deleteMessages(id, { ids: [old?.id ?? ''] })).toBe(1)
  expect(await seen.findOne({ _id })).toMatchObject(claim)
})
