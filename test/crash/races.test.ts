import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import mongoose from 'mongoose'
import { ObjectId } from '../../src/ids.ts'
import { DialogueStoreError, openStore } from '../../src/index.ts'
import { makeUser } from '../support/make.ts'
import { OPERATIONS } from './support/operations.ts'
import { findOrphans } from './support/orphans.ts'
import { type CrashWorld, makeCrashWorld } from './support/world.ts'

let world: CrashWorld
beforeAll(async () => {
  world = await makeCrashWorld({ kind: 'capped' })
})
afterAll(async () => {
  await world?.stop()
})

const ROUNDS = 60

describe('every writer, against an erasure by another store', () => {
  test('leaves nothing, and was erased or hears USER_NOT_FOUND', async () => {
    const other = await world.open()
    for (let round = 0; round < ROUNDS; round++) {
      const scene = await world.makeScene()
      const { userId } = scene
      const writing = [
        OPERATIONS.turn(other, scene),
        OPERATIONS.message(world.store, scene),
        OPERATIONS.event(other, scene),
        OPERATIONS.edit(other, scene),
        OPERATIONS.remove(world.store, scene),
        other.mergeContext(userId, { more: round }),
        other.storeMessages(Array.from({ length: 20 }, () => ({ userId, sender: 'user', content: 'x' }))),
        world.store.updateUser(userId, { name: 'Bia' }),
      ]
      const outcomes = Promise.allSettled(writing)
      /* Earlier, or later, in their course. */
      await Promise.race([undefined, ...writing].slice(round % writing.length)).catch(() => {})
      const receipt = await world.store.deleteUser(userId)
      for (const outcome of await outcomes) {
        if (outcome.status === 'fulfilled') continue
        expect(outcome.reason).toBeInstanceOf(DialogueStoreError)
        expect(['USER_NOT_FOUND', 'MESSAGE_NOT_FOUND']).toContain(outcome.reason.code)
      }
      expect(await other.deleteUser(userId)).toEqual(receipt)
    }
    await other.close()
    expect(await findOrphans(world.db)).toEqual({})
  }, 120_000)
})

describe('a frozen process that holds a user in a transaction', () => {
  test('holds their erasure up until the server ends the transaction, past timeoutMs', async () => {
    const uri = world.uri
    const hasty = await openStore({ uri, dbName: world.db.databaseName, timeoutMs: 300 })
    const { id } = await makeUser(world.store)
    const client = await mongoose.mongo.MongoClient.connect(uri)
    const session = client.startSession()
    session.startTransaction()
    const held = client.db(world.db.databaseName).collection('dialogue_users')
    await held.updateOne({ _id: new ObjectId(id) }, { $inc: { touches: 1 } }, { session })
    const begin = performance.now()
    expect(await hasty.deleteUser(id)).toMatchObject({ userId: id })
    expect(performance.now() - begin).toBeGreaterThan(300)
    await session.endSession().catch(() => {})
    await client.close()
    await hasty.close()
  })
})
