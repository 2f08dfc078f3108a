import type mongoose from 'mongoose'
import { attempt, type Deadline } from '../db/attempt.ts'
import type { Database } from '../db/database.ts'
import { findIds } from '../db/find-ids.ts'
import type { ObjectId } from '../ids.ts'
import type { Claims } from './claims.ts'
import type { RetentionKeeper } from './retention.ts'
import { type MessageDocument, messages } from './schema.ts'

/** Deleted at once: few enough that other writers are not starved. */
export const BATCH = 1000
/** Left to itself the server may walk all of a user's history to find a few ids. */
const BY_ID = { _id: 1 } as const

interface Needs {
  database: Database
  retention: RetentionKeeper
  claims: Claims
}

/** Deletes messages whose ids are written down somewhere, so that every command may be repeated. */
export function createRemoval({ database, retention, claims }: Needs) {
  const collection = database.collection(messages)

  const removeIds = (filter: mongoose.mongo.Filter<MessageDocument>, deadline: Deadline) =>
    retention.removeThroughFence(deadline, () =>
      attempt(deadline, 'write', (terms) => collection.deleteMany(filter, { hint: BY_ID, ...terms })),
    )

  return {
    /** Their external ids stay claimed, so that no delivery brings them back. */
    async removeMessages(userId: ObjectId, ids: ObjectId[], deadline: Deadline): Promise<void> {
      for (let i = 0; i < ids.length; i += BATCH) {
        const filter = { _id: { $in: ids.slice(i, i + BATCH) }, userId }
        const projection = { userId: 1, conversationId: 1, externalId: 1 }
        const named = await attempt(deadline, 'read', (terms) =>
          collection
            .find({ ...filter, externalId: { $exists: true } }, { projection, hint: BY_ID, ...terms })
            .toArray(),
        )
        await claims.keepAway(named, deadline)
        await removeIds(filter, deadline)
      }
    },

    /** For the erasure of a user. */
    find: (userId: ObjectId, limit: number): Promise<ObjectId[]> =>
      findIds(collection, { userId }, limit, database.deadline()),

    async remove(userId: ObjectId, ids: ObjectId[]): Promise<void> {
      await removeIds({ _id: { $in: ids }, userId }, database.deadline())
    },
  }
}
