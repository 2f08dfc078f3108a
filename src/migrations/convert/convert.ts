import type { Retention } from '../../config.ts'
import { attempt, deadlineIn } from '../../db/attempt.ts'
import type { Database } from '../../db/database.ts'
import { DialogueStoreError } from '../../errors.ts'
import { liftFence, openStrayFence, readFence } from '../../messages/fence.ts'
import { ageIndex, creationOptions } from '../../messages/retention.ts'
import { messages } from '../../messages/schema.ts'
import { type ConversionMeta, META } from '../../meta.ts'
import { createCollection, messageCollections } from '../collections.ts'
import { createHistory, type Lease } from '../history.ts'
import { batchOf, copyBatch, ORDER, ORDER_INDEX } from './copy.ts'
import { applyChanges, type Follower, follow, isHistoryLost, MOST_CHANGES } from './follow.ts'
import { createJob, findConversion, type Job, type Report } from './job.ts'
import { type Plan, planConversion } from './plan.ts'
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

export function convertRetention(request: Request): Promise<Conversion> {
  const { database, wanted, signal, report } = request
  const turn = { deadline: database.deadline(), signal, onWait: report.waiting }
  return createHistory(database).exclusively(turn, async (lease) => {
    await clearFence(database)
    await finishLeft(database)
    const plan = await planConversion(database, wanted)
    const { from, to, left } = plan
    if (plan.action === 'none' || plan.action === 'finish') {
      await tidy(database, lease)
      if (plan.action === 'none') throw already(from.kind, left)
      return { from, to, messages: plan.messages, resumed: left?.copied ?? 0, fencedMs: 0 }
    }
    const { job, follower } = await start(request, lease, plan)
    try {
      const fencedMs = await carryOut(job, follower, plan)
      return { from, to, messages: job.state.copied, resumed: plan.copied, fencedMs }
    } finally {
      await follower.close().catch(() => {})
    }
  })
}

/** Who has the lease knows that whoever set a fence is dead, or will find out that it counts for dead. */
async function clearFence(database: Database): Promise<void> {
  const { standing } = await readFence(database, database.deadline())
  if (standing) await liftFence(database, standing.for)
  else await openStrayFence(database)
}

/** An earlier run may have ended just after it had swapped the collections. */
async function finishLeft(database: Database): Promise<void> {
  const left = await findConversion(database)
  const { live } = await messageCollections(database)
  if (left?.uuid !== undefined && left.uuid === live?.uuid) await finishSwap(database, left)
}

/** @returns how long writers had to wait */
async function carryOut(job: Job, follower: Follower, plan: Plan): Promise<number> {
  try {
    await copyAll(job, follower, plan)
    job.report.swapping()
    const fencedMs = await swapAtLast(job, follower)
    await tidy(job.database, job.lease)
    return fencedMs
  } catch (error) {
    throw isHistoryLost(error) ? tooSlow(error) : error
  }
}

/** Goes on with what an earlier run left, or begins anew. */
async function start(request: Request, lease: Lease, plan: Plan): Promise<{ job: Job; follower: Follower }> {
  const { database, signal, report } = request
  const given = { database, signal, report, lease }
  const resumed = plan.action === 'resume' && plan.left && (await resume(given, plan.left))
  if (resumed) return resumed
  await tidy(database, lease)
  const follower = await follow(database, undefined)
  const job = await createJob(given, emptyConversion(plan.to, follower))
  await createCopy(job)
  await createOrder(database)
  return { job, follower }
}

/** Undefined if the earlier run is so long ago that the changes since are lost. */
async function resume(given: Parameters<typeof createJob>[0], left: ConversionMeta) {
  const { database } = given
  try {
    const follower = await follow(database, left.token)
    const job = await createJob(given, left)
    await job.takeCopy()
    await createOrder(database)
    return { job, follower }
  } catch (error) {
    if (isHistoryLost(error)) return undefined
    throw error
  }
}

