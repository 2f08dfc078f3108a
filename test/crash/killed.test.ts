import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import type { DialogueStore } from '../../src/index.ts'
import { belongingsOf, storedOf } from '../support/make.ts'
import { journalOf } from '../transactions/support/turns.ts'
import { type Case, holdAll, makeCases } from './support/cases.ts'
import { OPERATIONS, type Scene } from './support/operations.ts'
import { findOrphans } from './support/orphans.ts'
import type { Heard, Victim } from './support/victim.ts'
import { type CrashWorld, isDone, isTriedWhole, makeCrashWorld } from './support/world.ts'

const WRITERS = ['turn', 'message', 'event', 'create', 'edit', 'remove'] as const

describe.each(['capped', 'rolling'] as const)('a process on %s messages, killed at each command', (kind) => {
  let world: CrashWorld
  let counter: Victim
  beforeAll(async () => {
    world = await makeCrashWorld({ kind })
    counter = await world.startVictim(1)
  })
  afterAll(async () => {
    await counter?.kill()
    await world?.stop()
  })

  /** Done in another process after the crash: what is there then, and what the same call says. */
  async function redeliver(next: DialogueStore, { operation, at, scene }: Case, heard: Heard | undefined) {
    const done = await isDone(world, operation, scene)
    const told = (what: unknown) => [operation, at, what]
    if (heard && 'value' in heard) expect(told(done)).toEqual(told(true))
    const said = await OPERATIONS[operation](next, scene)
    if (typeof said === 'boolean') expect(told(said)).toEqual(told(!done))
    if (operation === 'remove') expect(told(said)).toEqual(told(done ? 0 : 2))
    expect(await isDone(world, operation, scene)).toBe(true)
    const { messages, events } = await storedOf(world.db, scene.userId)
    expect(told(messages.length)).toEqual(told({ turn: 5, message: 4, remove: 1 }[operation as string] ?? 3))
    expect(events.length).toBe(['turn', 'event'].includes(operation) ? 2 : 1)
  }

  test('every operation is done, or not; and done once by a redelivery', async () => {
    const cases = await makeCases(world, counter, WRITERS)
    const victim = await world.startVictim(cases.length)
    const runs = await holdAll(victim, cases)
    await victim.kill()
    const heard = await Promise.all(runs)
    /* What is left of every second one is for a reader to settle, the rest for whoever opens. */
    const read = cases.filter((_, i) => i % 2 === 0)
    await Promise.all(read.map(({ scene }) => world.store.retrieveHistory(scene.userId)))
    const next = await world.open()
    await Promise.all(cases.map((one, i) => redeliver(next, one, heard[i])))
    await next.close()
    expect(await findOrphans(world.db)).toEqual({})
  })

  if (!isTriedWhole(kind)) return

  test('deleteUser leaves an erasure that another process ends, with the right receipt', async () => {
    const cases = await makeCases(world, counter, ['erase'])
    const scenes = cases.map(({ scene }) => scene)
    /* Opened before there is anything to settle. */
    const victim = await world.startVictim(cases.length)
    await leaveUnsettled(scenes)
    await holdAll(victim, cases)
    await victim.kill()
    const next = await world.open()
    await Promise.all(
      scenes.map(async ({ userId }) => {
        const receipt = await next.deleteUser(userId)
        /* The turn was committed, so it counts, though nobody had settled it. */
        expect(receipt).toMatchObject({ userId, messages: 5, contexts: 1, events: 2 })
        expect(await world.store.deleteUser(userId)).toEqual(receipt)
        const { users } = await storedOf(world.db, userId)
        expect(await belongingsOf(world.db, userId)).toEqual([])
        expect(Object.keys(users[0] ?? {}).sort()).toEqual(['_id', 'erasedAt', 'receipt'])
      }),
    )
    await next.close()
    expect(await findOrphans(world.db)).toEqual({})
  })

  /** A process commits a turn of each, and dies before it has settled any. */
  async function leaveUnsettled(scenes: Scene[]): Promise<void> {
    const dying = await world.startVictim(scenes.length)
    const isAfterCommit = (_: number, before: string) => before === 'commitTransaction'
    await Promise.all(scenes.map((scene, i) => dying.runUpTo(i, 'turn', scene, isAfterCommit)))
    await dying.kill()
    /* The upkeep of a store that is open may have settled some meanwhile. */
    const left = await journalOf(world.db).countDocuments({ inserts: { $size: 2 } })
    expect(left).toBeGreaterThan(scenes.length / 2)
  }
})
