import { afterAll, expect, test } from '@jest/globals'
import mongoose from 'mongoose'
import { check } from '../../src/check/check.ts'
import type { Finding } from '../../src/check/finding.ts'
import { createDatabase } from '../../src/db/database.ts'
import { hold, release, useOwnServer } from '../migrations/scene.ts'
import { makeDatabase, makeStore } from '../support/store.ts'

useOwnServer()

let connection: mongoose.Connection | undefined
afterAll(() => connection?.close())

async function connectAndListen(dbName: string) {
  const uri = process.env.MONGODB_URI ?? ''
  connection = await mongoose.createConnection(uri, { dbName, monitorCommands: true }).asPromise()
  const listed: unknown[] = []
  connection.getClient().on('commandStarted', ({ command }) => {
    if (command.listCollections) listed.push(command.filter.name)
  })
  return { database: createDatabase(connection, 'dialogue_', 30_000), listed }
}

test('a fence that is lifted while it is looked at is not taken for a validator of somebody else', async () => {
  const { db, dbName } = await makeDatabase()
  await makeStore({ dbName })
  const { database, listed } = await connectAndListen(dbName)
  const look = async () => {
    const findings: Finding[] = []
    for await (const finding of check({ database })) findings.push(finding)
    return findings
  }
  expect(await look()).toEqual([])
  const looks = listed.lastIndexOf('dialogue_messages') + 1

  const messages = db.collection('dialogue_messages')
  const { validator } = await messages.options()
  const meta = db.collection<{ _id: string }>('dialogue_meta')
  const fence = { fencedFor: 'dialogue_messages_converting_x', fencedUntil: new Date(Date.now() + 60_000) }
  await meta.updateOne({ _id: 'retention' }, { $set: fence }, { upsert: true })
  await db.command({ collMod: 'dialogue_messages', validator: { _id: { $exists: false } } })
  /* After it has looked at the messages' options. */
  const going = await hold({ failCommands: ['listCollections'], blockTimeMS: 1000 }, { skip: looks })
  const findings = look()
  await going()
  await db.command({ collMod: 'dialogue_messages', validator })
  await meta.updateOne({ _id: 'retention' }, { $unset: { fencedFor: 1, fencedUntil: 1 } })
  await release()
  expect(await findings).toEqual([])
})
