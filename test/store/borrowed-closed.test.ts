import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import mongoose from 'mongoose'
import { ObjectId } from '../../src/ids.ts'
import { type DialogueStore, openStore } from '../../src/index.ts'
import { startServer, type TestServer } from '../../src/testing/index.ts'
import { makeUser, rejection } from '../support/make.ts'
import { until } from '../transactions/support/turns.ts'

/* An application that closes its connection before the store: what was sent by then arrives all the same. */
let server: TestServer
let client: mongoose.mongo.MongoClient
beforeAll(async () => {
  server = await startServer({ own: true })
  client = await mongoose.mongo.MongoClient.connect(server.uri)
})
afterEach(() => client.db('admin').command({ configureFailPoint: 'failCommand', mode: 'off' }))
afterAll(async () => {
  await client?.close()
  await server?.stop()
})

const HELD_MS = 500

/** Holds the next such command up. @returns waits until it is held */
async function hold(failCommand: string): Promise<() => Promise<unknown>> {
  const data = { failCommands: [failCommand], blockConnection: true, blockTimeMS: HELD_MS }
  const admin = client.db('admin')
  const { count } = await admin.command({ configureFailPoint: 'failCommand', mode: { times: 1 }, data })
  const timesEntered = Number(count) + 1
  return () => admin.command({ waitForFailPoint: 'failCommand', timesEntered, maxTimeMS: 20_000 })
}

const stored = (collection: string, filter: mongoose.mongo.Document) =>
  client.db('closing').collection(`dialogue_${collection}`).countDocuments(filter)

interface Write {
  verb: string
  command: string
  write(store: DialogueStore, userId: string): Promise<unknown>
  count(userId: string): Promise<number>
}

const renamed = (userId: string) => stored('users', { _id: new ObjectId(userId), name: 'Eva' })
const WRITES: Write[] = [
  {
    verb: 'storeMessage',
    command: 'insert',
    write: (store, userId) => store.storeMessage({ userId, sender: 'user', content: 'x' }),
    count: (userId) => stored('messages', { userId: new ObjectId(userId) }),
  },
  {
    verb: 'updateUser',
    command: 'findAndModify',
    write: (store, userId) => store.updateUser(userId, { name: 'Eva' }),
    count: renamed,
  },
  {
    verb: 'withTransaction',
    command: 'commitTransaction',
    write: (store, userId) => store.withTransaction((tx) => tx.updateUser(userId, { name: 'Eva' })),
    count: renamed,
  },
]

describe.each([true, false])('on a connection with retryWrites %s', (retryWrites) => {
  test.each(WRITES)('$verb does not say that nothing was applied', async ({ command, write, count }) => {
    const options = { dbName: 'closing', retryWrites }
    const connection = await mongoose.createConnection(server.uri, options).asPromise()
    const store = await openStore({ connection })
    const { id } = await makeUser(store)
    const held = await hold(command)
    const call = rejection(write(store, id), 'UNAVAILABLE')
    await held()
    await connection.close(true)
    expect((await call).outcome).toBe('unknown')
    await until(async () => (await count(id)) === 1)
  })
})
