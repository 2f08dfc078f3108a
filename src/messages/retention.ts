import { setTimeout as sleep } from 'node:timers/promises'
import type mongoose from 'mongoose'
import type { Retention } from '../config.ts'
import type { Deadline } from '../db/attempt.ts'
import type { Database } from '../db/database.ts'
import { codeOf, DOCUMENT_VALIDATION_FAILURE } from '../db/failure.ts'
import { DialogueStoreError } from '../errors.ts'
import { META, type RetentionMeta } from '../meta.ts'
import { messages } from './schema.ts'

export const DEFAULT_CAP_BYTES = 2 ** 30
export const AGE_INDEX = 'retention_age'

/** Retention as the database has it. */
export type StoredRetention =
  | { kind: 'capped'; sizeBytes: number; maxMessages?: number }
  | { kind: 'rolling'; maxAgeMs?: number; maxPerUser?: number }

export interface RetentionKeeper {
  current(): StoredRetention
  /** Reads it anew. */
  load(): Promise<StoredRetention>
  /**
   * Applies other limits of the same kind.
   * @throws DialogueStoreError `RETENTION_MISMATCH` for another kind
   */
  apply(wanted: Retention | undefined): Promise<void>
  /** Runs a write; when a conversion's fence refuses it, waits until the collections are swapped, and repeats it. */
  throughFence<T>(deadline: Deadline, write: () => Promise<T>): Promise<T>
  /** Waits while a conversion fences writes. False: there was no fence. */
  awaitFence(deadline: Deadline): Promise<boolean>
}

/** What a new message collection is created with. */
export function creationOptions(wanted: Retention | undefined): mongoose.mongo.CreateCollectionOptions {
  if (wanted?.kind === 'rolling') return {}
  const { sizeBytes = DEFAULT_CAP_BYTES, maxMessages } = wanted ?? {}
  return { capped: true, size: sizeBytes, ...(maxMessages && { max: maxMessages }) }
}

const FENCE_POLL_MS = 50

export function createRetention(database: Database): RetentionKeeper {
  const { db } = database
  const name = database.nameOf(messages.collection)
  const collection = database.collection(messages)
  const meta = database.internal<RetentionMeta>(META)
  let stored: StoredRetention = { kind: 'rolling' }

  const findAgeIndex = async () => (await collection.indexes()).find((index) => index.name === AGE_INDEX)

  async function load(): Promise<StoredRetention> {
    const [info] = await db
      .listCollections<{ name: string; options?: mongoose.mongo.Document }>({ name })
      .toArray()
    const options = info?.options ?? {}
    if (options.capped) {
      stored = {
        kind: 'capped',
        sizeBytes: Number(options.size),
        ...(options.max > 0 && { maxMessages: Number(options.max) }),
      }
      return stored
    }
    const [age, limits] = await Promise.all([findAgeIndex(), meta.findOne({ _id: 'retention' })])
    stored = {
      kind: 'rolling',
      ...(age && { maxAgeMs: Number(age.expireAfterSeconds) * 1000 }),
      ...(limits?.maxPerUser && { maxPerUser: limits.maxPerUser }),
    }
    return stored
  }

  async function applyCapped(wanted: Extract<Retention, { kind: 'capped' }>): Promise<void> {
    if (wanted.sizeBytes) await db.command({ collMod: name, cappedSize: wanted.sizeBytes })
    if (wanted.maxMessages) await db.command({ collMod: name, cappedMax: wanted.maxMessages })
  }

  async function applyRolling({
    maxAgeMs,
    maxPerUser,
  }: Extract<Retention, { kind: 'rolling' }>): Promise<void> {
    const expireAfterSeconds = maxAgeMs && Math.ceil(maxAgeMs / 1000)
    const existing = await findAgeIndex()
    if (!expireAfterSeconds) {
      if (existing) await collection.dropIndex(AGE_INDEX)
    } else if (existing) {
      await db.command({ collMod: name, index: { name: AGE_INDEX, expireAfterSeconds } })
    } else {
      await collection.createIndex({ createdAt: 1 }, { name: AGE_INDEX, expireAfterSeconds })
    }
    const change = maxPerUser ? { $set: { maxPerUser } } : { $unset: { maxPerUser: 1 as const } }
    await meta.updateOne({ _id: 'retention' }, change, { upsert: true })
  }

  async function awaitFence(deadline: Deadline): Promise<boolean> {
    let fenced = false
    while (deadline.remaining() > 0) {
      const fence = await meta.findOne({ _id: 'retention', $expr: { $gt: ['$fencedUntil', '$$NOW'] } })
      if (!fence) break
      fenced = true
      await sleep(FENCE_POLL_MS)
    }
    if (fenced) await load()
    return fenced
  }

  return {
    current: () => stored,
    load,
    async apply(wanted) {
      const found = await load()
      if (!wanted) return
      if (wanted.kind !== found.kind) throw mismatch(wanted.kind, found.kind)
      if (wanted.kind === 'capped') await applyCapped(wanted)
      else if (!sameLimits(wanted, found)) await applyRolling(wanted)
      await load()
    },
    awaitFence,
    async throughFence(deadline, write) {
      while (true) {
        try {
          return await write()
        } catch (error) {
          if (codeOf(error) !== DOCUMENT_VALIDATION_FAILURE || !(await awaitFence(deadline))) throw error
        }
      }
    },
  }
}

const sameLimits = (wanted: Retention, found: StoredRetention): boolean =>
  wanted.kind === 'rolling' &&
  found.kind === 'rolling' &&
  wanted.maxPerUser === found.maxPerUser &&
  (wanted.maxAgeMs && Math.ceil(wanted.maxAgeMs / 1000) * 1000) === found.maxAgeMs

const mismatch = (wanted: string, found: string) =>
  new DialogueStoreError(
    'RETENTION_MISMATCH',
    `The messages are kept ${found}, and ${wanted} retention is asked for. Convert them, while bots go on ` +
      `writing, with: npx dialogue-store convert-retention --to ${wanted}`,
    { expected: wanted, actual: found },
  )
