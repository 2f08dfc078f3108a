import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { storedOf } from '../support/make.ts'
import { OPERATIONS, type Operation, type Scene } from './support/operations.ts'
import { findOrphans } from './support/orphans.ts'
import { type CrashWorld, countCommands, forEachCommand, isDone, makeCrashWorld } from './support/world.ts'

const TIMEOUT_MS = 300_000

/** The journal is the same for both; with TORTURE set, both are tried. */
const KINDS = process.env.TORTURE ? (['capped', 'rolling'] as const) : (['capped'] as const)

describe.each(KINDS)('a process on %s messages, killed at each of its commands', (kind) => {
  let world: CrashWorld
  beforeAll(async () => {
    world = await makeCrashWorld({ kind })
  })
  afterAll(async () => {
    await world?.stop()
  })

  /** What the same call says afterwards, in another process. */
  async function redeliver(operation: Operation, scene: Scene): Promise<unknown> {
    const next = await world.open()
    try {
      return await OPERATIONS[operation](next, scene)
    } finally {
      await next.close()
    }
  }

  test.each(['turn', 'message', 'event', 'create', 'edit', 'remove'] as const)(
    '%s is done, or not; and done once by a redelivery',
    async (operation) => {
      const count = await countCommands(world, operation)
      await forEachCommand(count, async (at) => {
        const scene = await world.makeScene()
        const child = world.run(operation, scene, at)
        expect(await child.ended).toMatchObject({ signal: 'SIGKILL' })
        await world.store.retrieveHistory(scene.userId).catch(() => {})
        const done = await isDone(world, operation, scene)
        const said = await redeliver(operation, scene)
        if (typeof said === 'boolean') expect(said).toBe(!done)
        expect(await isDone(world, operation, scene)).toBe(true)
        const { messages, events } = await storedOf(world.db, scene.userId)
        expect(messages.length).toBe({ turn: 5, message: 4, remove: 1 }[operation as string] ?? 3)
        expect(events.length).toBe(['turn', 'event'].includes(operation) ? 2 : 1)
      })
      expect(await findOrphans(world.db)).toEqual({})
    },
    TIMEOUT_MS,
  )

  test(
    'deleteUser leaves an erasure that another process ends, with the right receipt',
    async () => {
      const count = await countCommands(world, 'erase')
      await forEachCommand(count, async (at) => {
        const scene = await world.makeScene()
        await world.run('erase', scene, at).ended
        const receipt = { userId: scene.userId, messages: 3, contexts: 1, events: 1 }
        expect(await redeliver('erase', scene)).toMatchObject(receipt)
        const { users, ...rest } = await storedOf(world.db, scene.userId)
        expect(rest).toEqual({ contexts: [], messages: [], events: [] })
        expect(Object.keys(users[0] ?? {}).sort()).toEqual(['_id', 'erasedAt', 'receipt'])
      })
      expect(await findOrphans(world.db)).toEqual({})
    },
    TIMEOUT_MS,
  )
})
