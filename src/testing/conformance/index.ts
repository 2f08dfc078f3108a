import type { DialogueStore } from '../../index.ts'
import type { ConformanceCase } from './case.ts'
import { soon } from './checks.ts'
import { contexts } from './contexts.ts'
import { deliveries } from './deliveries.ts'
import { erasure } from './erasure.ts'
import { errors } from './errors.ts'
import { eventLists } from './event-lists.ts'
import { events, eventUpdates } from './events.ts'
import { exporting } from './exporting.ts'
import { following } from './following.ts'
import { history, iterating } from './history.ts'
import { json } from './json.ts'
import { lifetime } from './lifetime.ts'
import { locks } from './locks.ts'
import { deletingMessages, gettingMessages, updatingMessages } from './message-changes.ts'
import { messages, order } from './messages.ts'
import { untyped } from './samples.ts'
import { summaries } from './summaries.ts'
import { transactions } from './transactions.ts'
import { userUpdates } from './user-updates.ts'
import { lists, users } from './users.ts'

export type { ConformanceCase } from './case.ts'

/**
 * What the contract says of a store, each as a case that can be run by itself, in any order, beside others: on a
 * database for tests, with a retention that keeps 10,050 messages of one user, and without a calendar sync. Cases
 * with `closes` each need a store of their own.
 */
export const conformanceCases: readonly ConformanceCase[] = [
  ...[users, userUpdates, lists, locks].flat(),
  ...[messages, order, gettingMessages, updatingMessages, deletingMessages, deliveries].flat(),
  ...[history, iterating, following].flat(),
  ...[contexts, summaries, json].flat(),
  ...[events, eventUpdates, eventLists].flat(),
  ...[transactions, erasure, exporting, errors, lifetime].flat(),
]

/** What jest, vitest and `node:test` have in common; there it is `after` that is given as `afterAll`. */
export interface TestRunner {
  describe(name: string, define: () => void): unknown
  test(name: string, work: () => Promise<void>, timeoutMs?: number): unknown
  /** The limit is a number. `never`, because the types of `node:test` have another thing in its place. */
  afterAll(work: () => Promise<void>, timeoutMs?: never): unknown
}

/** On a slow machine, in a crowd; usually it is a tenth of a second. */
const PATIENCE_MS = 60_000
/**
 * What the runner is told: jest and vitest would give up earlier. `node:test` takes no notice of it and would wait
 * for ever, so what takes longer than `PATIENCE_MS` is ended here, under all of them.
 */
const LIMIT_MS = PATIENCE_MS + 10_000

/**
 * Registers a test for each of `conformanceCases`. `open` is called for the first of them, whose store the others
 * share and which is closed at the end, and once more for each that closes its own.
 *
 * @param open gives the store, without `shapes`, that is to do what the contract says
 */
export function testConformance(
  { describe, test, afterAll }: TestRunner,
  open: () => DialogueStore | Promise<DialogueStore>,
): void {
  let shared: Promise<DialogueStore> | undefined
  const erasing: Promise<unknown>[] = []
  const run = async (one: ConformanceCase): Promise<void> => {
    if (one.closes) {
      await using own = await open()
      return await one.run(own)
    }
    shared ??= (async () => open())()
    /* While a case plays, the users of those before are erased. If that fails, it is told at the end. */
    const before = [...erasing]
    await one.run(await shared, erasing)
    await Promise.allSettled(before)
  }
  const end = async (): Promise<void> => {
    const outcomes = await Promise.allSettled(erasing)
    await (await shared)?.close()
    for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason
  }
  describe('a store does what the contract says', () => {
    afterAll(() => soon(end(), PATIENCE_MS), untyped(LIMIT_MS))
    for (const subject of new Set(conformanceCases.map((one) => one.subject)))
      describe(subject, () => {
        for (const one of conformanceCases.filter((each) => each.subject === subject))
          test(one.title, () => soon(run(one), PATIENCE_MS), LIMIT_MS)
      })
  })
}
