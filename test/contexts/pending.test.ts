import { beforeAll, describe, expect, test } from '@jest/globals'
import type mongoose from 'mongoose'
import { ObjectId } from '../../src/ids.ts'
import type { DialogueStore, Message } from '../../src/index.ts'
import { makeMessages, makeUser, makeWorld, refusedPaths, untyped } from '../support/make.ts'

let store: DialogueStore
let db: mongoose.mongo.Db
beforeAll(async () => {
  ;({ store, db } = await makeWorld())
})

const newUser = async () => (await makeUser(store)).id
const pendingOf = async (
  userId: string,
  pending: true | { senders?: string[]; conversationId?: string } = true,
) => (await store.retrieveContext(userId, { pending })).pending

async function messagesAfter(userId: string, cursor: string | null): Promise<Message[]> {
  const messages: Message[] = []
  for await (const message of store.iterateHistory(userId, { after: cursor })) messages.push(message)
  return messages
}

describe('covers', () => {
  test('moves the mark, and nothing else does', async () => {
    const user = await newUser()
    const [first, second] = await makeMessages(store, user, 2)
    await store.storeContext(user, { n: 1 }, { covers: first?.cursor })
    await store.storeContext(user, { n: 2 })
    await store.mergeContext(user, { n: 3 })
    await store.updateContext(user, () => ({ n: 4 }))
    await store.deleteContext(user)
    expect((await store.retrieveContext(user)).covers).toBe(first?.cursor)
    await store.mergeContext(user, { n: 5 }, { covers: second?.cursor })
    expect((await store.retrieveContext(user)).covers).toBe(second?.cursor)
    const { context } = await store.updateContext(user, () => ({ n: 6 }), { covers: first?.cursor })
    expect(context.covers).toBe(first?.cursor)
  })

  test('is not moved by a write that ifVersion refuses', async () => {
    const user = await newUser()
    const [message] = await makeMessages(store, user, 1)
    await store.storeContext(user, { n: 1 })
    await expect(
      store.storeContext(user, { n: 2 }, { ifVersion: 7, covers: message?.cursor }),
    ).rejects.toThrow()
    expect((await store.retrieveContext(user)).covers).toBeNull()
  })

  test('takes the cursors of pages, too', async () => {
    const user = await newUser()
    await makeMessages(store, user, 10)
    const { newer } = await store.retrieveHistory(user, {
      before: (await store.retrieveHistory(user, { limit: 4 })).older,
    })
    await store.storeContext(user, {}, { covers: newer ?? undefined })
    expect(await pendingOf(user)).toBe(4)
  })

  test('refuses a cursor of another user, and what is no cursor', async () => {
    const [user, other] = [await newUser(), await newUser()]
    const [theirs] = await makeMessages(store, other, 1)
    const [mine] = await makeMessages(store, user, 1)
    const forged = [
      theirs?.cursor,
      '',
      'x',
      mine?.id,
      `${mine?.cursor}A`,
      mine?.cursor.slice(0, -1),
      null,
      {},
      1,
    ]
    for (const covers of forged) {
      const calls = [
        store.storeContext(user, {}, { covers: untyped(covers) }),
        store.mergeContext(user, {}, { covers: untyped(covers) }),
        store.updateContext(user, () => ({}), { covers: untyped(covers) }),
      ]
      for (const call of calls)
        expect([covers, (await refusedPaths(call)).join().split('.').at(-1)]).toEqual([covers, 'covers'])
    }
    expect(await store.retrieveContext(user)).toMatchObject({ version: 0, covers: null })
  })
})

