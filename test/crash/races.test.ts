import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import mongoose from 'mongoose'
import { ObjectId } from '../../src/ids.ts'
import { openStore } from '../../src/index.ts'
import { makeUser } from '../support/make.ts'
import { rounds } from '../support/thorough.ts'
import type { Scene } from './support/operations.ts'
import { findOrphans } from './support/orphans.ts'
import type { Heard, Victim } from './support/victim.ts'
import { type CrashWorld, makeCrashWorld } from './support/world.ts'

let world: CrashWorld
beforeAll(async () => {
  world = await makeCrashWorld({ kind: 'capped' })
})
afterAll(async () => {
  await world?.stop()
})

const WRITERS = ['turn', 'message', 'event', 'edit', 'remove', 'many', 'merge', 'rename'] as const
/** Users at a time, and how often. */
const AT_ONCE = 8
const ROUNDS = rounds(8, 200)
/** Writers are done by then: an erasure begins at any moment before. */
const LONGEST_PAUSE_MS = 120
const LATE = ['USER_NOT_FOUND', 'MESSAGE_NOT_FOUND', 'EVENT_NOT_FOUND']
/** Less than the server leaves a transaction, and enough for a command on a machine that is busy. */
const HASTY_MS = 1500

/** Each writer in another store of another process, and an erasure somewhere in their course. */
async function race(writers: Victim, scene: Scene, first: number): Promise<Heard[]> {
  const calls = WRITERS.map((operation, i) => writers.run((first + i) % AT_ONCE, operation, scene))
  await pause(Math.random() * LONGEST_PAUSE_MS)
  const receipt = await world.store.deleteUser(scene.userId)
  const heard = await Promise.all(calls)
  expect(await world.store.deleteUser(scene.userId)).toEqual(receipt)
  return heard
}

/** What of a writer's answer says that it came too late. */
function isLate(heard: Heard): boolean {
  if ('code' in heard) {
    expect(LATE).toContain(heard.code)
    return true
  }
  const { value } = heard as { value: unknown }
  const rejected = Array.isArray(value) ? value.filter(({ status }) => status === 'rejected') : []
  for (const { error } of rejected) expect(LATE).toContain(error.code)
  return rejected.length > 0
}

test('no writer of another process leaves anything behind an erasure', async () => {
  const writers = await world.startVictim(AT_ONCE)
  let late = 0
  for (let round = 0; round < ROUNDS; round++) {
    const scenes = await world.makeScenes(AT_ONCE)
    const heard = await Promise.all(scenes.map((scene, i) => race(writers, scene, i)))
    late += heard.flat().filter(isLate).length
  }
  const all = ROUNDS * AT_ONCE * WRITERS.length
  /* Neither always before nor always after: that would be no race. */
  expect(late).toBeGreaterThan(all / 20)
  expect(late).toBeLessThan((all * 19) / 20)
  await writers.kill()
  expect(await findOrphans(world.db)).toEqual({})
}, 600_000)

describe('a frozen process that holds a user in a transaction', () => {
  test('holds their erasure up until the server ends the transaction, past timeoutMs', async () => {
    const uri = world.uri
    const hasty = await openStore({ uri, dbName: world.db.databaseName, timeoutMs: HASTY_MS })
    const { id } = await makeUser(world.store)
    const client = await mongoose.mongo.MongoClient.connect(uri)
    const session = client.startSession()
    session.startTransaction()
    const held = client.db(world.db.databaseName).collection('dialogue_users')
    await held.updateOne({ _id: new ObjectId(id) }, { $inc: { touches: 1 } }, { session })
    const begin = performance.now()
    expect(await hasty.deleteUser(id)).toMatchObject({ userId: id })
    expect(performance.now() - begin).toBeGreaterThan(HASTY_MS)
    await session.endSession().catch(() => {})
    await client.close()
    await hasty.close()
  })
})
