import { expect, test } from '@jest/globals'
import type mongoose from 'mongoose'
import { makeMessages, makeUser } from '../support/make.ts'
import { makeDatabase, makeStore } from '../support/store.ts'
import { command, start } from './command.ts'
import { shapeOf } from './ledger.ts'
import { hold, kill, release, useOwnServer } from './scene.ts'

useOwnServer()

const CAP = 65_536
const REFUSED = `There is a message larger than a cap of ${CAP} bytes.`

async function makeRolling() {
  const { db, dbName } = await makeDatabase()
  const store = await makeStore({ dbName, retention: { kind: 'rolling' } })
  const { id } = await makeUser(store)
  await makeMessages(store, id, 20)
  const to = (...given: string[]) => ['convert-retention', '--db', dbName, '--to', ...given]
  return {
    ...{ db, before: await shapeOf(db) },
    capped: to('capped', '--size-bytes', String(CAP)),
    rolling: to('rolling'),
    storeLarge: () => makeMessages(store, id, 1, { content: 'x'.repeat(2 * CAP) }),
    async count() {
      return (await store.retrieveHistory(id, { count: 'exact' })).count
    },
  }
}

/** Of the collection that stands now. */
const imagesOf = async (db: mongoose.mongo.Db) =>
  (await shapeOf(db)).options?.changeStreamPreAndPostImages?.enabled ?? false

test('a message larger than the cap, stored while it converts, evicts nothing: it is refused', async () => {
  const { db, before, capped, rolling, storeLarge, count } = await makeRolling()
  const fencing = await hold({ failCommands: ['collMod'], blockTimeMS: 1500 }, { times: 1 })
  const conversion = start(capped)
  await fencing()
  await storeLarge()
  expect(await conversion.ended).toMatchObject({ code: 1, stderr: expect.stringContaining(REFUSED) })
  expect(await count()).toBe(21)
  await storeLarge()
  expect(await count()).toBe(22)

  /* A bot that was frozen may still let others in through a later fence. */
  expect(await imagesOf(db)).toBe(true)
  expect(await command(rolling)).toMatchObject({ code: 1, stderr: expect.stringContaining('was dropped') })
  /* The server tells what a validator does by itself, once it was changed. */
  const options = { ...before.options, validationLevel: 'strict', validationAction: 'error' }
  expect(await shapeOf(db)).toEqual({ ...before, options })
})

test('one that was stored since an interrupted run is refused by the next one', async () => {
  const { db, capped, storeLarge, count } = await makeRolling()
  const namespace = `${db.databaseName}.dialogue_messages`
  const beginning = await hold({ failCommands: ['createIndexes'], namespace, blockTimeMS: 1000 })
  const conversion = start(capped)
  await beginning()
  await kill(conversion)
  await release()
  await storeLarge()
  for (const args of [[...capped, '--dry-run'], capped])
    expect(await command(args)).toMatchObject({ code: 1, stderr: expect.stringContaining(REFUSED) })
  expect(await count()).toBe(21)
})
