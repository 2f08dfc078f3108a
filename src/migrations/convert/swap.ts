import { attempt } from '../../db/attempt.ts'
import type { Database } from '../../db/database.ts'
import { codeOf, DUPLICATE_KEY } from '../../db/failure.ts'
import { sizeOf } from '../../db/size.ts'
import { nextId } from '../../ids.ts'
import { messageCollections } from '../../messages/copies.ts'
import { liftFence, refuseWrites, rename } from '../../messages/fence.ts'
import { messages } from '../../messages/schema.ts'
import { type ConversionMeta, META, type RetentionMeta } from '../../meta.ts'
import { applyChanges } from './apply.ts'
import { mostBytes } from './cap.ts'
import { type Change, follow, isHistoryLost } from './follow.ts'
import type { Job } from './job.ts'

/** Writers wait no longer than this for a conversion that died while it fenced them. */
const FENCE_MS = 5000
/** Writers wait no longer than this at a time for a conversion that has more to catch up with. */
const LONGEST_DRAIN_MS = 3000

const metaOf = (database: Database) => database.internal<RetentionMeta>(META)
const fencedUntil = { $add: ['$$NOW', FENCE_MS] }

/**
 * Fences writers, takes over what they wrote before, and puts the copy in the place of the messages.
 * @returns false if that took too long, so that the fence was lifted: nothing was swapped
 */
export async function swap(job: Job): Promise<boolean> {
  try {
    await raiseFence(job)
    const swapped = (await drain(job)) && (await putInPlace(job))
    if (!swapped) await liftFence(job.database, job.copy)
    return swapped
  } catch (error) {
    await liftFence(job.database, job.copy).catch(() => {})
    throw error
  }
}

/** The document first: whoever is refused finds out why. */
async function raiseFence({ database, copy, state: { to } }: Job): Promise<void> {
  const fence = {
    fences: { $add: [{ $ifNull: ['$fences', 0] }, 1] },
    fencedFor: { $literal: copy },
    fencedUntil,
  }
  /* Read under rolling retention only, so it is right before and after the swap. */
  const limits = to.kind === 'rolling' ? { maxPerUser: to.maxPerUser ?? '$$REMOVE' } : {}
  await attempt(database.deadline(), 'write', (terms) =>
    metaOf(database).updateOne({ _id: 'retention' }, [{ $set: { ...fence, ...limits } }], {
      upsert: true,
      ...terms,
    }),
  )
  await refuseWrites(database)
}

/**
 * Applies every change from before the fence: the mark, written behind it, comes after them.
 * @returns false if the fence is gone, or that takes too long: then writers get a turn
 */
async function drain(job: Job): Promise<boolean> {
  const { follower } = job
  const mark = nextId()
  await job.save({ mark, copy: job.copy })
  const end = performance.now() + LONGEST_DRAIN_MS
  while (performance.now() < end && (await renewFence(job))) {
    job.signal?.throwIfAborted()
    const changes = await follower.next()
    await applyChanges(job, changes)
    if (!changes.some((change) => change.mark?.equals(mark))) continue
    await job.save({ token: follower.token() })
    return true
  }
  return false
}

/** Only a fence that still stands: once it has expired, a store may be about to lift it. */
async function renewFence({ database, copy }: Job): Promise<boolean> {
  const mine = { _id: 'retention', fencedFor: copy, $expr: { $gt: ['$fencedUntil', '$$NOW'] } } as const
  const { matchedCount } = await attempt(database.deadline(), 'write', (terms) =>
    metaOf(database).updateOne(mine, [{ $set: { fencedUntil } }], terms),
  )
  return matchedCount === 1
}

/** Nothing is written to the copy from here on: the checks would not see who else has begun to work on it. */
async function putInPlace(job: Job): Promise<boolean> {
  const { database, lease, copy, state } = job
  const { copies } = await messageCollections(database)
  if (!copies.some(({ name, uuid }) => name === copy && uuid === state.uuid)) return false
  if (!(await renewFence(job))) return false
  await lease.check()
  if (await rename(database, copy, database.nameOf(messages.collection), true)) return true
  /* An answer that was lost, and the repetition found no copy. */
  return (await messageCollections(database)).live?.uuid === state.uuid
}

/** What is left to do when the copy has taken the messages' place; may be done again. */
export async function finishSwap(database: Database, state: ConversionMeta): Promise<void> {
  await applyLate(database, state).catch((error: unknown) => {
    if (!isHistoryLost(error)) throw error
  })
  const over = { fencedFor: 1, fencedUntil: 1 } as const
  await attempt(database.deadline(), 'write', (terms) =>
    metaOf(database).updateOne(
      { _id: 'retention', fencedFor: state.copy ?? '' },
      { $unset: state.to.kind === 'capped' ? { ...over, maxPerUser: 1 } : over },
      terms,
    ),
  )
}

/**
 * Writes that were let in between the fence and the swap, after all: there are none, unless a store that was to
 * lift an earlier fence was frozen, and woke up to lift this one. The changes bring them as a whole, even though
 * the old collection is gone. Deletions are repeated by the stores themselves.
 */
async function applyLate(database: Database, { token, to }: ConversionMeta): Promise<void> {
  const live = database.collection(messages)
  for (const { fullDocument } of await changesUntilSwap(database, token)) {
    if (!fullDocument || sizeOf(fullDocument) > mostBytes(to)) continue
    const { _id, version } = fullDocument
    await live
      .replaceOne({ _id, version: { $lt: version } }, fullDocument, { upsert: true })
      .catch((error) => {
        /* It is there, and no older. */
        if (codeOf(error) !== DUPLICATE_KEY) throw error
      })
  }
}

/** The last change of each message: its deletion, or what it was after it, as far as the server kept that. */
async function changesUntilSwap(database: Database, token: ConversionMeta['token']): Promise<Change[]> {
  const last = new Map<string, Change>()
  const follower = await follow(database, token, true)
  const deadline = database.deadline()
  try {
    while (deadline.remaining() > 0) {
      for (const change of await follower.next()) {
        const { operationType, documentKey, mark, fullDocument } = change
        if (operationType === 'rename') return [...last.values()]
        if (!documentKey || mark) continue
        if (fullDocument || operationType === 'delete') last.set(documentKey._id.toHexString(), change)
      }
    }
    return [...last.values()]
  } finally {
    await follower.close()
  }
}
