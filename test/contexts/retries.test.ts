import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import mongoose from 'mongoose'
import { type DialogueStore, openStore } from '../../src/index.ts'
import { testServer } from '../../src/testing/index.ts'
import { makeUser } from '../support/make.ts'
import { makeClient, makeDatabase } from '../support/store.ts'

const appName = `retries-${process.pid}`
let store: DialogueStore
let connection: mongoose.Connection
let client: mongoose.mongo.MongoClient
let userId: string

beforeAll(async () => {
  const [{ uri }, { dbName }] = await Promise.all([testServer(), makeDatabase()])
  client = await makeClient()
  connection = await mongoose
    .createConnection(uri, { dbName, appName, heartbeatFrequencyMS: 500 })
    .asPromise()
  store = await openStore({ connection, retention: { kind: 'capped', sizeBytes: 2 ** 20 } })
})
afterAll(async () => {
  await store.close()
  await connection.close()
})
beforeEach(async () => {
  userId = (await makeUser(store)).id
})

afterEach(() => failing('off'))

/** Lets the server fail the next commands of this file's connection, and of no other. */
const failing = (mode: 'off' | { times: number }, how: object = {}) =>
  client.db('admin').command({
    configureFailPoint: 'failCommand',
    mode,
    data: { appName, failCommands: ['findAndModify'], ...how },
  })

/** The command is carried out, but its reply says only that the majority did not confirm it in time. */
const UNCONFIRMED = { writeConcernError: { code: 64, errmsg: 'waiting for replication timed out' } }
/** The command never arrives. */
const LOST_COMMAND = { closeConnection: true }

/* The driver tries lost commands twice, and the others once: the store has to do the rest. */
describe.each([
  ['a write is not confirmed', { times: 1 }, UNCONFIRMED],
  ['nor are its repetitions', { times: 3 }, UNCONFIRMED],
  ['three commands are lost', { times: 3 }, LOST_COMMAND],
])('when %s', (_, mode, how) => {
  test('storeContext raises the version by one, and knows that it created', async () => {
    await failing(mode, how)
    const outcome = await store.storeContext(userId, { a: 1 }, { ifVersion: 0 })
    expect(outcome).toMatchObject({ created: true, context: { data: { a: 1 }, version: 1 } })
    expect(await store.retrieveContext(userId)).toEqual(outcome.context)
  })

  test('ifVersion finds no conflict with itself', async () => {
    await store.storeContext(userId, { a: 1 })
    await failing(mode, how)
    const { context } = await store.mergeContext(userId, { b: 2 }, { ifVersion: 1 })
    expect(context).toMatchObject({ data: { a: 1, b: 2 }, version: 2 })
  })

  test('updateContext runs its function once', async () => {
    await store.storeContext(userId, { n: 1 })
    await failing(mode, how)
    let runs = 0
    const { context } = await store.updateContext(userId, (data) => {
      runs++
      return { n: Number(data.n) + 1 }
    })
    expect({ runs, data: context.data, version: context.version }).toEqual({
      runs: 1,
      data: { n: 2 },
      version: 2,
    })
  })

  test('deleteContext tells that there was data', async () => {
    await store.storeContext(userId, { a: 1 })
    await failing(mode, how)
    expect(await store.deleteContext(userId)).toBe(true)
    expect(await store.retrieveContext(userId)).toMatchObject({ data: {}, version: 2 })
  })

  test('updateUser finds no STATE_CONFLICT with its own "yes"', async () => {
    await store.updateUser(userId, { states: { scheduling: 'waiting' } })
    await failing(mode, how)
    const yes = { states: { scheduling: 'booked' }, data: { times: 1 } }
    const user = await store.updateUser(userId, yes, { ifStates: { scheduling: 'waiting' }, ifVersion: 2 })
    expect(user).toMatchObject({ ...yes, version: 3 })
  })

  test('withUserLock is released all the same', async () => {
    await failing(mode, how)
    expect(await store.withUserLock(userId, async () => 'once')).toBe('once')
    expect(await store.withUserLock(userId, async () => 'again', { waitMs: 0 })).toBe('again')
  })
})
