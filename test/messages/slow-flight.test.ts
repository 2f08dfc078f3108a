import { expect, test } from '@jest/globals'
import { type Fate, startProxy } from '../../scripts/torture/rig/proxy.ts'
import { openStore } from '../../src/index.ts'
import { testServer } from '../../src/testing/index.ts'
import { makeUser, storedOf } from '../support/make.ts'
import { makeDatabase } from '../support/store.ts'
import { gate } from '../transactions/support/turns.ts'

/* A process that is frozen between its claim and its insert, while the delivery comes again, and is deleted. */
test('a delivery whose insert arrives after the deletion of its repeat does not come back', async () => {
  const { uri } = await testServer()
  const { db, dbName } = await makeDatabase()
  const other = await openStore({ uri, dbName })
  const proxy = await startProxy(Number(/:(\d+)/.exec(uri)?.[1]))
  const slow = await openStore({ uri: proxy.uri, dbName })
  const { id: userId } = await makeUser(other)
  const delivery = { userId, sender: 'user', content: 'hello', externalId: 'd' }
  await slow.storeMessage({ ...delivery, externalId: 'warm' })
  let inserts = 0
  const [reached, awake] = [gate(), gate()]
  proxy.judgeBy(async (command): Promise<Fate> => {
    /* The claim is the first insert, the message the second. */
    if (command === 'insert' && ++inserts === 2) {
      reached.open()
      await awake.opened
    }
    return 'arrives'
  })
  const first = slow.storeMessage(delivery)
  await reached.opened
  expect(await other.storeMessage(delivery)).toMatchObject({ created: true })
  expect(await other.deleteMessages(userId, { all: true })).toBe(2)
  awake.open()
  expect(await first).toMatchObject({ created: false })
  expect((await storedOf(db, userId)).messages).toEqual([])
  expect(await other.storeMessage(delivery)).toMatchObject({ created: false })
  await slow.close()
  proxy.stop()
  await other.close()
})
