import { expect, test } from '@jest/globals'
import { makeMessages, makeUser, storedOf } from '../support/make.ts'
import { makeDatabase, makeStore } from '../support/store.ts'
import { leaveEntry, messageOf } from '../transactions/support/entries.ts'

const MIB = 2 ** 20

test('a store that was open before the cap was raised settles what another has committed', async () => {
  const { db, dbName } = await makeDatabase()
  const old = await makeStore({ dbName, retention: { kind: 'capped', sizeBytes: MIB } })
  const { id } = await makeUser(old)
  await makeStore({ dbName, retention: { kind: 'capped', sizeBytes: 16 * MIB } })
  const message = messageOf(id, 'x'.repeat(2 * MIB))
  await leaveEntry(db, id, { inserts: [message], largest: 2 * MIB + 1000 })
  const { messages } = await old.retrieveHistory(id)
  expect(messages.map((one) => one.id)).toEqual([message._id.toHexString()])
})

test('a store that was open before the cap was raised stores larger messages', async () => {
  const { dbName } = await makeDatabase()
  const old = await makeStore({ dbName, retention: { kind: 'capped', sizeBytes: MIB } })
  const { id } = await makeUser(old)
  await makeStore({ dbName, retention: { kind: 'capped', sizeBytes: 16 * MIB } })
  await new Promise((resolve) => setTimeout(resolve, 2500))
  await makeMessages(old, id, 1)
  await old.storeMessage({ userId: id, sender: 'user', content: 'x'.repeat(2 * MIB) })
})

test('a store that was open before the cap was lowered refuses what would evict everything', async () => {
  const { db, dbName } = await makeDatabase()
  const old = await makeStore({ dbName, retention: { kind: 'capped', sizeBytes: 16 * MIB } })
  const { id } = await makeUser(old)
  await makeMessages(old, id, 10)
  await makeStore({ dbName, retention: { kind: 'capped', sizeBytes: MIB } })
  await new Promise((resolve) => setTimeout(resolve, 2500))
  const outcome = await old.storeMessage({ userId: id, sender: 'user', content: 'x'.repeat(2 * MIB) }).then(
    () => 'stored',
    (error) => error.code,
  )
  expect([outcome, (await storedOf(db, id)).messages.length]).toEqual(['TOO_LARGE', 10])
})

test('a store that was open before maxPerUser was raised keeps as many', async () => {
  const { db, dbName } = await makeDatabase()
  const old = await makeStore({ dbName, retention: { kind: 'rolling', maxPerUser: 10 } })
  const { id } = await makeUser(old)
  await makeMessages(old, id, 10)
  await makeStore({ dbName, retention: { kind: 'rolling', maxPerUser: 1000 } })
  await new Promise((resolve) => setTimeout(resolve, 2500))
  await makeMessages(old, id, 100)
  expect((await storedOf(db, id)).messages).toHaveLength(110)
})
