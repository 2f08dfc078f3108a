import { z } from 'zod'
import { attempt, type Deadline } from '../db/attempt.ts'
import type { Database } from '../db/database.ts'
import type { ModelDefinition } from '../db/definition.ts'
import { digest } from '../digest.ts'
import type { ObjectId } from '../ids.ts'
import { counter, date, id } from '../input.ts'
import { type CalendarMeta, META } from '../meta.ts'
import { userDocument } from '../users/schema.ts'
import { AT_ONCE, PUBLISHED } from './outbox.ts'
import { type EventDocument, events } from './schema.ts'

const DAY_SECONDS = 86_400
const REMEMBERED_DAYS = 7

const lease = { owner: id.optional(), until: date.optional() }

/** An event that is to be removed at Google: all that is left of it here. */
const removalDocument = z.strictObject({
  /** Of Google's id of the event, and its calendar: one removal for both. A hash, as a calendar's id may be an address. */
  _id: z.string(),
  googleCalendarId: z.string(),
  /** Until it is done. */
  calendarId: z.string().optional(),
  eventId: id,
  /** Whose access removes it. Absent: it does not matter. */
  creatorId: id.optional(),
  /** It was there. If not, one that was sent may still arrive. */
  isSeen: z.boolean(),
  createdAt: date,
  dueAt: date.optional(),
  attempts: counter.optional(),
  lastError: z.string().optional(),
  /** How often it was not there, though it may have been on its way. */
  looks: counter.optional(),
  /** It is done: of what arrives there later all the same, this tells that it was deleted. */
  doneAt: date.optional(),
  ...lease,
})
export type RemovalDocument = z.output<typeof removalDocument>

export const removals: ModelDefinition<typeof removalDocument> = {
  name: 'CalendarRemoval',
  collection: 'calendar_removals',
  document: removalDocument,
  owner: 'creatorId',
  ownErasure: true,
  indexes: [
    { keys: { dueAt: 1 }, options: { partialFilterExpression: { dueAt: { $exists: true } } } },
    { keys: { creatorId: 1 } },
    { keys: { eventId: 1 } },
    { keys: { doneAt: 1 }, options: { expireAfterSeconds: REMEMBERED_DAYS * DAY_SECONDS } },
  ],
}

/** An erased user whose events have still to be removed at Google, for which their own access is needed. */
const farewellDocument = z.strictObject({ _id: id, user: userDocument, createdAt: date })
export type FarewellDocument = z.output<typeof farewellDocument>

/** Where nobody removes them, a user is not kept for longer than that. */
const FAREWELL_DAYS = 30

export const farewells: ModelDefinition<typeof farewellDocument> = {
  name: 'CalendarFarewell',
  collection: 'calendar_farewells',
  document: farewellDocument,
  owner: '_id',
  ownErasure: true,
  indexes: [{ keys: { createdAt: 1 }, options: { expireAfterSeconds: FAREWELL_DAYS * DAY_SECONDS } }],
}

const FRESH = { doneAt: '', looks: '', attempts: '' } as const

/** Whether anything of a user has still to be removed, or may have to be: their erasure deletes events in steps. */
export async function isAwaited(
  database: Database,
  creatorId: ObjectId,
  deadline = database.deadline,
): Promise<boolean> {
  /* In this order: an event's removal is there before the event is gone. */
  const there = await attempt(deadline(), 'read', (terms) =>
    database.collection(events).findOne({ creatorId }, terms),
  )
  const left = await attempt(deadline(), 'read', (terms) =>
    database.collection(removals).findOne({ creatorId, doneAt: { $exists: false } }, terms),
  )
  return there !== null || left !== null
}

/** What deletions leave behind for the calendar, in their transaction. */
export function createFarewell(database: Database) {
  const published = database.collection(events)
  const left = database.collection(removals)
  const kept = database.collection(farewells)
  const meta = database.internal<CalendarMeta>(META)

  return {
    /** Before events are deleted: what has to be removed elsewhere. */
    async leave(filter: Partial<Pick<EventDocument, 'creatorId'>>, ids: ObjectId[], inside: Deadline) {
      const found = await attempt(inside, 'read', (terms) =>
        published.find({ ...filter, _id: { $in: ids }, ...PUBLISHED }, terms).toArray(),
      )
      const writes = found.map(toRemoval).map(({ _id, ...removal }) => ({
        updateOne: { filter: { _id }, update: { $set: removal, $unset: FRESH }, upsert: true },
      }))
      if (writes.length > 0) await attempt(inside, 'write', (terms) => left.bulkWrite(writes, terms))
    },
    /** Before a user is erased: their own access, where it is needed to remove something. */
    async keepAccess(user: FarewellDocument['user'], inside: Deadline): Promise<void> {
      const creatorId = user._id
      const isEach = await attempt(inside, 'read', (terms) =>
        meta.findOne({ _id: 'calendar', isEach: true }, terms),
      )
      /* Any of their events may be published just now, by who has read of the user before. */
      if (!isEach || !(await isAwaited(database, creatorId, () => inside))) return
      const farewell = { _id: creatorId, user, createdAt: new Date() }
      await attempt(inside, 'write', (terms) => kept.insertOne(farewell, terms))
    },
  }
}

/** Who is publishing it just now gets to the end of it first. */
const toRemoval = ({
  _id: eventId,
  creatorId,
  googleCalendarId = '',
  calendarSync,
}: EventDocument): RemovalDocument => ({
  _id: removalKey(calendarSync.calendarId ?? '', googleCalendarId),
  googleCalendarId,
  calendarId: calendarSync.calendarId ?? '',
  eventId,
  creatorId,
  isSeen: calendarSync.etag !== undefined,
  createdAt: new Date(),
  dueAt: calendarSync.until ?? AT_ONCE,
})

export const removalKey = (calendarId: string, googleCalendarId: string): string =>
  digest(`${googleCalendarId} ${calendarId}`)
