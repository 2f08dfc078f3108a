import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import { attempt, deadlineIn } from '../db/attempt.ts'
import type { Database } from '../db/database.ts'
import type { ModelDefinition } from '../db/definition.ts'
import { renewLease, takeLease } from '../db/lease.ts'
import { createKeyedQueue } from '../db/queue.ts'
import { DialogueStoreError, invalidInput } from '../errors.ts'
import { nextId, type ObjectId } from '../ids.ts'
import { date, id, LARGEST_TIMER_MS, parse } from '../input.ts'
import { callback } from '../log.ts'

const lockDocument = z.strictObject({
  /** The user's id. */
  _id: id,
  owner: id,
  until: date,
})

export const locks: ModelDefinition<typeof lockDocument> = {
  name: 'Lock',
  collection: 'locks',
  document: lockDocument,
  owner: '_id',
  ownErasure: true,
  /* A lock that nobody released, long expired. */
  indexes: [{ keys: { until: 1 }, options: { expireAfterSeconds: 3600 } }],
}

const lockOptions = z
  .strictObject({
    waitMs: z.int().min(0).max(LARGEST_TIMER_MS).optional(),
    leaseMs: z.int().min(100).max(LARGEST_TIMER_MS).default(30_000),
  })
  .default({ leaseMs: 30_000 })

const POLL_MS = 50
/** What a closing store waits for the release of its locks; they expire anyway. */
const RELEASE_MS = 2000

const userLocked = () =>
  new DialogueStoreError(
    'USER_LOCKED',
    'Somebody else works for this user. Repeat the call, or wait longer with waitMs.',
  )

/**
 * One at a time per user over all processes: a lease on the server's clock in one document per user. Within
 * a process callers wait in the order of asking; between processes they poll.
 */
export function createLocking(database: Database, requireUser: (userId: ObjectId) => Promise<void>) {
  const collection = database.collection(locks)
  const queue = createKeyedQueue()
  /** Whom we hold a lock of, by its owner's id. */
  const held = new Map<ObjectId, ObjectId>()

  const take = (userId: ObjectId, owner: ObjectId, leaseMs: number): Promise<boolean> =>
    attempt(database.deadline(), 'write', (terms) =>
      takeLease(collection, userId, owner, leaseMs, terms),
    ).catch((error: unknown) => {
      /* It may be ours all the same, and nobody would release it. */
      void release(userId, owner).catch(() => {})
      throw error
    })

  const release = (userId: ObjectId, owner: ObjectId, deadline = database.deadline()) =>
    attempt(deadline, 'write', (terms) => collection.deleteOne({ _id: userId, owner }, terms))

  async function acquire(
    userId: ObjectId,
    owner: ObjectId,
    leaseMs: number,
    remaining: () => number,
  ): Promise<void> {
    while (!(await take(userId, owner, leaseMs))) {
      const left = remaining()
      if (left === 0) throw userLocked()
      await sleep(Math.min(left, POLL_MS * (0.5 + Math.random())))
    }
  }

  async function hold<T>(
    userId: ObjectId,
    owner: ObjectId,
    leaseMs: number,
    work: () => Promise<T>,
  ): Promise<T> {
    held.set(owner, userId)
    const renew = () => void renewLease(collection, userId, owner, leaseMs).catch(() => {})
    const renewal = setInterval(renew, leaseMs / 3).unref()
    try {
      return await callback(work)
    } finally {
      clearInterval(renewal)
      held.delete(owner)
      /* An unreleased lock expires; the work's own outcome must not be lost for it. */
      await release(userId, owner).catch(() => {})
    }
  }

  async function withUserLock<T>(userId: unknown, work: () => Promise<T>, options?: unknown): Promise<T> {
    const key = parse(id, userId, ['userId'])
    if (typeof work !== 'function') throw invalidInput([{ path: ['work'], reason: 'must be a function' }])
    const { waitMs = database.timeoutMs, leaseMs } = parse(lockOptions, options, ['options'])
    const deadline = deadlineIn(waitMs)
    const owner = nextId()
    const leave = await queue.enter(key.toHexString(), deadline).catch(() => {
      throw userLocked()
    })
    try {
      await requireUser(key)
      await acquire(key, owner, leaseMs, deadline.remaining)
      return await hold(key, owner, leaseMs, work)
    } finally {
      leave()
    }
  }

  return {
    verbs: { withUserLock },
    /** For a store that closes: work that still runs can store nothing any more, so others need not wait for it. */
    async releaseAll(): Promise<void> {
      const deadline = deadlineIn(Math.min(database.timeoutMs, RELEASE_MS))
      await Promise.allSettled([...held].map(([owner, userId]) => release(userId, owner, deadline)))
    },
  }
}