describe('pending', () => {
  test('counts all messages before there is a mark, and those after it from then on', async () => {
    const user = await newUser()
    await makeMessages(store, await newUser(), 5)
    expect(await pendingOf(user)).toBe(0)
    const messages = await makeMessages(store, user, 12)
    expect(await pendingOf(user)).toBe(12)
    await store.storeContext(user, {}, { covers: messages[9]?.cursor })
    expect(await pendingOf(user)).toBe(2)
    expect(await messagesAfter(user, messages[9]?.cursor ?? null)).toEqual(messages.slice(10))
  })

  test('leaves pending what came while a summary was made', async () => {
    const user = await newUser()
    const read = await makeMessages(store, user, 10)
    const meanwhile = await makeMessages(store, user, 3)
    await store.storeContext(user, { summary: 'of ten' }, { covers: read.at(-1)?.cursor })
    expect(await pendingOf(user)).toBe(3)
    const { covers } = await store.retrieveContext(user)
    expect(await messagesAfter(user, covers)).toEqual(meanwhile)
  })

  test('tells messages of one instant apart', async () => {
    const user = await newUser()
    const messages = await makeMessages(store, user, 5, { timestamp: new Date('2026-01-01T00:00:00Z') })
    for (const [i, { cursor }] of messages.entries()) {
      await store.storeContext(user, {}, { covers: cursor })
      expect(await pendingOf(user)).toBe(4 - i)
    }
  })

  test('counts by sender and by conversation', async () => {
    const user = await newUser()
    const [mark] = await makeMessages(store, user, 4, { conversationId: 'a' })
    await makeMessages(store, user, 3, { conversationId: 'b' })
    await makeMessages(store, user, 2, { conversationId: 'b', sender: 'assistant' })
    await makeMessages(store, user, 1, { sender: 'tool' })
    await store.storeContext(user, {}, { covers: mark?.cursor })
    expect(await pendingOf(user)).toBe(9)
    expect(await pendingOf(user, {})).toBe(9)
    expect(await pendingOf(user, { senders: ['user'] })).toBe(6)
    expect(await pendingOf(user, { senders: ['assistant', 'tool'] })).toBe(3)
    expect(await pendingOf(user, { conversationId: 'a' })).toBe(3)
    expect(await pendingOf(user, { conversationId: 'b', senders: ['assistant'] })).toBe(2)
    expect(await pendingOf(user, { senders: ['nobody'] })).toBe(0)
    expect(await pendingOf(user, { conversationId: 'none' })).toBe(0)
  })

  test('is exact up to 1,000, and 1,000 beyond', async () => {
    const user = await newUser()
    await makeMessages(store, user, 999)
    expect(await pendingOf(user)).toBe(999)
    await makeMessages(store, user, 1)
    expect(await pendingOf(user)).toBe(1000)
    await makeMessages(store, user, 100, { sender: 'assistant' })
    expect(await pendingOf(user)).toBe(1000)
    expect(await pendingOf(user, { senders: ['user'] })).toBe(1000)
    expect(await pendingOf(user, { senders: ['assistant'] })).toBe(100)
  })

  test('is exact for a sender who said little before others said much', async () => {
    const user = await newUser()
    await makeMessages(store, user, 5)
    for (let i = 0; i < 3; i++) await makeMessages(store, user, 4000, { sender: 'assistant', content: 'x' })
    expect(await pendingOf(user, { senders: ['user'] })).toBe(5)
    await store.withTransaction(async (tx) => {
      await tx.storeMessage({ userId: user, sender: 'user', content: 'x' })
      const { pending } = await tx.retrieveContext(user, { pending: { senders: ['user'] } })
      expect(pending).toBe(6)
    })
  })

  test('goes on from the mark when the marked message, and others, are gone', async () => {
    const user = await newUser()
    const messages = await makeMessages(store, user, 10)
    await store.storeContext(user, {}, { covers: messages[4]?.cursor })
    await store.deleteMessages(user, { ids: messages.slice(3, 5).map(({ id }) => id) })
    expect(await pendingOf(user)).toBe(5)
    const evicted = messages.slice(0, 7).map(({ id }) => new ObjectId(id))
    await db.collection('dialogue_messages').deleteMany({ _id: { $in: evicted } })
    expect(await pendingOf(user)).toBe(3)
    expect(await messagesAfter(user, messages[4]?.cursor ?? null)).toEqual(messages.slice(7))
    await store.deleteMessages(user, { all: true })
    expect(await pendingOf(user)).toBe(0)
    await makeMessages(store, user, 2)
    expect(await pendingOf(user)).toBe(2)
  })

  test('counts by the time of the messages: what comes late with an older time is not pending', async () => {
    const user = await newUser()
    const [, mark] = await makeMessages(store, user, 2)
    await store.storeContext(user, {}, { covers: mark?.cursor })
    await makeMessages(store, user, 1, { timestamp: new Date(Date.now() - 60_000) })
    expect(await pendingOf(user)).toBe(0)
  })

  test('is null where it was not asked for', async () => {
    const user = await newUser()
    await makeMessages(store, user, 2)
    expect((await store.retrieveContext(user)).pending).toBeNull()
    expect((await store.retrieveContext(user, {})).pending).toBeNull()
    expect((await store.storeContext(user, {})).context.pending).toBeNull()
  })
})
