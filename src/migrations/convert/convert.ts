/*
 * Converting the retention of messages: capped ⇄ rolling, while any number of stores go on writing.
 *
 * 1. Under the migrations' lease, a document says what is being done, and from where on the changes of the
 *    messages have to be followed.                                                              (begin.ts, job.ts)
 * 2. All messages of the beginning are copied to a new collection that has the target's options, validator and
 *    indexes, inside the server, in the order of storing. Between batches the changes made meanwhile are applied:
 *    what a message is now counts, so each may be applied any number of times. A message that is larger than the
 *    cap that was chosen ends it, before it would evict all others.      (copy.ts, cap.ts, follow.ts, apply.ts)
 * 3. Writers are fenced: a document tells them to wait, then a validator refuses every write. What was written
 *    before is applied, up to a mark that was made behind the fence.                          (swap.ts)
 * 4. The copy is renamed over the messages, in one step of the server's. Limits were set before.
 * 5. The fence's document goes, and whatever was left. A store that was refused finds the fence gone, reads the
 *    retention anew and repeats its write; one that was idle looks every two seconds whether there was a fence.
 *
 * No acknowledged write is lost:
 * - An insert or update is refused behind the fence, or comes before it, and is in the changes before the mark.
 * - A deletion is not validated. So a store looks after each one whether a fence was set since it last knew;
 *   then it waits, and deletes again. If there was none, the deletion came before the fence, as above.
 * - An eviction or expiry is followed like a deletion: nobody could tell them apart, and a deleted message must
 *   not return. A capped copy does not take back what it evicted: only a new message is inserted by a change.
 * - What a message is now is read as it was at the change that was followed last, or later: a new primary may not
 *   know yet of what the one before has told.
 *
 * Any process may die, or be frozen and wake up much later, at any point:
 * - While copying: the place of the copying is stored behind each batch, that of the changes behind each round of
 *   them. The next run does again, over itself, what was done behind these places; doing it twice is harmless.
 * - Before or behind the fence: a fence expires. The first store that meets an expired one renames the copy, puts
 *   the validator back and removes the fence's document, in this order. The next run finds the copy by its uuid.
 * - Behind the swap, before the fence's document is gone: writes go on, deletions wait until it expires. The next
 *   run sees that the messages have the copy's uuid, and does the rest.
 * - Frozen anywhere, and taken for dead: whoever goes on does so under another owner of the lease, another `run`
 *   in the document, and another name of the copy. What the frozen one had under way to the old name misses; its
 *   next step finds the lease or the `run` lost, before it could swap or drop anything. It looks names up
 *   before it asks for the lease, and acts after: so it acts on names of before. (A copying command that comes
 *   late makes a new collection of the old name; the end of the conversion drops it.)
 * - A store frozen while it lifts a fence may wake up to open a later one. Writes let in then are in the changes
 *   between mark and rename, as whole documents, and are brought over after the swap. There are no others there.
 *   So the server goes on keeping them whole when a fence is lifted, until nobody converts any more.
 * - A frozen converter's validator that arrives late has no document: the store that meets it puts it away. Others
 *   that it has refused find nothing: they believe a refusal the second time.
 */

import type { Retention } from '../../config.ts'
import type { Database } from '../../db/database.ts'
import { DialogueStoreError } from '../../errors.ts'
import { createHistory } from '../history.ts'
import { requireMigrated } from '../run.ts'
import { applyChanges } from './apply.ts'
import { start } from './begin.ts'
import { batchOf, copyBatch, countLeft, hasReached, newest, type Place } from './copy.ts'
import { isHistoryLost, MOST_CHANGES } from './follow.ts'
import type { Job, Report } from './job.ts'
import { clearFence, finishLeft, tidy } from './leftovers.ts'
import { already, type Plan, planConversion } from './plan.ts'
import { finishSwap, swap } from './swap.ts'

interface Request {
  database: Database
  /** Limits left out: those of an unfinished conversion to this kind, else none. */
  wanted: Retention
  signal?: AbortSignal
  report: Report
}

/** What a conversion did. */
export interface Conversion extends Pick<Plan, 'from' | 'to'> {
  messages: number
  /** By an earlier run, which this one went on with. */
  resumed: number
  /** How long writers had to wait. */
  fencedMs: number
}

