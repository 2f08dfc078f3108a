import { expect, test } from '@jest/globals'
import type mongoose from 'mongoose'
import type { DialogueStore, NewMessage } from '../../src/index.ts'
import { createRetention } from '../../src/messages/retention.ts'
import { openDatabase } from '../check/support/scene.ts'
import { makeMessages, makeUser } from '../support/make.ts'
import { makeDatabase, makeStore } from '../support/store.ts'
import { command, start } from './command.ts'
import { shapeOf } from './ledger.ts'
import { hold, makeScene, startSlowly, useOwnServer } from './scene.ts'

useOwnServer()

const REFUSE_ALL = { _id: { $exists: false } }

test('frozen while it keeps bots waiting, and woken when another run is done, it does no harm', async () => {
  const scene = await makeScene(500)
  const { bots } = scene
  const fencing = await hold({ failCommands: ['collMod'], blockTimeMS: 200 }, { times: 1 })
  const frozen = start(scene.to('rolling'))
  await fencing()
  frozen.child.kill('SIGSTOP')
  const other = start(scene.to('rolling'))
  await bots.turns(2)
  expect(await other.ended).toMatchObject({ code: 0 })
  expect(await scene.kind()).toBe('rolling')
  const before = await shapeOf(scene.db)

  frozen.child.kill('SIGCONT')
  expect(await frozen.ended).toMatchObject({ code: 1, stderr: expect.stringContaining('Another process') })
  await bots.turns(2)
  expect(await shapeOf(scene.db)).toEqual(before)
  await bots.settle(scene.db)
})

/** What a bot sends to open a fence. */
async function openingOf(db: mongoose.mongo.Db): Promise<mongoose.mongo.Document> {
  const store = await makeStore({ dbName: db.databaseName })
  await db.command({ collMod: 'dialogue_messages', validator: REFUSE_ALL })
  await db.command({ profile: 2 })
  await makeMessages(store, (await makeUser(store)).id, 1)
  await db.command({ profile: 0 })
  const [sent] = await db
    .collection('system.profile')
    .distinct('command', { 'command.collMod': { $exists: true } })
  const { collMod, validator, changeStreamPreAndPostImages: images } = sent
  return { collMod, validator, ...(images && { changeStreamPreAndPostImages: images }) }
}

test('writes that slip through the fence are not lost with the old collection', async () => {
  const { db, dbName } = await makeDatabase()
  const store = await makeStore({ dbName, retention: { kind: 'rolling' } })
  const { id } = await makeUser(store)
  const [first] = await makeMessages(store, id, 1)
  const opening = await openingOf(db)
  const swapping = await hold({ failCommands: ['renameCollection'], blockTimeMS: 2000 }, { times: 1 })
  const conversion = start(['convert-retention', '--db', dbName, '--to', 'capped', '--json'])
  await swapping()
  /* As a bot would that wanted to lift an earlier fence, and was frozen until now. */
  await db.command(opening)
  const [second] = await makeMessages(store, id, 1, { metadata: { a: [{ b: 1 }, 2] } })
  await store.updateMessage(id, first?.id ?? '', { content: 'changed', metadata: { c: {} } })
  await store.updateMessage(id, second?.id ?? '', { content: 'changed too' })
  expect(await conversion.ended).toMatchObject({ code: 0 })
  expect((await shapeOf(db)).options).toMatchObject({ capped: true })
  const { messages } = await store.retrieveHistory(id)
  expect(messages).toMatchObject([
    { id: first?.id, content: 'changed', metadata: { c: {} }, version: 2 },
    { id: second?.id, content: 'changed too', metadata: { a: [{ b: 1 }, 2] }, version: 2 },
  ])
})

