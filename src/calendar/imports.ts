import { attempt, type Deadline } from '../db/attempt.ts'
import type { Database } from '../db/database.ts'
import { codeOf, DUPLICATE_KEY } from '../db/failure.ts'
import { laterThan } from '../db/moment.ts'
import { inTransaction } from '../db/transaction.ts'
import { versionedUpdate } from '../db/versioned.ts'
import { isUserGone } from '../erased.ts'
import { toExpressions } from '../events/events.ts'
import { withExceptions } from '../events/exceptions.ts'
import { CHANGED } from '../events/outbox.ts'
import { type EventDocument, events } from '../events/schema.ts'
import { nextId, type ObjectId } from '../ids.ts'
import type { UserDirectory } from '../users/users.ts'
import { FIELDS, fromGoogle, type GoogleEvent, hashesOfOurs, hashesOfTheirs } from './fields.ts'
import type { Reached } from './port.ts'
import type { Removals } from './removals.ts'

/** A calendar that is being read. */
export interface Source extends Reached {
  /**
   * Prolongs the right to read it; in a transaction, as a write that conflicts with whoever takes it over.
   * @throws DialogueStoreError `TIMEOUT`, if somebody else has it by now
   */
  keep(inside?: Deadline): Promise<void>
}

interface Origin extends Source {
  creatorId: ObjectId
  /** Of an instance that was moved: its series. */
  instanceOf?: string
}

/** Of a series that has more exceptions, the oldest are not told any more. */
const MOST_EXCEPTIONS = 2000

/** What begins at Google, and is stored here. */
export function createImports(database: Database, directory: UserDirectory, removals: Removals) {
  const collection = database.collection(events)

  /**
   * A write to the series of an instance inside a transaction, which makes it conflict with the series' deletion, and
   * its cancellation. @returns false if it is not there any more
   */
  async function touchSeries({ calendarId, instanceOf }: Origin, inside: Deadline): Promise<boolean> {
    const series = { 'calendarSync.calendarId': calendarId, googleCalendarId: instanceOf }
    const syncedAt = laterThan('$calendarSync.syncedAt')
    const { matchedCount } = await attempt(inside, 'write', (terms) =>
      collection.updateOne(
        { ...series, status: 'confirmed' },
        [{ $set: { 'calendarSync.syncedAt': syncedAt } }],
        terms,
      ),
    )
    return matchedCount > 0
  }

  /** It was looked at before, and may have been deleted since: there, as only who reads the calendar is told, or here. */
  const insert = ({ id, recurringEventId, updated }: GoogleEvent, origin: Origin, document: EventDocument) =>
    inTransaction(database, database.deadline(), async (inside) => {
      await origin.keep(inside)
      await directory.touch(origin.creatorId, inside)
      if (origin.instanceOf && !(await touchSeries(origin, inside))) return false
      const ids = origin.instanceOf ? [id] : [id, recurringEventId]
      if (await removals.isDeleted(origin.calendarId, ids, updated, inside)) return false
      await attempt(inside, 'write', (terms) => collection.insertOne(document, terms))
      return true
    })

  return {
    /** @returns false if its user does not exist, or it was deleted here; `taken` if it is stored already */
    async create(theirs: GoogleEvent, origin: Origin): Promise<boolean | 'taken'> {
      try {
        return await insert(theirs, origin, toDocument(theirs, origin))
      } catch (error) {
        if (codeOf(error) === DUPLICATE_KEY) return 'taken'
        if (isUserGone(error)) return false
        throw error
      }
    },

    /** An instance of the series has a life of its own. @returns false if that was known */
    async except(seriesId: ObjectId, original: string): Promise<boolean> {
      while (true) {
        const series = await attempt(database.deadline(), 'read', (terms) =>
          collection.findOne({ _id: seriesId }, terms),
        )
        const known = series?.calendarSync.exceptions ?? []
        if (!series || known.includes(original)) return false
        const exceptions = [...known, original].slice(-MOST_EXCEPTIONS)
        const recurrence = withExceptions(series.recurrence, exceptions)
        const written = await versionedUpdate(database, collection, database.deadline(), {
          key: { _id: seriesId },
          condition: { version: series.version },
          expressions: {
            ...toExpressions({ recurrence }),
            'calendarSync.exceptions': { $literal: exceptions },
          },
        })
        if (written) return true
      }
    },

    /** With a series go the instances that had a life of their own, if Google does not know that already. */
    async cancelInstances({ googleCalendarId, recurrence, calendarSync }: EventDocument): Promise<void> {
      if (recurrence.length === 0 || !googleCalendarId) return
      const { calendarId } = calendarSync
      const theirs = { 'calendarSync.calendarId': calendarId, 'calendarSync.instanceOf': googleCalendarId }
      const cancelled = { status: 'cancelled', updatedAt: '$$NOW', version: { $add: ['$version', 1] } }
      await attempt(database.deadline(), 'write', (terms) =>
        collection.updateMany(
          { ...theirs, status: 'confirmed' },
          [{ $set: { ...cancelled, ...CHANGED } }],
          terms,
        ),
      )
    },
  }
}

export type Imports = ReturnType<typeof createImports>

function toDocument(theirs: GoogleEvent, { calendarId, zone, creatorId, instanceOf }: Origin): EventDocument {
  const now = new Date()
  const blank: EventDocument = {
    ...{ _id: nextId(), creatorId, summary: '', start: now, end: now, allDay: false, attendees: [] },
    ...{ visibility: 'private', reminders: [], recurrence: [], data: {}, status: 'confirmed', version: 1 },
    ...{ createdAt: now, updatedAt: now, calendarSync: { state: 'synced' } },
  }
  const taken = Object.entries(fromGoogle(theirs, blank, FIELDS, zone))
  const event = { ...blank, ...Object.fromEntries(taken.filter(([, value]) => value !== undefined)) }
  return {
    ...event,
    ...(theirs.id && { googleCalendarId: theirs.id }),
    calendarSync: {
      state: 'synced',
      calendarId,
      ...(theirs.htmlLink && { htmlLink: theirs.htmlLink }),
      syncedAt: now,
      etag: theirs.etag ?? '',
      ...(theirs.updated && { changedAt: new Date(theirs.updated) }),
      base: { ours: hashesOfOurs(event), theirs: hashesOfTheirs(theirs) },
      ...(instanceOf && { instanceOf }),
    },
  }
}
