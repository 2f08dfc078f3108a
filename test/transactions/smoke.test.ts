import { expect, test } from '@jest/globals'
import { makeUser, makeWorld, storedOf } from '../support/make.ts'

test('a turn', async () => {
  const { store, db } = await makeWorld()
  const { id: userId } = await makeUser(store)
  const r = await store.withTransaction(async (tx) => {
    const a = await tx.storeMessage({ userId, sender: 'user', content: 'hi', externalId: 'x' })
    const again = await tx.storeMessage({ userId, sender: 'user', content: 'hi', externalId: 'x' })
    expect(again.created).toBe(false)
    await tx.storeMessage({ userId, sender: 'assistant', content: 'ho' })
    await tx.mergeContext(userId, { turns: 1 })
    await tx.updateUser(userId, { states: { a: 'b' } })
    const { event } = await tx.storeEvent({ creatorId: userId, summary: 'x', start: new Date() })
    await tx.updateEvent(event.id, { summary: 'y' })
    expect((await tx.retrieveContext(userId, { pending: true })).pending).toBe(2)
    return a
  })
  expect(r.created).toBe(true)
  const page = await store.retrieveHistory(userId)
  expect(page.messages.map((m) => m.content)).toEqual(['hi', 'ho'])
  expect(page.count).toBe(2)
  expect(await db.collection('dialogue_journal').countDocuments()).toBe(0)
  expect(await store.storeMessage({ userId, sender: 'user', content: 'hi', externalId: 'x' })).toMatchObject({ created: false })
  const u = await store.updateMessage(userId, r.message.id, { content: 'changed', externalId: null })
  expect(u.version).toBe(2)
  expect(await store.getMessage(userId, { id: r.message.id })).toEqual(u)
  expect(await store.deleteMessages(userId, { all: true })).toBe(2)
  expect((await storedOf(db, userId)).messages).toEqual([])
  expect(await store.deleteUser(userId)).toMatchObject({ messages: 0, contexts: 1, events: 1 })
})
