import { attempt } from '../db/attempt.ts'
import type { Database } from '../db/database.ts'
import { findIds } from '../db/find-ids.ts'
import { inTransaction } from '../db/transaction.ts'
import type { ObjectId } from '../ids.ts'
import { createFarewell, farewells, isAwaited } from './farewell.ts'
import { feeds } from './feed.ts'
import { PUBLISHED } from './outbox.ts'
import { events } from './schema.ts'

/** Events as the erasure of their creator sees them. */
export function createErasedEvents(database: Database) {
  const collection = database.collection(events)
  const calendars = database.collection(feeds)
  const farewell = createFarewell(database)
  return {
    find: (creatorId: ObjectId, limit: number): Promise<ObjectId[]> =>
      findIds(collection, { creatorId }, limit, database.deadline()),
    /** What a calendar may have leaves its removal there. */
    async remove(creatorId: ObjectId, ids: ObjectId[]): Promise<void> {
      const theirs = { _id: { $in: ids }, creatorId }
      await attempt(database.deadline(), 'write', (terms) =>
        collection.deleteMany({ ...theirs, googleCalendarId: { $exists: false } }, terms),
      )
      await inTransaction(database, database.deadline(), async (inside) => {
        await farewell.leave({ creatorId }, ids, inside)
        await attempt(inside, 'write', (terms) => collection.deleteMany(theirs, terms))
      })
    },
    keepAccess: farewell.keepAccess,
    /** When all are deleted: where nothing is to be removed, nothing is kept for it. */
    async end(creatorId: ObjectId): Promise<void> {
      if (await isAwaited(database, creatorId)) return
      await attempt(database.deadline(), 'write', (terms) =>
        database.collection(farewells).deleteOne({ _id: creatorId }, terms),
      )
    },
    /** A calendar's id is often its owner's address. One that others publish in as well is read by their access. */
    async removeTraces(creatorId: ObjectId): Promise<void> {
      const read = await attempt(database.deadline(), 'read', (terms) =>
        calendars.find({ creatorId }, terms).toArray(),
      )
      for (const { _id } of read) {
        const theirs = { 'calendarSync.calendarId': _id, ...PUBLISHED, creatorId: { $ne: creatorId } }
        const heir = await attempt(database.deadline(), 'read', (terms) => collection.findOne(theirs, terms))
        await attempt<unknown>(database.deadline(), 'write', (terms) =>
          heir
            ? calendars.updateOne({ _id, creatorId }, { $set: { creatorId: heir.creatorId } }, terms)
            : calendars.deleteOne({ _id, creatorId }, terms),
        )
      }
    },
  }
}