/**
 * Converts how messages are kept, while stores go on writing. An interrupted one goes on when it is run again.
 * @throws DialogueStoreError `INVALID_INPUT` if they are kept so already, or would not fit; `TIMEOUT` if others
 *   are migrating; `MIGRATION_PENDING`, `MIGRATION_MISMATCH`, `UNAVAILABLE`
 */
export function convertRetention(request: Request): Promise<Conversion> {
  const { database, wanted, signal, report } = request
  const turn = { deadline: database.deadline(), signal, onWait: report.waiting }
  return createHistory(database).exclusively(turn, async (lease) => {
    await requireMigrated(database)
    await clearFence(database)
    await finishLeft(database)
    const plan = await planConversion(database, wanted)
    const { from, to, left } = plan
    if (plan.action === 'none' || plan.action === 'finish') {
      await tidy(database, lease)
      if (plan.action === 'none') throw already(plan, 'was dropped')
      return { from, to, messages: plan.messages, resumed: left?.copied ?? 0, fencedMs: 0 }
    }
    const job = await start({ database, lease, signal, report }, plan)
    try {
      const resumed = job.state.copied
      const fencedMs = await carryOut(job, plan)
      return { from, to, messages: job.state.copied, resumed, fencedMs }
    } finally {
      await job.follower.close().catch(() => {})
    }
  })
}

/** @returns how long writers had to wait */
async function carryOut(job: Job, plan: Plan): Promise<number> {
  try {
    await copyAll(job, plan)
    job.report.swapping()
    const fencedMs = await swapAtLast(job)
    await tidy(job.database, job.lease)
    return fencedMs
  } catch (error) {
    throw isHistoryLost(error) ? tooSlow(error) : error
  }
}

const FEW = 10_000

/**
 * Copies what was stored before now; what comes later, the changes bring. A capped copy takes messages in the
 * order of storing only, so there the changes have to wait for the copying to arrive: it runs after the writers,
 * over a shorter distance each time, and over the last one without looking at the changes.
 */
async function copyAll(job: Job, plan: Plan): Promise<void> {
  if (job.state.complete) return
  const { state, report } = job
  report.copying(plan.messages, state.copied)
  const inOrder = state.to.kind === 'capped'
  let left = Number.POSITIVE_INFINITY
  let last = false
  while (!last) {
    const end = await newest(job)
    if (!end || hasReached(job.state.place, end)) break
    const before = left
    left = inOrder ? await countLeft(job, end) : 0
    last = left < FEW || left > before / 2
    await copyUpTo(job, end, batchOf(plan.averageBytes), !(last && inOrder))
  }
  await job.save({ complete: true })
}

/** By turns, so that neither falls behind. */
const COPY_MS = 500
const FOLLOW_MS = 1000

async function copyUpTo(job: Job, end: Place, size: number, inTurns: boolean): Promise<void> {
  let turn = performance.now()
  while (!hasReached(job.state.place, end)) {
    job.signal?.throwIfAborted()
    await job.save(await copyBatch(job, end, size))
    if (!inTurns || performance.now() - turn < COPY_MS) continue
    await catchUp(job)
    turn = performance.now()
  }
}

/** Applies changes until few are left, or for a while: writers may be faster, until they are fenced. */
async function catchUp(job: Job): Promise<void> {
  const { follower } = job
  const end = performance.now() + FOLLOW_MS
  let changes: number
  do {
    job.signal?.throwIfAborted()
    const next = await follower.next()
    await applyChanges(job, next)
    await job.save({ token: follower.token() })
    changes = next.length
  } while (changes === MOST_CHANGES && performance.now() < end)
}

/** @returns how long writers had to wait, in the end */
async function swapAtLast(job: Job): Promise<number> {
  while (true) {
    await catchUp(job)
    const begin = performance.now()
    if (await swap(job)) {
      await finishSwap(job.database, job.state)
      return Math.round(performance.now() - begin)
    }
    await job.takeCopy()
  }
}

const tooSlow = (cause: unknown) =>
  new DialogueStoreError(
    'UNAVAILABLE',
    "The server's log of changes (oplog) holds less time than the copying took. Enlarge it, and run this again.",
    { cause, retryable: false },
  )
