import { expect, test } from '@jest/globals'
import { type Fate, startProxy } from '../../scripts/torture/rig/proxy.ts'
import { openStore } from '../../src/index.ts'
import { testServer } from '../../src/testing/index.ts'
import { makeUser, storedOf } from '../support/make.ts'
import { makeDatabase } from '../support/store.ts'
import { gate } from '../transactions/support/turns.ts'

/** A store whose process is frozen before it sends one of its inserts, counted from when it is armed. */
async function makeSlowWorld() {
  const { uri } = await testServer()
  const { db, dbName } = await makeDatabase()
  const other = await openStore({ uri, dbName })
  const proxy = await startProxy(Number(/:(\d+)/.exec(uri)?.[1]))
  const slow = await openStore({ uri: proxy.uri, dbName })
  const { id: userId } = await makeUser(other)
  const delivery = { userId, sender: 'user', content: 'hello', externalId: 'd' }
  await slow.storeMessage({ ...delivery, externalId: 'warm' })
  const [reached, awake] = [gate(), gate()]
  return {
    other,
    slow,
    delivery,
    db,
    reached: reached.opened,
    wake: awake.open,
    /** Of a delivery: its claim is the first, then its message, then its landing. */
    freezeBefore(insert: number) {
      let inserts = 0
      proxy.judgeBy(async (command): Promise<Fate> => {
        if (command === 'insert' && ++inserts === insert) {
          reached.open()
          await awake.opened
        }
        return 'arrives'
      })
    },
    async close() {
      await slow.close()
      proxy.stop()
      await other.close()
    },
  }
}

test('a delivery whose insert arrives after the deletion of its repeat does not come back', async () => {
  const { slow, other, delivery, db, ...world } = await makeSlowWorld()
  world.freezeBefore(2)
  const first = slow.storeMessage(delivery)
  await world.reached
  expect(await other.storeMessage(delivery)).toMatchObject({ created: true })
  expect(await other.deleteMessages(delivery.userId, { all: true })).toBe(2)
  world.wake()
  expect(await first).toMatchObject({ created: false })
  expect((await storedOf(db, delivery.userId)).messages).toEqual([])
  expect(await other.storeMessage(delivery)).toMatchObject({ created: false })
  await world.close()
})

test('a delivery that is evicted before it lands, and comes again, was created once', async () => {
  const { slow, other, delivery, db, ...world } = await makeSlowWorld()
  world.freezeBefore(3)
  const first = slow.storeMessage(delivery)
  await world.reached
  /* As the server does it. */
  await db.collection('dialogue_messages').deleteMany({ externalId: 'd' })
  const again = await other.storeMessage({ ...delivery, content: 'again' })
  world.wake()
  expect([(await first).created, again.created]).toEqual([false, true])
  expect((await first).message).toEqual(again.message)
  expect(await other.storeMessage(delivery)).toEqual({ ...again, created: false })
  await world.close()
})