test('Ctrl-C ends it cleanly; converting the other way drops what it left', async () => {
  const scene = await makeScene(3000)
  const before = await shapeOf(scene.db)
  const running = await startSlowly(scene, scene.to('rolling'), 1000)
  running.child.kill('SIGINT')
  expect(await running.ended).toMatchObject({ code: 130, stderr: expect.stringContaining('Stopped.') })
  expect(await scene.meta.distinct('_id')).not.toContain('lease')
  expect(await scene.copied()).toBeGreaterThanOrEqual(1000)

  const refused = await command(scene.to('capped'))
  expect(refused).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('An unfinished conversion to rolling was dropped.'),
  })
  expect(await shapeOf(scene.db)).toEqual(before)
  await scene.bots.settle(scene.db)
})

const WAYS = {
  'in the lane': (store: DialogueStore, message: NewMessage) => store.storeMessage(message),
  'in a turn': (store: DialogueStore, message: NewMessage) =>
    store.withTransaction((tx) => tx.storeMessage(message)),
}

test.each(Object.entries(WAYS))(
  'a bot whose stray fence another one opens does not take it for a validator that is not ours: %s',
  async (content, storeIn) => {
    const { db, dbName } = await makeDatabase()
    const store = await makeStore({ dbName })
    const { id: userId } = await makeUser(store)
    const { validator } = (await shapeOf(db)).options ?? {}
    await db.command({ collMod: 'dialogue_messages', validator: REFUSE_ALL })
    const looking = await hold({ failCommands: ['listCollections'], blockTimeMS: 1000 }, { times: 1 })
    const storing = storeIn(store, { userId, sender: 'user', content })
    await looking()
    await db.command({ collMod: 'dialogue_messages', validator })
    expect(await storing).toMatchObject({ created: true })
    expect((await store.retrieveHistory(userId)).messages).toMatchObject([{ content }])
    expect(await db.collection('dialogue_journal').countDocuments()).toBe(0)
  },
)

test('who is frozen beyond their time, in a deletion, does not take it for done', async () => {
  const { db, dbName } = await makeDatabase()
  await makeStore({ dbName })
  const retention = createRetention(await openDatabase(dbName))
  await retention.load()
  const meta = db.collection<{ _id: string }>('dialogue_meta')
  let removals = 0
  await retention.removeThroughFence({ remaining: () => 0 }, async () => {
    if (removals++ === 0)
      await meta.updateOne({ _id: 'retention' }, { $inc: { fences: 1 } }, { upsert: true })
  })
  expect(removals).toBe(2)
})

test('what is stored beside a message that is refused may be stored, whatever its repetition meets', async () => {
  const { db, dbName } = await makeDatabase()
  const store = await makeStore({ dbName })
  const { id: userId } = await makeUser(store)
  await db.command({ collMod: 'dialogue_messages', validator: { sender: 'user' } })
  const UNAUTHORIZED = 13
  await hold(
    {
      ...{ failCommands: ['insert'], namespace: `${dbName}.dialogue_messages` },
      ...{ blockTimeMS: 0, errorCode: UNAUTHORIZED },
    },
    { skip: 1 },
  )
  const outcomes = await store.storeMessages(
    ['user', 'assistant'].map((sender) => ({ userId, sender, content: 'hi' })),
  )
  expect(await db.collection('dialogue_messages').countDocuments()).toBe(1)
  for (const outcome of outcomes)
    expect(outcome).toMatchObject({ status: 'rejected', error: { code: 'UNAVAILABLE', outcome: 'unknown' } })
})

test('a bot opens a fence that nobody stands behind, and tells it from a validator that is not ours', async () => {
  const { db, dbName } = await makeDatabase()
  const store = await makeStore({ dbName })
  const { id } = await makeUser(store)
  await db.command({ collMod: 'dialogue_messages', validator: REFUSE_ALL })
  expect(await makeMessages(store, id, 3)).toHaveLength(3)
  await db.command({ collMod: 'dialogue_messages', validator: { approved: true } })
  await expect(makeMessages(store, id, 1)).rejects.toMatchObject({ code: 'INVALID_INPUT' })
  expect((await shapeOf(db)).options?.validator).toEqual({ approved: true })
})
