import type mongoose from 'mongoose'
import { attempt, type Deadline, deadlineIn } from '../db/attempt.ts'
import type { Collection, Database } from '../db/database.ts'
import { type ModelDefinition, ownedBy } from '../db/definition.ts'
import { isConflict, withFailuresAs } from '../db/failure.ts'
import type { KeyedQueue } from '../db/queue.ts'
import { inTransaction } from '../db/transaction.ts'
import { DialogueStoreError, userNotFound } from '../errors.ts'
import type { ObjectId } from '../ids.ts'
import { id, parse } from '../input.ts'
import { ALIVE, type ErasureReceipt, type TombstoneDocument, type UserDocument, users } from './schema.ts'

/** What the other models hold of a user, as the erasure sees it. */
export interface Belongings {
  /** Deletes the context in the transaction; 1 if it had data. */
  eraseContext(userId: ObjectId, inside: Deadline): Promise<number>
  messages: {
    /** Before the transaction: what others have committed counts as stored. */
    settle(userId: ObjectId): Promise<void>
    /** In the transaction: what is not settled will not be. */
    close(userId: ObjectId, inside: Deadline): Promise<void>
    /** After it: waits for what is on its way. */
    quiet(userId: ObjectId): Promise<void>
    /** What has no place in a receipt: external ids seen. Locks expire. */
    removeTraces(userId: ObjectId): Promise<void>
    /** When none are left: where else there may be some. May be called again. */
    end(userId: ObjectId): Promise<void>
  } & Kind
  events: {
    /** In the transaction: keeps what is needed to remove them elsewhere, if anything is to be removed. */
    keepAccess(user: UserDocument, inside: Deadline): Promise<void>
    /** When none are left. May be called again. */
    end(userId: ObjectId): Promise<void>
    /** What has no place in a receipt: which calendars are theirs. */
    removeTraces(userId: ObjectId): Promise<void>
  } & Kind
  /** Deleted in the transaction. They have no place in a receipt, and none can come after it. */
  rest: readonly ModelDefinition[]
}

export interface Kind {
  /** Up to `limit` ids of what is left. */
  find(userId: ObjectId, limit: number): Promise<ObjectId[]>
  remove(userId: ObjectId, ids: ObjectId[]): Promise<void>
}

/** Deleted at once: few enough that other writers are not starved. */
const BATCH = 1000
/** A frozen process may hold a transaction on the user until the server ends it, after a minute by default. */
const PATIENCE_MS = 150_000
export function createErasure(database: Database, belongings: Belongings, queue: KeyedQueue) {
  const tombstones: Collection<TombstoneDocument> = database.internal(users.collection)
  const everybody: Collection<TombstoneDocument | UserDocument> = database.internal(users.collection)
  const { messages, events, rest } = belongings

  const find = (userId: ObjectId): Promise<TombstoneDocument | null> =>
    attempt(database.deadline(), 'read', (terms) =>
      tombstones.findOne({ _id: userId, erasedAt: { $exists: true } }, terms),
    )

  async function eraseRest(userId: ObjectId, inside: Deadline): Promise<void> {
    for (const model of rest) {
      const collection = database.internal(model.collection)
      await attempt(inside, 'write', (terms) => collection.deleteMany(ownedBy(model, userId), terms))
    }
  }

  /** The user is gone for every verb from here on, and the identities are free. */
  const bury = (userId: ObjectId) =>
    inTransaction(database, database.deadline(), async (inside) => {
      const contexts = await belongings.eraseContext(userId, inside)
      const tombstone: Omit<TombstoneDocument, '_id'> = {
        erasedAt: new Date(),
        receipt: { messages: 0, contexts, events: 0 },
        erasing: { step: 0, messages: [], events: [] },
      }
      const user = await attempt(inside, 'write', (terms) =>
        everybody.findOneAndReplace({ _id: userId, ...ALIVE }, tombstone, terms),
      )
      if (user && 'states' in user) {
        await messages.close(userId, inside)
        await eraseRest(userId, inside)
        return events.keepAccess(user, inside)
      }
      if (!(await find(userId))) throw userNotFound()
    })

  /** Past its own deadline too, while somebody holds the user: the server ends every transaction some time. */
  async function buryPatiently(userId: ObjectId): Promise<void> {
    const patience = deadlineIn(PATIENCE_MS)
    while (true) {
      try {
        return await queue.run(userId.toHexString(), () => bury(userId), database.deadline())
      } catch (error) {
        const isHeld =
          error instanceof DialogueStoreError && (isConflict(error.cause) || error.code === 'TIMEOUT')
        if (!isHeld || error.outcome === 'unknown' || patience.remaining() === 0) throw error
      }
    }
  }

  /**
   * Writes down and counts what the next step removes, before it is removed: a crash in between loses no count. When
   * nothing is left, that is the end.
   */
  async function plan(userId: ObjectId, step: number): Promise<void> {
    const [ofMessages, ofEvents] = await Promise.all([
      messages.find(userId, BATCH),
      events.find(userId, BATCH),
    ])
    const done = ofMessages.length === 0 && ofEvents.length === 0
    if (done) await Promise.all([messages.end(userId), events.end(userId)])
    const change: mongoose.mongo.UpdateFilter<TombstoneDocument> = done
      ? { $unset: { erasing: 1 } }
      : {
          $set: {
            erasing: { step: step + 1, messages: ofMessages, events: ofEvents },
          },
          $inc: { 'receipt.messages': ofMessages.length, 'receipt.events': ofEvents.length },
        }
    /* Matches once only, so two erasers, or a repetition, count nothing twice: the loser reads again. */
    await attempt(database.deadline(), 'write', (terms) =>
      tombstones.updateOne({ _id: userId, 'erasing.step': step }, change, terms),
    )
  }

  /** @param isOver the store closes: the rest is somebody else's */
  async function drain(userId: ObjectId, isOver = () => false): Promise<ErasureReceipt> {
    while (true) {
      const tombstone = await find(userId)
      if (!tombstone) throw userNotFound()
      const { erasing, erasedAt, receipt } = tombstone
      if (!erasing || isOver()) return { userId: userId.toHexString(), ...receipt, erasedAt }
      if (erasing.step === 0) {
        await messages.quiet(userId)
        await messages.removeTraces(userId)
        await events.removeTraces(userId)
      }
      if (erasing.messages.length > 0) await messages.remove(userId, erasing.messages)
      if (erasing.events.length > 0) await events.remove(userId, erasing.events)
      await plan(userId, erasing.step)
    }
  }

  return {
    verbs: {
      /** A repeat goes on where an interrupted erasure stopped, and gives the same receipt. */
      async deleteUser(userId: unknown): Promise<ErasureReceipt> {
        const key = parse(id, userId, ['userId'])
        if (!(await find(key))) {
          await messages.settle(key)
          await buryPatiently(key)
        }
        /* The user is gone by now, and a part of what was theirs. */
        return withFailuresAs('unknown', () => drain(key))
      },
    },
    drain,
  }
}
