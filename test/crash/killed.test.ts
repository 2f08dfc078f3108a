import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { storedOf } from '../support/make.ts'
import { journalOf } from '../transactions/support/turns.ts'
import { OPERATIONS, type Operation, type Scene } from './support/operations.ts'
import { findOrphans } from './support/orphans.ts'
import type { Victim } from './support/victim.ts'
import { type CrashWorld, isDone, isTorture, KINDS, makeCrashWorld } from './support/world.ts'

const ALL = ['turn', 'message', 'event', 'create', 'edit', 'remove'] as const
const SOME = ['turn', 'remove'] as const
/** An operation may send a command more than when it was counted: a check that came late is made again. */
const SPARE = 2

describe.each(KINDS)('a process on %s messages, killed at each command', (kind) => {
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

  /** Runs an operation for each scene, up to the command with that scene's number, and kills the process there. */
  async function killAll(victim: Victim, operation: Operation, scenes: Scene[]) {
    const runs = await Promise.all(
      scenes.map((scene, i) => victim.runUpTo(i, operation, scene, (number) => number === i + 1)),
    )
    await victim.kill()
    const held = runs.filter(({ isHeld }) => isHeld()).length
    expect(held).toBeGreaterThanOrEqual(scenes.length - SPARE - 1)
    return Promise.all(runs.map(({ heard }) => heard))
  }

  test.each(isTorture || kind === 'capped' ? ALL : SOME)(
    '%s is done, or not; and done once by a redelivery',
    async (operation) => {
      const count = await counter.count(operation, await world.makeScene())
      const scenes = await world.makeScenes(count + SPARE)
      const heard = await killAll(await world.startVictim(scenes.length), operation, scenes)
      /* What is left of every second one is for a reader to settle, the rest for whoever opens. */
      const read = scenes.filter((_, i) => i % 2 === 0)
      await Promise.all(read.map(({ userId }) => world.store.retrieveHistory(userId)))
      const next = await world.open()
      await Promise.all(
        scenes.map(async (scene, i) => {
          const done = await isDone(world, operation, scene)
          if ('value' in (heard[i] ?? {})) expect([i, done]).toEqual([i, true])
          const said = await OPERATIONS[operation](next, scene)
          if (typeof said === 'boolean') expect([i, said]).toEqual([i, !done])
          if (operation === 'remove') expect([i, said]).toEqual([i, done ? 0 : 2])
          expect(await isDone(world, operation, scene)).toBe(true)
          const { messages, events } = await storedOf(world.db, scene.userId)
          expect(messages.length).toBe({ turn: 5, message: 4, remove: 1 }[operation as string] ?? 3)
          expect(events.length).toBe(['turn', 'event'].includes(operation) ? 2 : 1)
        }),
      )
      await next.close()
      expect(await findOrphans(world.db)).toEqual({})
    },
  )

  test('deleteUser leaves an erasure that another process ends, with the right receipt', async () => {
    const count = await counter.count('erase', await world.makeScene())
    const scenes = await world.makeScenes(count + SPARE)
    const victim = await world.startVictim(scenes.length)
    await leaveUnsettled(scenes)
    await killAll(victim, 'erase', scenes)
    const next = await world.open()
    await Promise.all(
      scenes.map(async ({ userId }) => {
        const receipt = await next.deleteUser(userId)
        /* The turn was committed, so it counts, though nobody had settled it. */
        expect(receipt).toMatchObject({ userId, messages: 5, contexts: 1, events: 2 })
        expect(await world.store.deleteUser(userId)).toEqual(receipt)
        const { users, ...rest } = await storedOf(world.db, userId)
        expect(rest).toEqual({ contexts: [], messages: [], events: [] })
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
    expect(await journalOf(world.db).countDocuments({ inserts: { $size: 2 } })).toBe(scenes.length)
  }
})
