import { afterAll, expect, test } from '@jest/globals'
import mongoose from 'mongoose'
import { createDatabase } from '../../src/db/database.ts'
import { ObjectId } from '../../src/ids.ts'
import { convertRetention } from '../../src/migrations/convert/convert.ts'
import { message } from '../check/support/scene.ts'
import { makeMessages, makeUser } from '../support/make.ts'
import { makeClient, makeDatabase, makeStore } from '../support/store.ts'
import { hold, useOwnServer } from './scene.ts'

useOwnServer()

const SILENT = { waiting() {}, copying() {}, copied() {}, swapping() {} }

let connection: mongoose.Connection | undefined
afterAll(() => connection?.close())

/** Every read of the messages that is sent on a connection of its own. */
async function connectAndListen(dbName: string) {
  const uri = process.env.MONGODB_URI ?? ''
  connection = await mongoose.createConnection(uri, { dbName, monitorCommands: true }).asPromise()
  const reads: mongoose.mongo.Document[] = []
  connection.getClient().on('commandStarted', ({ command }) => {
    const { level } = command.readConcern ?? {}
    if ((command.find ?? command.aggregate) === 'dialogue_messages' && level === 'majority')
      reads.push(command)
  })
  return { database: createDatabase(connection, 'dialogue_', 30_000), reads }
}

/* With two servers: one that has just become the primary may not know yet what a majority has of that change. */
test('messages are read as they were when the following began, or later, and no earlier than their last change', async () => {
  const { dbName } = await makeDatabase()
  const store = await makeStore({ dbName, retention: { kind: 'rolling' } })
  const userId = new ObjectId((await makeUser(store)).id)
  await makeMessages(store, userId.toHexString(), 10)
  const client = await makeClient()
  const session = client.startSession()
  const insert = async () => {
    const found = { _id: new ObjectId(), ...message(userId) }
    await client.db(dbName).collection('dialogue_messages').insertOne(found, { session })
    return { id: found._id.toHexString(), time: session.operationTime ?? new mongoose.mongo.Timestamp(0n) }
  }
  const { time: begun } = await insert()
  const { database, reads } = await connectAndListen(dbName)
  const fencing = await hold({ failCommands: ['collMod'], blockTimeMS: 1000 }, { times: 1 })
  const conversion = convertRetention({ database, wanted: { kind: 'capped' }, report: SILENT })
  await fencing()
  const copying = reads.splice(0)
  const { id, time: changed } = await insert()
  await conversion
  const isAfter = (time: mongoose.mongo.Timestamp) => (read: mongoose.mongo.Document) =>
    Boolean(read.readConcern.afterClusterTime?.greaterThanOrEqual(time))
  expect(copying.length).toBeGreaterThan(2)
  expect(copying.filter((read) => !isAfter(begun)(read))).toEqual([])
  const ofChange = reads.filter((read) => JSON.stringify(read).includes(id))
  expect(ofChange.map((read) => (read.find ? 'find' : 'aggregate'))).toEqual(['find', 'aggregate'])
  expect(ofChange.filter((read) => !isAfter(changed)(read))).toEqual([])
  await session.endSession()
})
