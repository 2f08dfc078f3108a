import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { storedOf } from '../support/make.ts'
import { OPERATIONS, type Operation, type Scene } from './support/operations.ts'
import { findOrphans } from './support/orphans.ts'
import type { Heard, Victim } from './support/victim.ts'
import { type CrashWorld, isDone, isTorture, KINDS, makeCrashWorld } from './support/world.ts'

/** What a caller may hear whose user was erased while their process was frozen. */
const LATE = ['USER_NOT_FOUND', 'EVENT_NOT_FOUND', 'MESSAGE_NOT_FOUND']
const ALL = ['turn', 'message', 'event', 'edit', 'remove'] as const
const SOME = ['turn', 'message'] as const
/** More than any operation sends, so each is also frozen at its end. */
const STORES = 26

describe.each(KINDS)('a process on %s messages, frozen at each command', (kind) => {
  let world: CrashWorld
  let victim: Victim
  beforeAll(async () => {
    world = await makeCrashWorld({ kind })
    victim = await world.startVictim(STORES)
  })
  afterAll(async () => {
    await victim?.kill()
    await world?.stop()
  })

  /**
   * Freezes a process in which an operation runs many times, each held at another of its commands.
   * @param work is done for each meanwhile
   * @returns what its callers heard when it had gone on
   */
  async function whileFrozen(operation: Operation, work: (scene: Scene) => Promise<void>) {
    const count = await victim.count(operation, await world.makeScene())
    expect(count).toBeLessThan(STORES)
    const scenes = await world.makeScenes(count + 2)
    const runs = await Promise.all(
      scenes.map((scene, i) => victim.runUpTo(i, operation, scene, (number) => number === i + 1)),
    )
    await victim.freeze()
    try {
      await Promise.all(scenes.map(work))
    } finally {
      victim.wake()
    }
    const heard = await Promise.all(runs.map((run) => run.heard))
    return scenes.map((scene, i): [Scene, Heard] => [scene, heard[i] ?? { killed: true }])
  }

  test.each(isTorture || kind === 'capped' ? ALL : SOME)(
    '%s leaves nothing of a user who is erased meanwhile',
    async (operation) => {
      const ends = await whileFrozen(operation, async ({ userId }) => {
        expect(await world.store.deleteUser(userId)).toMatchObject({ userId, contexts: 1 })
      })
      for (const [, heard] of ends) if ('code' in heard) expect(LATE).toContain(heard.code)
      expect(await findOrphans(world.db)).toEqual({})
    },
  )

  test.each(['turn', 'message', 'edit', 'remove'] as const)(
    '%s shows to others whole, or not at all',
    async (operation) => {
      const ends = await whileFrozen(operation, async (scene) => {
        const { messages } = await world.store.retrieveHistory(scene.userId)
        const done = await isDone(world, operation, scene)
        const then = { turn: 5, message: 4, remove: 1 }[operation as string] ?? 3
        expect(messages.length).toBe(done ? then : 3)
      })
      for (const [scene, heard] of ends) {
        expect(heard).toHaveProperty('value')
        expect(await isDone(world, operation, scene)).toBe(true)
      }
    },
  )

  test('a delivery that comes again meanwhile is stored once, and counts once', async () => {
    const again: unknown[] = []
    const ends = await whileFrozen('turn', async (scene) => {
      again.push(await OPERATIONS.turn(world.store, scene))
    })
    expect(again).toContain(false)
    expect(again).toContain(true)
    for (const [scene] of ends) {
      expect(await isDone(world, 'turn', scene)).toBe(true)
      expect((await storedOf(world.db, scene.userId)).messages.length).toBe(5)
    }
  })

  test('deleteUser is ended by another process, and both have the same receipt', async () => {
    const receipts = new Map<string, unknown>()
    const ends = await whileFrozen('erase', async ({ userId }) => {
      const receipt = await world.store.deleteUser(userId)
      expect(receipt).toMatchObject({ userId, messages: 3, contexts: 1, events: 1 })
      receipts.set(userId, { ...receipt, erasedAt: receipt.erasedAt.toISOString() })
    })
    for (const [{ userId }, heard] of ends) expect(heard).toEqual({ value: receipts.get(userId) })
    expect(await findOrphans(world.db)).toEqual({})
  })
})
