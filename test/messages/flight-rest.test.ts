import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from '@jest/globals'
import { type Fate, startProxy } from '../../scripts/torture/rig/proxy.ts'
import { openStore } from '../../src/index.ts'
import { testServer } from '../../src/testing/index.ts'
import { makeUser, storedOf } from '../support/make.ts'
import { makeDatabase } from '../support/store.ts'
import { gate } from '../transactions/support/turns.ts'

/* Callers of one batch have different deadlines: those who have time go on without the others. */
test('a delivery that was given up is stored when it comes again, though its neighbour went on', async () => {
  const { uri } = await testServer()
  const { db, dbName } = await makeDatabase()
  const proxy = await startProxy(Number(/:(\d+)/.exec(uri)?.[1]))
  const store = await openStore({ uri: proxy.uri, dbName, timeoutMs: 2000 })
  const { id: userId } = await makeUser(store)
  const deliver = (externalId: string) =>
    store.storeMessage({ userId, sender: 'user', content: externalId, externalId })
  await deliver('warm')

  const [begun, held] = [gate(), gate()]
  let inserts = 0
  let isHealed = false
  proxy.judgeBy(async (command): Promise<Fate> => {
    if (command !== 'insert' || isHealed) return 'arrives'
    inserts++
    if (inserts === 1) {
      begun.open()
      await held.opened
    }
    /* The second one claims what both deliver; no message arrives. */
    return inserts <= 2 ? 'arrives' : 'is lost'
  })
  const before = store.storeMessage({ userId, sender: 'user', content: 'keeps the lane busy' })
  await begun.opened
  const impatient = deliver('a').catch((error: unknown) => error)
  await sleep(1200)
  const patient = deliver('b')
  held.open()
  await before
  expect(await impatient).toMatchObject({ retryable: true })
  isHealed = true
  expect(await patient).toMatchObject({ created: true })
  await deliver('a')
  expect(await deliver('b')).toMatchObject({ created: false })
  const { messages } = await storedOf(db, userId)
  expect(messages.map(({ content }) => content).sort()).toEqual(['a', 'b', 'keeps the lane busy', 'warm'])
  await store.close()
  proxy.stop()
})
