import { beforeAll, describe, expect, test } from '@jest/globals'
import type mongoose from 'mongoose'
import { nextId } from '../../src/ids.ts'
import type { DialogueStore, Message } from '../../src/index.ts'
import { makeProcesses, makeUser, storedOf } from '../support/make.ts'

let store: DialogueStore
let other: DialogueStore
let db: mongoose.mongo.Db
beforeAll(async () => {
  ;({ store, other, db } = await makeProcesses())
})

const delivery = (userId: string, externalId: string, more: object = {}) => ({
  userId,
  sender: 'user',
  content: 'delivered',
  externalId,
  ...more,
})

type Outcome = { message: Message; created: boolean }

/** One of `calls` created the message, it is stored once, and all were given it. */
async function expectOnce(userId: string, outcomes: Outcome[]): Promise<void> {
  expect(outcomes.filter(({ created }) => created)).toHaveLength(1)
  const { messages } = await storedOf(db, userId)
  expect(messages).toHaveLength(1)
  const [first] = outcomes
  for (const { message } of outcomes) expect(message).toEqual(first?.message)
  expect(first?.message).toMatchObject({ id: messages[0]?._id.toHexString(), content: messages[0]?.content })
}

/** The same of a bulk, as if each item had been a call. */
const inBulk = async (by: DialogueStore, inputs: Parameters<DialogueStore['storeMessages']>[0]) =>
  (await by.storeMessages(inputs)).map((outcome) => {
    if (outcome.status === 'rejected') throw outcome.error
    return { message: outcome.message, created: outcome.status === 'created' }
  })

const numbered = (userId: string, count: number, externalId: string) =>
  Array.from({ length: count }, (_, i) => delivery(userId, externalId, { content: `try ${i}` }))

describe('fifty deliveries at once are one message', () => {
  test('to one store', async () => {
    const { id } = await makeUser(store)
    const calls = numbered(id, 50, 'one').map((input) => store.storeMessage(input))
    await expectOnce(id, await Promise.all(calls))
  })

  test.each([1, 2, 3, 4, 5])('to two stores, round %i', async (round) => {
    const { id } = await makeUser(store)
    const calls = numbered(id, 50, `two ${round}`).map((input, i) =>
      (i % 2 ? store : other).storeMessage(input),
    )
    await expectOnce(id, await Promise.all(calls))
  })

  test('in one bulk', async () => {
    const { id } = await makeUser(store)
    await expectOnce(id, await inBulk(store, numbered(id, 50, 'bulk')))
  })

  test('in calls and bulks, to two stores', async () => {
    const { id } = await makeUser(store)
    const single = numbered(id, 26, 'mixed').map((input, i) => (i % 2 ? store : other).storeMessage(input))
    const bulks = [store, other].map((by) => inBulk(by, numbered(id, 12, 'mixed')))
    await expectOnce(id, [...(await Promise.all(single)), ...(await Promise.all(bulks)).flat()])
  })
})

describe('a delivery that comes again', () => {
  test('is given the first message, whatever it says', async () => {
    const { id: userId } = await makeUser(store)
    const first = await store.storeMessage(delivery(userId, 'again', { metadata: { try: 1 } }))
    const repeat = delivery(userId, 'again', {
      content: 'other',
      sender: 'assistant',
      id: nextId(),
      timestamp: new Date(0),
    })
    expect(await store.storeMessage(repeat)).toEqual({ created: false, message: first.message })
    expect(await other.storeMessage(repeat)).toEqual({ created: false, message: first.message })
    expect((await storedOf(db, userId)).messages).toHaveLength(1)
  })

  test('is given the message as it was changed since', async () => {
    const { id: userId } = await makeUser(store)
    const { message } = await store.storeMessage(delivery(userId, 'changed'))
    const changed = await store.updateMessage(userId, message.id, { content: 'corrected' })
    expect(await store.storeMessage(delivery(userId, 'changed'))).toEqual({
      created: false,
      message: changed,
    })
  })

  test('is another message for another user, conversation, or external id', async () => {
    const [ana, ben] = [await makeUser(store), await makeUser(store)]
    const inputs = [
      delivery(ana.id, 'x'),
      delivery(ben.id, 'x'),
      delivery(ana.id, 'x', { conversationId: 'c' }),
      delivery(ana.id, 'x', { conversationId: 'null' }),
      delivery(ana.id, 'x', { conversationId: '","x' }),
      delivery(ana.id, 'X'),
      delivery(ana.id, 'x '),
    ]
    for (const input of inputs) expect(await store.storeMessage(input)).toMatchObject({ created: true })
    for (const input of inputs) expect(await other.storeMessage(input)).toMatchObject({ created: false })
    expect((await storedOf(db, ana.id)).messages).toHaveLength(6)
    expect((await storedOf(db, ben.id)).messages).toHaveLength(1)
  })

  test('without conversation is the same as with null', async () => {
    const { id } = await makeUser(store)
    await store.storeMessage(delivery(id, 'n'))
    expect(await store.storeMessage(delivery(id, 'n', { conversationId: null }))).toMatchObject({
      created: false,
    })
  })
})

describe('what the server keeps of a delivery', () => {
  test('goes seven days after it', async () => {
    const indexes = await db.collection('dialogue_seen').indexes()
    expect(indexes).toContainEqual(
      expect.objectContaining({ key: { createdAt: 1 }, expireAfterSeconds: 7 * 24 * 60 * 60 }),
    )
  })

  test('goes with the user', async () => {
    const { id } = await makeUser(store)
    const bystander = await makeUser(store)
    const claims = (userId: string) =>
      db.collection<{ _id: string }>('dialogue_seen').countDocuments({ _id: new RegExp(userId) })
    await store.storeMessage(delivery(id, 'erased', { conversationId: 'c' }))
    await store.storeMessage(delivery(bystander.id, 'kept'))
    expect(await claims(id)).toBe(1)
    await store.deleteUser(id)
    expect(await claims(id)).toBe(0)
    expect(await claims(bystander.id)).toBe(1)
  })
})
