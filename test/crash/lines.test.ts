import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import mongoose from 'mongoose'
import { startNetwork } from '../../scripts/torture/parts/failover/network.ts'
import { type DialogueStore, openStore } from '../../src/index.ts'
import { startServer, type TestServer } from '../../src/testing/index.ts'
import { makeUser, storedOf } from '../support/make.ts'

const dbName = 'crash-lines'
/** More than the system takes for somebody who does not read: the rest waits to be written. */
const LARGE = { text: 'x'.repeat(14 * 2 ** 20) }
const UNTIL_IT_WAITS_MS = 300
/** By then the driver has noticed that nobody answers, and given its connections up. */
const NOTICED_MS = 2200
const LATE_MS = 8000

let server: TestServer
let network: Awaited<ReturnType<typeof startNetwork>>
let store: DialogueStore
let client: mongoose.mongo.MongoClient
beforeAll(async () => {
  server = await startServer({ own: true })
  client = await mongoose.mongo.MongoClient.connect(server.uri)
  network = await startNetwork(server.members.map(({ port }) => port))
  store = await openStore({ uri: `mongodb://127.0.0.1:${network.ports[0]}/?directConnection=true`, dbName })
})
afterAll(async () => {
  await store?.close()
  await network?.close()
  await client?.close()
  await server?.stop()
})

/** Makes a call whose connection is reset while its command is being written. */
async function cutOff<T>(call: () => Promise<T>): Promise<T> {
  network.trouble(() => true, 'mute')
  const called = call()
  called.catch(() => {})
  await pause(UNTIL_IT_WAITS_MS)
  network.trouble(() => true, 'cut')
  network.heal()
  return called
}

test('a connection that breaks in the middle of a large command is no error', async () => {
  const { id } = await makeUser(store)
  const { context } = await cutOff(() => store.storeContext(id, LARGE))
  expect(context.version).toBe(1)
  const { contexts } = await storedOf(client.db(dbName), id)
  expect(contexts).toMatchObject([{ version: 1, data: { text: expect.any(String) } }])
})

test('nor in the middle of a transaction', async () => {
  const { id } = await makeUser(store)
  await cutOff(() => store.withTransaction((tx) => tx.storeContext(id, LARGE)))
  const { contexts } = await storedOf(client.db(dbName), id)
  expect(contexts).toMatchObject([{ version: 1, data: { text: expect.any(String) } }])
})

/** Makes the server drop the next writes, which are the driver's own repetitions. */
const loseNext = (times: number) =>
  client.db('admin').command({
    configureFailPoint: 'failCommand',
    mode: { times },
    data: { failCommands: ['findAndModify'], closeConnection: true },
  })

test('a write that was given up, and arrives behind its repetition, changes nothing', async () => {
  const users = await Promise.all([1, 2, 3].map(() => makeUser(store)))
  const [empty = '', filled = '', merged = ''] = users.map(({ id }) => id)
  for (const id of [filled, merged]) await store.storeContext(id, { n: 1 })
  network.trouble(() => true, LATE_MS)
  const sent = performance.now()
  const calls = [
    store.storeContext(empty, { n: 2 }),
    store.storeContext(filled, { n: 2 }),
    store.mergeContext(merged, { n: 2 }),
  ]
  await pause(NOTICED_MS)
  await loseNext(calls.length)
  network.heal()
  await Promise.all(calls)
  const contexts = await Promise.all(users.map(({ id }) => store.storeContext(id, { n: 3 })))
  expect(contexts.map(({ context }) => context.version)).toEqual([2, 3, 3])
  expect(performance.now() - sent).toBeLessThan(LATE_MS)
  await pause(LATE_MS + 1000 - (performance.now() - sent))
  const stored = await Promise.all(users.map(({ id }) => storedOf(client.db(dbName), id)))
  expect(stored.map((one) => one.contexts[0])).toMatchObject([
    { version: 2, data: { n: 3 } },
    { version: 3, data: { n: 3 } },
    { version: 3, data: { n: 3 } },
  ])
})
