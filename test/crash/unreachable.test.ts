import { afterAll, beforeAll, expect, test } from '@jest/globals'
import mongoose from 'mongoose'
import { type Fate, startProxy } from '../../scripts/torture/rig/proxy.ts'
import { ObjectId } from '../../src/ids.ts'
import { type DialogueStore, openStore } from '../../src/index.ts'
import { startServer, type TestServer } from '../../src/testing/index.ts'
import { makeUser, rejection, storedOf } from '../support/make.ts'

/*
 * A command is carried out, its reply is lost, and then no server is to be found. What the driver says in the end is
 * that it found none.
 */
const dbName = 'unreachable'
const start = new Date('2030-05-01T09:00:00Z')
let server: TestServer
let client: mongoose.mongo.MongoClient
let beside: DialogueStore
beforeAll(async () => {
  server = await startServer({ own: true })
  client = await mongoose.mongo.MongoClient.connect(server.uri)
  beside = await openStore({ uri: server.uri, dbName })
})
afterAll(async () => {
  await beside.close()
  await client.close()
  await server.stop()
})

type Call = (store: DialogueStore, userId: string) => Promise<unknown>
const CALLS: [name: string, command: string, call: Call][] = [
  [
    'storeEvent',
    'commitTransaction',
    (store, creatorId) => store.storeEvent({ creatorId, summary: 'a', start }),
  ],
  ['storeContext', 'findAndModify', (store, userId) => store.storeContext(userId, { a: 1 })],
  ['updateUser', 'findAndModify', (store, userId) => store.updateUser(userId, { name: 'Bia' })],
  ['storeMessage', 'insert', (store, userId) => store.storeMessage({ userId, sender: 'user', content: 'a' })],
  [
    'withTransaction',
    'commitTransaction',
    (store, userId) => store.withTransaction((tx) => tx.mergeContext(userId, { a: 1 })),
  ],
]

test.each(CALLS)('%s, whose %s was done, says that nobody knows', async (_, wanted, call) => {
  const { id } = await makeUser(beside)
  await beside.storeContext(id, { a: 0 })
  const proxy = await startProxy(server.members[0]?.port ?? 0)
  const store = await openStore({ uri: proxy.uri, dbName, timeoutMs: 2500 })
  await store.getUser(id)
  proxy.judgeBy((command): Fate => (command === wanted ? 'loses its reply' : 'arrives'))
  proxy.whenReplyIsLost(proxy.stop)
  const before = JSON.stringify(await storedOf(client.db(dbName), id))
  const outcome = await call(store, id).catch((error: unknown) => error)
  expect(JSON.stringify(await storedOf(client.db(dbName), id))).not.toBe(before)
  expect(outcome).toMatchObject({ outcome: 'unknown' })
  await store.close().catch(() => {})
})

test('what finds no server from the begin was not applied', async () => {
  const { id } = await makeUser(beside)
  const proxy = await startProxy(server.members[0]?.port ?? 0)
  const store = await openStore({ uri: proxy.uri, dbName, timeoutMs: 1500 })
  await store.getUser(id)
  proxy.stop()
  for (const [, , call] of CALLS) {
    const failed = await call(store, id).catch((error: unknown) => error)
    expect(failed).toMatchObject({ outcome: 'not-applied', retryable: true })
  }
  await rejection(store.getUser(id), 'UNAVAILABLE')
  await store.close().catch(() => {})
})

/** The server knows nothing of a transaction that it has committed: a fail-over came in between, or it is long ago. */
test.each<[string, (store: DialogueStore, userId: string) => Promise<{ created: boolean }>]>([
  ['storeEvent', (store, creatorId) => store.storeEvent({ id: freshId(), creatorId, summary: 'a', start })],
  ['ensureUser', (store) => store.ensureUser({ provider: 'x', id: freshId() }, { id: freshId() })],
])('%s with a chosen id has created it, though it is committed and begun anew', async (_, call) => {
  const { id } = await makeUser(beside)
  const proxy = await startProxy(server.members[0]?.port ?? 0)
  const store = await openStore({ uri: proxy.uri, dbName })
  const admin = client.db('admin')
  let commits = 0
  proxy.judgeBy(async (command): Promise<Fate> => {
    if (command !== 'commitTransaction') return 'arrives'
    if (++commits === 1) return 'loses its reply'
    if (commits === 2)
      await admin.command({
        configureFailPoint: 'failCommand',
        mode: { times: 1 },
        data: { failCommands: [command], errorCode: NO_SUCH_TRANSACTION },
      })
    return 'arrives'
  })
  expect(await call(store, id)).toMatchObject({ created: true })
  expect(commits).toBeGreaterThan(1)
  await store.close()
  proxy.stop()
})

const NO_SUCH_TRANSACTION = 251
const freshId = () => new ObjectId().toHexString()
