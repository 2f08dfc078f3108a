import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, expect, test } from '@jest/globals'
import mongoose from 'mongoose'
import { createDatabase } from '../../src/db/database.ts'
import { openStore } from '../../src/index.ts'
import { convertRetention } from '../../src/migrations/convert/convert.ts'
import { startServer } from '../../src/testing/index.ts'
import { makeMessages, makeUser } from '../support/make.ts'
import { until } from './command.ts'

const SILENT = { waiting() {}, copying() {}, copied() {}, swapping() {} }
const CONVERTER = 'converter'

const closers: (() => Promise<unknown>)[] = []
afterAll(async () => {
  for (const close of closers.reverse()) await close()
})

async function startMembers() {
  const server = await startServer({ members: 3, electionTimeoutMs: 1000 })
  closers.push(server.stop)
  const connect = async ({ port }: { port: number }) => {
    const client = await mongoose.mongo.MongoClient.connect(
      `mongodb://127.0.0.1:${port}/?directConnection=true`,
    )
    closers.push(() => client.close())
    const admin = client.db('admin')
    return {
      port,
      isPrimary: Boolean((await admin.command({ hello: 1 })).isWritablePrimary),
      stepDown: () => admin.command({ replSetStepDown: 60, secondaryCatchUpPeriodSecs: 10, force: true }),
      configure: (configureFailPoint: string, mode: unknown, data = {}) =>
        admin.command({ configureFailPoint, mode, data }),
    }
  }
  const members = await Promise.all(server.members.map(connect))
  const [primary] = members.filter(({ isPrimary }) => isPrimary)
  if (!primary) throw new Error('no primary')
  return { uri: server.uri, primary, others: members.filter((one) => one !== primary) }
}

/** The database as a conversion gets it, and which servers it has asked for messages, or for one by its id. */
async function connectAndListen(uri: string, dbName: string) {
  const options = { dbName, appName: CONVERTER, monitorCommands: true }
  const connection = await mongoose.createConnection(uri, options).asPromise()
  closers.push(() => connection.close())
  const asked: { port: number; ids: string }[] = []
  connection.getClient().on('commandStarted', ({ command, address }) => {
    if (command.find === 'dialogue_messages')
      asked.push({ port: Number(address.split(':').at(-1)), ids: String(command.filter._id?.$in) })
  })
  const database = createDatabase(connection, 'dialogue_', 30_000)
  const portsAsked = (id = '') => asked.filter(({ ids }) => ids.includes(id)).map(({ port }) => port)
  return { database, portsAsked }
}

test('a new primary that does not know yet what a majority has is waited for', async () => {
  const { uri, primary, others } = await startMembers()
  const dbName = 'failover'
  const store = await openStore({ uri, dbName, retention: { kind: 'capped', sizeBytes: 2 ** 20 } })
  closers.push(store.close)
  const { id } = await makeUser(store)
  await makeMessages(store, id, 10)
  const { database, portsAsked } = await connectAndListen(uri, dbName)
  await primary.configure('failCommand', 'alwaysOn', {
    ...{ failCommands: ['find'], namespace: `${dbName}.dialogue_messages`, appName: CONVERTER },
    ...{ blockConnection: true, blockTimeMS: 1000 },
  })
  const conversion = convertRetention({ database, wanted: { kind: 'rolling' }, report: SILENT })
  await until(() => portsAsked().length > 0)
  for (const other of others) await other.configure('disableSnapshotting', 'alwaysOn')
  const [changed] = await makeMessages(store, id, 1)
  const asked = () => portsAsked(changed?.id)
  await until(() => asked().length > 0)
  await primary.stepDown()
  await until(() => asked().some((port) => port !== primary.port))
  /* Long enough to be told how it was before. */
  await sleep(500)
  for (const other of others) await other.configure('disableSnapshotting', 'off')
  await conversion
  const { messages } = await store.retrieveHistory(id)
  expect(messages.map((one) => one.id)).toContain(changed?.id)
})
