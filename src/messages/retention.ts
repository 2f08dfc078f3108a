import { setTimeout as sleep } from 'node:timers/promises'
import type mongoose from 'mongoose'
import type { Retention } from '../config.ts'
import { attempt, type Deadline } from '../db/attempt.ts'
import { commandLine } from '../db/command-line.ts'
import type { Database } from '../db/database.ts'
import type { IndexDefinition } from '../db/definition.ts'
import { codeOf, DOCUMENT_VALIDATION_FAILURE } from '../db/failure.ts'
import { DialogueStoreError } from '../errors.ts'
import { META, type RetentionMeta } from '../meta.ts'
import { liftFence, openStrayFence, readFence } from './fence.ts'
import { messages } from './schema.ts'

export const DEFAULT_CAP_BYTES = 2 ** 30
const AGE_INDEX = 'retention_age'
/** The number of messages that says there is no limit. */
const NO_MAX = 2 ** 31 - 1

/** Retention as the database has it. */
export type StoredRetention =
  | { kind: 'capped'; sizeBytes: number; maxMessages?: number }
  | { kind: 'rolling'; maxAgeMs?: number; maxPerUser?: number }

export interface RetentionKeeper {
  current(): StoredRetention
  /** Reads it anew. */
  load(deadline?: Deadline): Promise<StoredRetention>
  /**
   * Applies other limits of the same kind.
   * @throws DialogueStoreError `RETENTION_MISMATCH` for another kind
   */
  apply(wanted: Retention | undefined): Promise<void>
  /** Reads it anew, every two seconds at most: another store may have applied other limits, or converted it. */
  refresh(deadline: Deadline): Promise<void>
  /**
   * To be called before a write. What it gives tells, each time that the validator has refused it, whether it is to be
   * repeated: it may have been a conversion's fence. Waits while the fence stands, and lifts it when its conversion is
   * dead.
   */
  watchFences(): (deadline: Deadline) => Promise<boolean>
  /** Runs a write, again after a fence that refused it. */
  throughFence<T>(deadline: Deadline, write: () => Promise<T>): Promise<T>
  /**
   * Runs a deletion, again after a fence: no validator keeps deletions out, so what was deleted in the old
   * collection at the last moment may be in the new one.
   * @returns what the first one gave
   */
  removeThroughFence<T>(deadline: Deadline, remove: () => Promise<T>): Promise<T>
}

/** What a new message collection is created with. */
export function creationOptions(wanted: Retention | undefined): mongoose.mongo.CreateCollectionOptions {
  if (wanted?.kind === 'rolling') return {}
  const { sizeBytes = DEFAULT_CAP_BYTES, maxMessages } = wanted ?? {}
  return { capped: true, size: sizeBytes, ...(maxMessages && { max: maxMessages }) }
}

/** Of rolling retention: messages end so long after they were stored. TTL indexes count in seconds. */
export const ageIndex = (maxAgeMs: number): IndexDefinition => ({
  keys: { createdAt: 1 },
  options: { name: AGE_INDEX, expireAfterSeconds: Math.ceil(maxAgeMs / 1000) },
})

const FENCE_POLL_MS = 50
const FRESH_MS = 2000