const emptyConversion = (to: Retention, follower: Follower): Omit<ConversionMeta, 'run'> => ({
  _id: 'conversion',
  to,
  startedAt: new Date(),
  token: follower.token(),
  copied: 0,
})

/** Building an index takes as long as it takes; the server goes on with it when the connection is lost. */
const LONGEST_BUILD_MS = 24 * 60 * 60 * 1000

async function createCopy(job: Job): Promise<void> {
  const { database, copy } = job
  const { to } = job.state
  const age = to.kind === 'rolling' && to.maxAgeMs ? [ageIndex(to.maxAgeMs)] : []
  const model = { ...messages, indexes: [...messages.indexes, ...age] }
  await createCollection(database, model, creationOptions(to), copy)
  const { copies } = await messageCollections(database)
  const uuid = copies.find(({ name }) => name === copy)?.uuid
  await job.save({ ...(uuid && { uuid }) })
}

/** The index that the messages are copied by. It goes with the old collection. */
const createOrder = (database: Database) =>
  attempt(deadlineIn(LONGEST_BUILD_MS), 'write', () =>
    database.collection(messages).createIndex(ORDER, { name: ORDER_INDEX }),
  )

/** Changes are followed as often, so that they don't pile up. */
const FOLLOW_EVERY_MS = 500

async function copyAll(job: Job, follower: Follower, plan: Plan): Promise<void> {
  const size = batchOf(plan.averageBytes)
  if (!job.state.complete) job.report.copying(plan.messages, job.state.copied)
  let followed = performance.now()
  while (!job.state.complete) {
    job.signal?.throwIfAborted()
    const reached = await copyBatch(job, size)
    await job.save({ ...reached, token: follower.token() })
    if (performance.now() - followed < FOLLOW_EVERY_MS) continue
    await catchUp(job, follower)
    followed = performance.now()
  }
}

/** Applies changes until few are left. */
async function catchUp(job: Job, follower: Follower): Promise<void> {
  let changes: number
  do {
    job.signal?.throwIfAborted()
    const next = await follower.next()
    await applyChanges(job, next)
    await job.save({ token: follower.token() })
    changes = next.length
  } while (changes === MOST_CHANGES)
}

/** @returns how long writers had to wait, in the end */
async function swapAtLast(job: Job, follower: Follower): Promise<number> {
  while (true) {
    await catchUp(job, follower)
    const begin = performance.now()
    if (await swap(job, follower)) {
      await finishSwap(job.database, job.state)
      return Math.round(performance.now() - begin)
    }
    await job.takeCopy()
  }
}

/** Removes what conversions left behind. */
async function tidy(database: Database, lease: Lease): Promise<void> {
  const { copies } = await messageCollections(database)
  const live = database.collection(messages)
  const ordered = (await live.indexes()).some(({ name }) => name === ORDER_INDEX)
  /* A run that has this one for dead begins after this: its copy is not among those just found. */
  await lease.check()
  for (const { name } of copies) await database.db.dropCollection(name)
  if (ordered) await live.dropIndex(ORDER_INDEX)
  await database.internal<ConversionMeta>(META).deleteOne({ _id: 'conversion' })
}

const already = (kind: string, left: ConversionMeta | undefined) =>
  new DialogueStoreError(
    'INVALID_INPUT',
    left && left.to.kind !== kind
      ? `The messages are kept ${kind} already. An unfinished conversion to ${left.to.kind} was dropped.`
      : `The messages are kept ${kind} already. Other limits are applied by opening a store with them.`,
    { issues: [{ path: ['to'], reason: 'is the retention that is stored' }] },
  )

const tooSlow = (cause: unknown) =>
  new DialogueStoreError(
    'UNAVAILABLE',
    "The server's log of changes (oplog) holds less time than the copying took. Enlarge it, and run this again.",
    { cause, retryable: false },
  )
