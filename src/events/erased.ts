import { attempt } from '../db/attempt.ts'
import type { Database } from '../db/database.ts'
import type { ObjectId } from '../ids.ts'
import { events } from './schema.ts'

/** Events as the erasure of their creator sees them. */
export function createErasedEvents(database: Database) {
  const collection = database.collection(events)
  return {
    async find(creatorId: ObjectId, limit: number): Promise<ObjectId[]> {
      const found = await attempt(database.deadline(), 'read', (terms) =>
        collection
          .find({ creatorId }, { projection: { _id: 1 }, ...terms })
          .limit(limit)
          .toArray(),
      )
      return found.map(({ _id }) => _id)
    },
    async remove(creatorId: ObjectId, ids: ObjectId[]): Promise<void> {
      await attempt(database.deadline(), 'write', (terms) =>
        collection.deleteMany({ _id: { $in: ids }, creatorId }, terms),
      )
    },
  }
}
