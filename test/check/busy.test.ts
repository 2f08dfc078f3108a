import { expect, test } from '@jest/globals'
import { check } from '../../src/check/check.ts'
import type { Finding } from '../../src/check/finding.ts'
import type { DialogueStore } from '../../src/index.ts'
import { makeEvent, makeIdentity, makeMessages, makeUser, makeWorld } from '../support/make.ts'
import { makeStore } from '../support/store.ts'
import { rounds } from '../support/thorough.ts'
import { openDatabase } from './support/scene.ts'

const ROUNDS = rounds(2, 6)

/** Everything a bot does, round after round. */
const WRITERS: ((store: DialogueStore, round: number) => Promise<unknown>)[] = [
  async (store, round) => {
    const { user } = await store.ensureUser(makeIdentity(), { states: { a: 'b' } })
    await makeMessages(store, user.id, 30)
    await store.storeContext(user.id, { round })
    await store.deleteContext(user.id)
  },
  async (store, round) => {
    const { id: userId } = await makeUser(store)
    const delivery = { userId, sender: 'user', content: 'hi', externalId: `delivery ${round % 3}` }
    await Promise.all([
      store.storeMessage(delivery),
      store.withTransaction((tx) => tx.storeMessage(delivery)),
      store.storeMessage(delivery),
    ])
    await store.deleteMessages(userId, { all: true })
  },
  async (store) => {
    const { id } = await makeUser(store)
    const late = Promise.allSettled([makeMessages(store, id, 50), makeEvent(store, id)])
    await store.withUserLock(id, () => store.deleteUser(id))
    await late
  },
  (store) =>
    store.withTransaction(async (tx) => {
      const { id: userId } = await tx.createUser({ name: 'Bia' })
      await tx.storeContext(userId, { a: 1 })
      await tx.storeMessage({ userId, sender: 'user', content: 'hi' })
      await tx.storeEvent({ creatorId: userId, summary: 'Dentist', start: new Date() })
    }),
]

test.each([false, true])('a healthy store whose bots are at work has no finding (fix: %s)', async (fix) => {
  const { store, dbName } = await makeWorld()
  const stores = [store, await makeStore({ dbName })]
  const database = await openDatabase(dbName)
  let over = false
  let written = 0
  const write = async (one: DialogueStore, writer: (typeof WRITERS)[number]) => {
    for (let round = 0; !over; round++, written++) await writer(one, round)
  }
  const writing = Promise.all(stores.flatMap((one) => WRITERS.map((writer) => write(one, writer))))
  const findings: Finding[] = []
  try {
    for (let round = 0; round < ROUNDS; round++)
      for await (const finding of check({ database, fix })) findings.push(finding)
  } finally {
    over = true
  }
  await writing
  expect(findings).toEqual([])
  expect(written).toBeGreaterThan(WRITERS.length * stores.length)
})
