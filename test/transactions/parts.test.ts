import { expect, test } from '@jest/globals'
import { type Fate, startProxy } from '../../scripts/torture/rig/proxy.ts'
import { openStore } from '../../src/index.ts'
import { testServer } from '../../src/testing/index.ts'
import { makeUser, storedOf } from '../support/make.ts'
import { makeDatabase } from '../support/store.ts'
import { contentsIn, gate, says } from './support/turns.ts'

const MIB = 2 ** 20

test('a large message that a transaction stores in place of a slow call outlives that call', async () => {
  const { uri } = await testServer()
  const port = Number(/:(\d+)/.exec(uri)?.[1])
  const { db, dbName } = await makeDatabase()
  const [slow, turning] = [await startProxy(port), await startProxy(port)]
  const plain = await openStore({ uri: slow.uri, dbName })
  const other = await openStore({ uri: turning.uri, dbName })
  const { id } = await makeUser(plain)
  const delivery = (content: string) => says(id, content.repeat(3 * MIB), { externalId: 'x' })

  /* The call is held before its insert. */
  const [reached, goes] = [gate(), gate()]
  slow.judgeBy(async (command, message): Promise<Fate> => {
    if (command === 'insert' && message.length > MIB) {
      reached.open()
      await goes.opened
    }
    return 'arrives'
  })
  const call = plain.storeMessage(delivery('p'))
  await reached.opened

  /* Of the transaction's two entries, what replaces goes first; the call gets in between. */
  turning.judgeBy(async (command, message): Promise<Fate> => {
    if (command !== 'aggregate' || !message.includes('keepExisting')) return 'arrives'
    await new Promise((resolve) => setTimeout(resolve, 500))
    goes.open()
    await new Promise((resolve) => setTimeout(resolve, 500))
    return 'arrives'
  })
  const turn = await other.withTransaction((tx) => tx.storeMessage(delivery('t')))
  const told = await call
  expect([turn.created, told.created]).toEqual([true, false])
  expect((await contentsIn(other, id)).map((content) => content[0])).toEqual(['t'])
  expect((await storedOf(db, id)).messages).toHaveLength(1)
  await Promise.all([plain.close(), other.close()])
  slow.stop()
  turning.stop()
})
