import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals'
import { storedOf } from '../support/make.ts'
import { eventually } from '../testing/fixtures/children.ts'
import { type Case, holdAll, makeCases } from './support/cases.ts'
import { OPERATIONS, type Operation } from './support/operations.ts'
import { findOrphans } from './support/orphans.ts'
import type { Victim } from './support/victim.ts'
import { type CrashWorld, isDone, isTriedWhole, makeCrashWorld } from './support/world.ts'

/** What a caller may hear whose user was erased while their process was frozen, if not that its time was over. */
const LATE = ['USER_NOT_FOUND', 'EVENT_NOT_FOUND', 'MESSAGE_NOT_FOUND', 'TIMEOUT', 'UNAVAILABLE']
const WRITERS = ['turn', 'message', 'event', 'edit', 'remove'] as const
/** More than the commands that all of them send. */
const STORES = 70
const HASTY_MS = 3000
/** Longer than it takes to hold all of them, on a machine that is busy. */
const PATIENT_MS = 120_000
jest.setTimeout(2 * PATIENT_MS)

describe.each(['capped', 'rolling'] as const)('a process on %s messages, frozen at each command', (kind) => {
  let world: CrashWorld
  let patient: Victim
  beforeAll(async () => {
    world = await makeCrashWorld({ kind })
    patient = await world.startVictim(STORES, { timeoutMs: PATIENT_MS })
  })
  afterAll(async () => {
    await patient?.kill()
    await world?.stop()
  })

  /**
   * Freezes a process in which each operation runs many times, each time held at another of its commands.
   * @param work is done for each meanwhile
   * @returns what the callers heard when the process had gone on
   */
  async function whileFrozen(
    operations: readonly Operation[],
    work: (one: Case) => Promise<void>,
    victim = patient,
  ) {
    const cases = await makeCases(world, victim, operations)
    expect(cases.length).toBeLessThanOrEqual(STORES)
    const runs = await holdAll(victim, cases)
    await victim.freeze()
    try {
      await Promise.all(cases.map(work))
    } finally {
      victim.wake()
    }
    const heard = await Promise.all(runs)
    return cases.map((one, i) => ({ ...one, heard: heard[i] ?? { killed: true } }))
  }

  test('leaves nothing of a user who is erased meanwhile', async () => {
    const ends = await whileFrozen(WRITERS, async ({ scene: { userId } }) => {
      expect(await world.store.deleteUser(userId)).toMatchObject({ userId, contexts: 1 })
    })
    const surprised = ends.filter(({ heard }) => 'code' in heard && !LATE.includes(heard.code))
    expect(surprised).toEqual([])
    expect(await findOrphans(world.db)).toEqual({})
  })

  if (!isTriedWhole(kind)) return

  test('leaves nothing of them though its callers had given up when it woke', async () => {
    const hasty = await world.startVictim(20, { timeoutMs: HASTY_MS })
    const begin = performance.now()
    const ends = await whileFrozen(
      ['message', 'event'],
      async ({ scene: { userId } }) => {
        expect(await world.store.deleteUser(userId)).toMatchObject({ userId, contexts: 1 })
        await eventually(() => performance.now() - begin > 2 * HASTY_MS)
      },
      hasty,
    )
    expect(ends.map(({ heard }) => heard)).toContainEqual(expect.objectContaining({ code: 'TIMEOUT' }))
    await eventually(async () => Object.keys(await findOrphans(world.db)).length === 0)
    await hasty.kill()
  })

  test('shows its operations to others whole, or not at all', async () => {
    const ends = await whileFrozen(WRITERS, async ({ operation, at, scene }) => {
      const { messages } = await world.store.retrieveHistory(scene.userId)
      const done = await isDone(world, operation, scene)
      const then = { turn: 5, message: 4, remove: 1 }[operation as string] ?? 3
      expect([operation, at, messages.length]).toEqual([operation, at, done ? then : 3])
    })
    for (const { operation, at, scene, heard } of ends) {
      expect([operation, at, heard]).toEqual([operation, at, { value: expect.anything() }])
      expect(await isDone(world, operation, scene)).toBe(true)
    }
  })

  test('a delivery that comes again meanwhile is stored once, and counts once', async () => {
    const again: unknown[] = []
    const ends = await whileFrozen(['turn', 'message'], async ({ operation, scene }) => {
      again.push(await OPERATIONS[operation](world.store, scene))
    })
    expect(again).toContain(false)
    expect(again).toContain(true)
    for (const { operation, scene } of ends) {
      expect(await isDone(world, operation, scene)).toBe(true)
      expect((await storedOf(world.db, scene.userId)).messages.length).toBe(operation === 'turn' ? 5 : 4)
    }
    /* Of two calls with one external id, one has created the message. */
    const firsts = ends.filter(({ heard }) => 'value' in heard && heard.value === true).length
    expect(firsts + again.filter((created) => created === true).length).toBe(ends.length)
  })

  test('deleteUser is ended by another process, and both have the same receipt', async () => {
    const receipts = new Map<string, unknown>()
    const ends = await whileFrozen(['erase'], async ({ scene: { userId } }) => {
      const receipt = await world.store.deleteUser(userId)
      expect(receipt).toMatchObject({ userId, messages: 3, contexts: 1, events: 1 })
      receipts.set(userId, { ...receipt, erasedAt: receipt.erasedAt.toISOString() })
    })
    for (const { scene, heard } of ends) expect(heard).toEqual({ value: receipts.get(scene.userId) })
    expect(await findOrphans(world.db)).toEqual({})
  })
})
