import { expect, test } from '@jest/globals'
import { makeMessages, makeUser, makeWorld, storedOf } from '../support/make.ts'
import { makeStore } from '../support/store.ts'

test('an erasure that races with messages leaves none of them, and none of their external ids', async () => {
  const { store, db, dbName } = await makeWorld()
  const eraser = await makeStore({ dbName })
  const bystander = await makeUser(store)
  await makeMessages(store, bystander.id, 3, { sender: 'bystander' })
  const untouched = await storedOf(db, bystander.id)
  for (let round = 0; round < 9; round++) {
    const { id: userId } = await makeUser(store)
    await makeMessages(store, userId, 1)
    const say = (externalId: string) => ({ userId, sender: 'user', content: 'x', externalId })
    const calls = Array.from({ length: 20 }, (_, i) => store.storeMessage(say(`single ${i}`)))
    const bulk = store.storeMessages(Array.from({ length: 50 }, (_, i) => say(`bulk ${i}`)))
    /* Begun at another moment of the messages' way each time. */
    if (round % 3 > 0) await Promise.race(round % 3 === 1 ? calls : [bulk])
    await eraser.deleteUser(userId)
    await Promise.allSettled([...calls, bulk])
    expect((await storedOf(db, userId)).messages).toEqual([])
    const claims = db.collection<{ _id: string }>('dialogue_seen')
    expect(await claims.countDocuments({ _id: new RegExp(`^${userId}`) })).toBe(0)
  }
  expect(await storedOf(db, bystander.id)).toEqual(untouched)
})
