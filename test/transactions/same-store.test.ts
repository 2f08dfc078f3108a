import { expect, test } from '@jest/globals'
import { makeUser } from '../support/make.ts'
import { makeStore } from '../support/store.ts'

test('readers of the same store, who settle a turn with it, leave nothing to wait for', async () => {
  /* Less than a settler that is taken for dead is waited for. */
  const store = await makeStore({ timeoutMs: 5000 })
  const { id: userId } = await makeUser(store)
  let reading = true
  const read = async () => {
    while (reading) await store.retrieveHistory(userId, { count: false })
  }
  const readers = [read(), read()]
  for (let turn = 0; turn < 15; turn++) {
    const { message } = await store.withTransaction((tx) =>
      tx.storeMessage({ userId, sender: 'user', content: `${turn}` }),
    )
    const changed = await store.updateMessage(userId, message.id, { content: 'changed' })
    expect(changed.version).toBe(2)
  }
  reading = false
  await Promise.all(readers)
})
