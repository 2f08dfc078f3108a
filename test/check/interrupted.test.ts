import { expect, test } from '@jest/globals'
import { ObjectId } from '../../src/ids.ts'
import { start, until } from '../migrations/command.ts'
import { LONG_AGO } from '../support/samples.ts'
import { makeScene } from './support/scene.ts'

test('Ctrl-C ends it while it takes a second look at an erasure', async () => {
  const { db, dbName } = await makeScene()
  const receipt = { messages: 0, contexts: 1, events: 0 }
  const erasing = { step: 1, messages: [], events: [] }
  const users = db.collection('dialogue_users')
  await users.insertOne({ _id: new ObjectId(), erasedAt: LONG_AGO, receipt, erasing })
  await db.command({ profile: 2 })
  const { child, ended } = start(['check', '--db', dbName])
  const firstLook = { 'command.find': users.collectionName }
  await until(async () => (await db.collection('system.profile').findOne(firstLook)) !== null)
  child.kill('SIGINT')
  expect(await ended).toMatchObject({ code: 130, stdout: '', stderr: expect.stringContaining('Stopped.') })
})
