import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import type { Operation } from './support/operations.ts'
import { findOrphans } from './support/orphans.ts'
import {
  type CrashWorld,
  countCommands,
  forEachCommand,
  isDone,
  makeCrashWorld,
  saidBy,
  untilStopped,
} from './support/world.ts'

const TIMEOUT_MS = 300_000
/** What a caller may hear whose user was erased while their process was frozen. */
const LATE = ['USER_NOT_FOUND', 'EVENT_NOT_FOUND', 'MESSAGE_NOT_FOUND', 'UNAVAILABLE', 'TIMEOUT']

describe('a process, frozen at each of its commands and woken later', () => {
  let world: CrashWorld
  beforeAll(async () => {
    world = await makeCrashWorld({ kind: 'capped' })
  })
  afterAll(async () => {
    await world?.stop()
  })

  async function whileFrozen(
    operation: Operation,
    work: (scene: Awaited<ReturnType<CrashWorld['makeScene']>>) => Promise<void>,
    after: (scene: Awaited<ReturnType<CrashWorld['makeScene']>>, heard: object) => Promise<void>,
  ): Promise<void> {
    const count = await countCommands(world, operation)
    await forEachCommand(count, async (at) => {
      const scene = await world.makeScene()
      const child = world.run(operation, scene, at, 'SIGSTOP')
      await untilStopped(child.pid)
      try {
        await work(scene)
      } finally {
        child.signal('SIGCONT')
      }
      const { heard } = await saidBy(child)
      await after(scene, heard)
    })
  }

  test.each(['turn', 'message', 'event', 'edit', 'remove'] as const)(
    '%s leaves nothing of a user who is erased meanwhile',
    async (operation) => {
      await whileFrozen(
        operation,
        async ({ userId }) => {
          const receipt = await world.store.deleteUser(userId)
          expect(receipt).toMatchObject({ userId, contexts: 1 })
        },
        async (_, heard) => {
          if ('code' in heard) expect(LATE).toContain(heard.code)
        },
      )
      expect(await findOrphans(world.db)).toEqual({})
    },
    TIMEOUT_MS,
  )

  test.each(['turn', 'edit', 'remove'] as const)(
    '%s shows to others whole, or not at all',
    async (operation) => {
      await whileFrozen(
        operation,
        async (scene) => {
          const { messages } = await world.store.retrieveHistory(scene.userId)
          const done = await isDone(world, operation, scene)
          expect(messages.length).toBe({ turn: done ? 5 : 3, remove: done ? 1 : 3 }[operation as string] ?? 3)
        },
        async (scene, heard) => {
          expect(heard).toHaveProperty('value')
          expect(await isDone(world, operation, scene)).toBe(true)
        },
      )
    },
    TIMEOUT_MS,
  )

  test(
    'deleteUser is ended by another process, and both have the same receipt',
    async () => {
      await whileFrozen(
        'erase',
        async ({ userId }) => {
          const receipt = { userId, messages: 3, contexts: 1, events: 1 }
          expect(await world.store.deleteUser(userId)).toMatchObject(receipt)
        },
        async ({ userId }, heard) => {
          expect(heard).toMatchObject({ value: { userId, messages: 3, contexts: 1, events: 1 } })
        },
      )
      expect(await findOrphans(world.db)).toEqual({})
    },
    TIMEOUT_MS,
  )
})
