import type mongoose from 'mongoose'
import { attempt, type Deadline } from '../db/attempt.ts'
import type { Collection, Database } from '../db/database.ts'
import { inTransaction } from '../db/transaction.ts'
import { userNotFound } from '../errors.ts'
import type { ObjectId } from '../ids.ts'
import { id, parse } from '../input.ts'
import { ALIVE, type ErasureReceipt, type TombstoneDocument, users } from './schema.ts'

/** What the other models hold of a user, as the erasure sees it. */
export interface Belongings {
  /** Deletes the context in the transaction; 1 if it had data. */
  eraseContext(userId: ObjectId, inside: Deadline): Promise<number>
  /** Up to `limit` ids of what is left. */
  findMessages(userId: ObjectId, limit: number): Promise<ObjectId[]>
  findEvents(userId: ObjectId, limit: number): Promise<ObjectId[]>
  removeMessages(userId: ObjectId, ids: ObjectId[]): Promise<void>
  removeEvents(userId: ObjectId, ids: ObjectId[]): Promise<void>
  /** What has no place in a receipt: external ids seen. Locks expire. */
  removeTraces(userId: ObjectId): Promise<void>
}

/** Deleted at once: few enough that other writers are not starved. */
const BATCH = 1000

export function createErasure(database: Database, belongings: Belongings) {
  const tombstones: Collection<TombstoneDocument> = database.internal(users.collection)

  const find = (userId: ObjectId): Promise<TombstoneDocument | null> =>
    attempt(database.deadline(), 'read', (terms) =>
      tombstones.findOne({ _id: userId, erasedAt: { $exists: true } }, terms),
    )

  /** The user is gone for every verb from here on, and the identities are free. */
  const bury = (userId: ObjectId) =>
    inTransaction(database, database.deadline(), async (inside) => {
      const contexts = await belongings.eraseContext(userId, inside)
      const tombstone: Omit<TombstoneDocument, '_id'> = {
        erasedAt: new Date(),
        receipt: { messages: 0, contexts, events: 0 },
        erasing: { step: 0, messages: [], events: [] },
      }
      const { matchedCount } = await attempt(inside, 'write', (terms) =>
        tombstones.replaceOne({ _id: userId, ...ALIVE }, tombstone, terms),
      )
      if (matchedCount === 0 && !(await find(userId))) throw userNotFound()
    })

  /** Writes down and counts what the next step removes, before it is removed: a crash in between loses no count. */
  async function plan(userId: ObjectId, step: number): Promise<void> {
    const [messages, events] = await Promise.all([
      belongings.findMessages(userId, BATCH),
      belongings.findEvents(userId, BATCH),
    ])
    const done = messages.length === 0 && events.length === 0
    const change: mongoose.mongo.UpdateFilter<TombstoneDocument> = done
      ? { $unset: { erasing: 1 } }
      : {
          $set: { erasing: { step: step + 1, messages, events } },
          $inc: { 'receipt.messages': messages.length, 'receipt.events': events.length },
        }
    /* Matches once only, so two erasers, or a repetition, count nothing twice: the loser reads again. */
    await attempt(database.deadline(), 'write', (terms) =>
      tombstones.updateOne({ _id: userId, 'erasing.step': step }, change, terms),
    )
  }

  async function drain(userId: ObjectId): Promise<ErasureReceipt> {
    while (true) {
      const tombstone = await find(userId)
      if (!tombstone) throw userNotFound()
      const { erasing, erasedAt, receipt } = tombstone
      if (!erasing) return { userId: userId.toHexString(), ...receipt, erasedAt }
      if (erasing.messages.length > 0) await belongings.removeMessages(userId, erasing.messages)
      if (erasing.events.length > 0) await belongings.removeEvents(userId, erasing.events)
      if (erasing.step === 0) await belongings.removeTraces(userId)
      await plan(userId, erasing.step)
    }
  }

  return {
    /** A repeat goes on where an interrupted erasure stopped, and gives the same receipt. */
    async deleteUser(userId: unknown): Promise<ErasureReceipt> {
      const key = parse(id, userId, ['userId'])
      if (!(await find(key))) await bury(key)
      return drain(key)
    },
  }
}
