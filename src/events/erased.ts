import { attempt } from '../db/attempt.ts'
import type { Database } from '../db/database.ts'
import { findIds } from '../db/find-ids.ts'
import type { ObjectId } from '../ids.ts'
import { events } from './schema.ts'

/** Events as the erasure of their creator sees them. */
export function createErasedEvents(database: Database) {
  const collection = database.collection(events)
  return {
    find: (creatorId: ObjectId, limit: number): Promise<ObjectId[]> =>
      findIds(collection, { creatorId }, limit, database.deadline()),
    async remove(creatorId: ObjectId, ids: ObjectId[]): Promise<void> {
      await attempt(database.deadline(), 'write', (terms) =>
        collection.deleteMany({ _id: { $in: ids }, creatorId }, terms),
      )
    },
  }
}