export function createRetention(database: Database): RetentionKeeper {
  const { db } = database
  const name = database.nameOf(messages.collection)
  const collection = database.collection(messages)
  const meta = database.internal<RetentionMeta>(META)
  let stored: StoredRetention = { kind: 'rolling' }
  let knownFences = 0
  let lookedAt = Number.NEGATIVE_INFINITY

  async function findAgeIndex(deadline = database.deadline()) {
    const all = await attempt(deadline, 'read', (terms) => collection.indexes({ full: true, ...terms }))
    return all.find((index) => index.name === AGE_INDEX)
  }

  async function load(deadline = database.deadline()): Promise<StoredRetention> {
    lookedAt = performance.now()
    /* Counted first: what is read after it is at least as new. */
    const { count, standing } = await readFence(database, deadline)
    const found = await read(deadline)
    /* One that stands is still to be passed. */
    knownFences = standing ? count - 1 : count
    stored = found
    return found
  }

  async function read(deadline: Deadline): Promise<StoredRetention> {
    const [info] = await attempt(deadline, 'read', (terms) =>
      db.listCollections<{ name: string; options?: mongoose.mongo.Document }>({ name }, terms).toArray(),
    )
    const options = info?.options ?? {}
    if (options.capped) {
      return {
        kind: 'capped',
        sizeBytes: Number(options.size),
        ...(options.max > 0 && options.max < NO_MAX && { maxMessages: Number(options.max) }),
      }
    }
    const [age, limits] = await Promise.all([
      findAgeIndex(deadline),
      attempt(deadline, 'read', (terms) => meta.findOne({ _id: 'retention' }, terms)),
    ])
    return {
      kind: 'rolling',
      ...(age && { maxAgeMs: Number(age.expireAfterSeconds) * 1000 }),
      ...(limits?.maxPerUser && { maxPerUser: limits.maxPerUser }),
    }
  }

  /** Limits left out stay. */
  async function applyCapped(wanted: Extract<Retention, { kind: 'capped' }>): Promise<void> {
    if (wanted.sizeBytes) await db.command({ collMod: name, cappedSize: wanted.sizeBytes })
    if (wanted.maxMessages) await db.command({ collMod: name, cappedMax: wanted.maxMessages })
  }

  async function applyRolling({
    maxAgeMs,
    maxPerUser,
  }: Extract<Retention, { kind: 'rolling' }>): Promise<void> {
    const existing = await findAgeIndex()
    if (!maxAgeMs) {
      if (existing) await collection.dropIndex(AGE_INDEX)
    } else {
      const { keys, options = {} } = ageIndex(maxAgeMs)
      const { expireAfterSeconds } = options
      if (existing) await db.command({ collMod: name, index: { name: AGE_INDEX, expireAfterSeconds } })
      else await collection.createIndex(keys, options)
    }
    const change = maxPerUser ? { $set: { maxPerUser } } : { $unset: { maxPerUser: 1 as const } }
    await meta.updateOne({ _id: 'retention' }, change, { upsert: true })
  }

  /** Whether a fence has stood since, so that the collections may have been swapped. */
  async function passedFence(since: number, deadline: Deadline): Promise<boolean> {
    let waited = false
    /* Whoever was frozen, and wakes when the time is over, has to look all the same. */
    let look = deadline.remaining() > 0 ? deadline : database.deadline()
    do {
      const { count, standing } = await readFence(database, look)
      if (!standing) {
        const passed = waited || count !== since
        if (passed) await load(look)
        return passed
      }
      waited = true
      if (standing.expired) await liftFence(database, standing.for)
      else await sleep(FENCE_POLL_MS)
      look = deadline
    } while (deadline.remaining() > 0)
    return waited
  }

  function watchFences() {
    let since = knownFences
    let doubted = false
    return async (deadline: Deadline): Promise<boolean> => {
      const found = (await passedFence(since, deadline)) || (await openStrayFence(database))
      since = knownFences
      /* A stray one may be open by now, thanks to somebody else: a refusal is believed the second time. */
      const again = found || !doubted
      doubted = !found
      return again
    }
  }

  return {
    current: () => stored,
    load,
    async apply(wanted) {
      const found = await load()
      if (!wanted) return
      if (wanted.kind !== found.kind) throw mismatch(database, wanted, found)
      if (wanted.kind === 'capped') await applyCapped(wanted)
      else if (!sameLimits(wanted, found)) await applyRolling(wanted)
      await load()
    },
    async refresh(deadline) {
      if (performance.now() - lookedAt >= FRESH_MS) await load(deadline)
    },
    watchFences,
    async throughFence(deadline, write) {
      const wasFenced = watchFences()
      while (true) {
        try {
          return await write()
        } catch (error) {
          if (codeOf(error) !== DOCUMENT_VALIDATION_FAILURE || !(await wasFenced(deadline))) throw error
        }
      }
    },
    async removeThroughFence(deadline, remove) {
      let since = knownFences
      const removed = await remove()
      while (await passedFence(since, deadline)) {
        since = knownFences
        await remove()
      }
      return removed
    },
  }
}

const sameLimits = (wanted: Retention, found: StoredRetention): boolean =>
  wanted.kind === 'rolling' &&
  found.kind === 'rolling' &&
  wanted.maxPerUser === found.maxPerUser &&
  (wanted.maxAgeMs && Math.ceil(wanted.maxAgeMs / 1000) * 1000) === found.maxAgeMs

const mismatch = (database: Database, wanted: Retention, found: StoredRetention) =>
  new DialogueStoreError(
    'RETENTION_MISMATCH',
    `The messages are kept ${found.kind}, and ${wanted.kind} retention is asked for. Convert them, while bots go ` +
      `on writing, with: ${commandLine(database, 'convert-retention', wanted)}`,
    { expected: wanted.kind, actual: found.kind },
  )
