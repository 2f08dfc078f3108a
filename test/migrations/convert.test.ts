import { expect, test } from '@jest/globals'
import { ObjectId } from '../../src/ids.ts'
import type { Retention } from '../../src/index.ts'
import { makeMessages, makeUser } from '../support/make.ts'
import { makeDatabase, makeStore } from '../support/store.ts'
import { command, until } from './command.ts'
import { shapeOf, startBots } from './ledger.ts'

const ODD = JSON.parse('{"": {}, "$a.b": [[], null, -0, 1.5, 1e300], "__proto__": {"deep": [{}]}}')

/** The shape of a database that was created with that retention. */
async function makeFresh(retention: Retention) {
  const { db, dbName } = await makeDatabase()
  await makeStore({ dbName, retention })
  return shapeOf(db)
}

test('converts in both directions while bots write, and loses, doubles and revives nothing', async () => {
  const { db, dbName } = await makeDatabase()
  const store = await makeStore({ dbName, retention: { kind: 'capped', sizeBytes: 64 * 2 ** 20 } })
  const bystander = await makeUser(store)
  await makeMessages(store, bystander.id, 3, { conversationId: 'c', metadata: ODD, type: 'voice', audio: {} })
  /* Numbers keep their BSON type. */
  const asStored = () =>
    db
      .collection('dialogue_messages')
      .find({ userId: new ObjectId(bystander.id) }, { promoteValues: false })
      .sort({ _id: 1 })
      .toArray()
  const before = await asStored()
  const bots = await startBots(dbName, 3000)

  const to = ['convert-retention', '--db', dbName, '--to']
  const there = await command([
    ...to,
    'rolling',
    '--max-age-ms',
    '600000',
    '--max-per-user',
    '1000000',
    '--json',
  ])
  expect(there).toMatchObject({ code: 0, stderr: expect.stringContaining('Copying') })
  const { messages, fencedMs } = JSON.parse(there.stdout)
  expect(messages).toBeGreaterThanOrEqual(3000)
  expect(fencedMs).toBeLessThan(5000)
  const rolling = { kind: 'rolling', maxAgeMs: 600_000, maxPerUser: 1_000_000 } as const
  expect(await shapeOf(db)).toEqual(await makeFresh(rolling))
  await bots.turns(3)
  expect((await bots.store.stats()).messages.retention).toEqual(rolling)

  const back = await command([...to, 'capped', '--size-bytes', String(64 * 2 ** 20)])
  expect(back).toMatchObject({ code: 0, stdout: expect.stringContaining('Converted from rolling') })
  const capped = { kind: 'capped', sizeBytes: 64 * 2 ** 20 } as const
  expect(await shapeOf(db)).toEqual(await makeFresh(capped))
  await bots.turns(3)
  expect((await bots.store.stats()).messages.retention).toEqual(capped)
  await bots.settle(db, bystander.id)
  expect(await asStored()).toEqual(before)
})

test('a store that was idle during the conversion learns of it, and keeps to the new limits', async () => {
  const { db, dbName } = await makeDatabase()
  const store = await makeStore({ dbName })
  const { id } = await makeUser(store)
  await makeMessages(store, id, 30)
  const to = ['convert-retention', '--db', dbName, '--to', 'rolling', '--max-per-user', '20']
  expect(await command(to)).toMatchObject({ code: 0 })
  await until(async () => {
    await makeMessages(store, id, 1)
    return (await db.collection('dialogue_messages').countDocuments()) <= 22
  })
})

test('a capped copy evicts in the order of storing, whatever the ids say', async () => {
  const { db, dbName } = await makeDatabase()
  const store = await makeStore({ dbName, retention: { kind: 'rolling' } })
  const { id: userId } = await makeUser(store)
  const ids = ['f', '3', 'c', '0', '9', '6'].map((digit) => digit.repeat(24))
  for (const id of ids) {
    await store.storeMessage({ id, userId, sender: 'user', content: 'x' })
    /* The order of storing is known to the millisecond. */
    const now = Date.now()
    while (Date.now() === now) {}
  }
  await store.updateMessage(userId, ids[0] ?? '', { content: 'changed' })
  const ended = await command([
    'convert-retention',
    '--db',
    dbName,
    '--to',
    'capped',
    '--max-messages',
    '1000',
  ])
  expect(ended.code).toBe(0)
  const stored = await db.collection('dialogue_messages').find().sort({ $natural: 1 }).toArray()
  expect(stored.map(({ _id }) => _id.toHexString())).toEqual(ids)
  expect((await store.stats()).messages.retention).toMatchObject({ kind: 'capped', maxMessages: 1000 })
})

test('refuses what is so already, and a cap that no message of the largest would fit into', async () => {
  const { db, dbName } = await makeDatabase()
  const store = await makeStore({ dbName, retention: { kind: 'rolling' } })
  const { id: userId } = await makeUser(store)
  await makeMessages(store, userId, 1, { content: 'x'.repeat(9000) })
  const before = await shapeOf(db)
  const to = ['convert-retention', '--db', dbName, '--to']
  const asItIs = [...to, 'rolling', '--json']
  const tooTight = [...to, 'capped', '--size-bytes', '8192']
  const dry = [asItIs, tooTight, [...to, 'capped', '--json']].map((args) => command([...args, '--dry-run']))
  const [alreadyDry, tightDry, foreseen] = await Promise.all(dry)
  /* One after the other, so that none has to say that it waits. */
  const already = await command(asItIs)
  const tight = await command(tooTight)
  expect(already).toMatchObject({ code: 1, stderr: expect.stringContaining('rolling already') })
  expect(JSON.parse(already.stdout)).toMatchObject({ error: { code: 'INVALID_INPUT' } })
  expect(tight).toMatchObject({ code: 1, stderr: expect.stringContaining('--size-bytes') })
  expect([alreadyDry, tightDry]).toEqual([already, tight])
  expect(JSON.parse(foreseen?.stdout ?? '')).toMatchObject({
    action: 'begin',
    messages: 1,
    to: { kind: 'capped' },
  })
  expect(await shapeOf(db)).toEqual(before)
  expect((await store.stats()).messages.retention).toEqual({ kind: 'rolling' })
})
