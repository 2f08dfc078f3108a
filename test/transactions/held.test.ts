import { expect, test } from '@jest/globals'
import { nextId, ObjectId } from '../../src/ids.ts'
import { seenKey } from '../../src/messages/claim.ts'
import { makeUser, makeWorld } from '../support/make.ts'
import { makeClient } from '../support/store.ts'

/* A frozen process, as the server sees it: a transaction that has claimed an external id, and does not end. */
test('whoever waits for an external id that a transaction holds keeps nobody else waiting', async () => {
  const { store, dbName } = await makeWorld()
  const { id: userId } = await makeUser(store)
  const client = await makeClient()
  const session = client.startSession()
  session.startTransaction()
  const messageId = nextId()
  const _id = seenKey({ userId: new ObjectId(userId), conversationId: undefined, externalId: 'held' })
  const seen = client.db(dbName).collection<{ _id: string }>('dialogue_seen')
  await seen.insertOne(Object.assign({ _id, messageId, createdAt: new Date() }), { session })
  const input = { userId, sender: 'user', content: 'hello' }
  const held = store.storeMessage({ ...input, externalId: 'held' })
  let isHeld = true
  void held.finally(() => {
    isHeld = false
  })
  const others = await Promise.all([
    store.storeMessage(input),
    store.storeMessage({ ...input, externalId: 'free' }),
    ...Array.from({ length: 20 }, () => store.storeMessage(input)),
  ])
  expect(others.every(({ created }) => created)).toBe(true)
  expect(isHeld).toBe(true)
  await session.abortTransaction()
  expect(await held).toMatchObject({ created: true })
})
