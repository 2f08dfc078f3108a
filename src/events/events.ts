import type mongoose from 'mongoose'
import { attempt, type Deadline, sure } from '../db/attempt.ts'
import type { Database } from '../db/database.ts'
import { codeOf, DUPLICATE_KEY } from '../db/failure.ts'
import { bytesOf } from '../db/size.ts'
import { inTransaction } from '../db/transaction.ts'
import { isBy, versionedUpdate } from '../db/versioned.ts'
import { DialogueStoreError, invalidInput, notRepeatable, versionConflict } from '../errors.ts'
import { nextId, type ObjectId } from '../ids.ts'
import { id, parse, versionOptions } from '../input.ts'
import type { ShapeCheck } from '../shape.ts'
import { createFarewell } from './farewell.ts'
import { AT_ONCE, CHANGED } from './outbox.ts'
import { patched } from './patch.ts'
import {
  type CalendarEvent,
  type EventDocument,
  eventPatch,
  events,
  type NewEvent,
  newEvent,
  toEvent,
} from './schema.ts'
import { endOf } from './span.ts'

export const eventNotFound = (): DialogueStoreError =>
  new DialogueStoreError(
    'EVENT_NOT_FOUND',
    'There is no such event, or it was deleted. Find those there are with retrieveEvents().',
  )

interface Needs {
  database: Database
  checkData: ShapeCheck | undefined
  directory: {
    /** @throws DialogueStoreError `USER_NOT_FOUND` */
    begin(userId: ObjectId, deadline: Deadline, write: (inside: Deadline) => Promise<unknown>): Promise<void>
  }
}

export function createEvents<E, D>({ database, checkData, directory }: Needs) {
  const collection = database.collection(events)
  const farewell = createFarewell(database)

  const find = (filter: mongoose.mongo.Filter<EventDocument>, deadline: Deadline) =>
    attempt(deadline, 'read', (terms) => collection.findOne(filter, terms))

  const read = async (eventId: ObjectId, deadline: Deadline): Promise<EventDocument> => {
    const event = await attempt(deadline, 'read', (terms) =>
      collection.findOne({ _id: eventId }, sure(terms)),
    )
    if (!event) throw eventNotFound()
    return event
  }

  /** The event that the same call stored before: by its id, or by the creator's external id. */
  async function earlier(
    { _id, creatorId, externalId }: EventDocument,
    deadline: Deadline,
  ): Promise<EventDocument | null> {
    const either = externalId === undefined ? { _id } : { $or: [{ _id }, { creatorId, externalId }] }
    const found = await find(either, deadline)
    if (found && !found.creatorId.equals(creatorId)) {
      throw invalidInput([{ path: ['id'], reason: 'is the id of an event of another creator' }])
    }
    return found
  }

  const insert = (document: EventDocument, deadline: Deadline) =>
    directory.begin(document.creatorId, deadline, (inside) =>
      attempt(inside, 'write', (terms) => collection.insertOne(document, terms)),
    )

  /**
   * Compare-and-swap: an end is checked against the start that is stored.
   * @param outbox what becomes of its outbox
   */
  async function change(
    eventId: ObjectId,
    changes: (current: EventDocument) => Partial<EventDocument> | undefined,
    { ifVersion, outbox = CHANGED }: { ifVersion?: number | undefined; outbox?: object } = {},
  ): Promise<CalendarEvent<E, D>> {
    const deadline = database.deadline()
    while (true) {
      const current = await read(eventId, deadline)
      if (ifVersion !== undefined && current.version !== ifVersion)
        throw versionConflict(ifVersion, current.version)
      const fields = changes(current)
      if (!fields) return toEvent(current)
      const expressions = toExpressions(fields)
      const write = { key: { _id: eventId }, condition: { version: current.version } }
      const written = await versionedUpdate(database, collection, deadline, {
        ...write,
        expressions: { ...expressions, ...outbox },
      })
      if (written) return toEvent(written)
    }
  }

  /** With a series go the instances of it that had become events of their own. */
  const deletePublished = (_id: ObjectId, deadline: Deadline): Promise<boolean> =>
    inTransaction(database, deadline, async (inside) => {
      const event = await attempt(inside, 'read', (terms) => collection.findOne({ _id }, terms))
      if (!event) return false
      await farewell.leave({}, [_id], inside)
      const { googleCalendarId: seriesId, calendarSync } = event
      const { calendarId } = calendarSync
      /* One that was never published has none: and what is undefined would be any event's. */
      const isSeries = seriesId !== undefined && calendarId !== undefined && event.recurrence.length > 0
      const theirs = { 'calendarSync.calendarId': calendarId, 'calendarSync.instanceOf': seriesId }
      const all = isSeries ? { $or: [{ _id }, theirs] } : { _id }
      await attempt(inside, 'write', (terms) => collection.deleteMany(all, terms))
      return true
    })

  return {
    async storeEvent(input: unknown): Promise<{ event: CalendarEvent<E, D>; created: boolean }> {
      const event = parse(newEvent, input)
      const op = nextId()
      const document = toDocument(
        { ...event, data: checkData ? checkData(event.data, ['data']) : event.data },
        op,
      )
      bytesOf(document)
      const deadline = database.deadline()
      while (true) {
        /* In a transaction a duplicate key would be its end, so it looks first. */
        const there = deadline.transaction && (await earlier(document, deadline))
        if (there) return { event: toEvent(there), created: false }
        try {
          await insert(document, deadline)
          return { event: toEvent(document), created: true }
        } catch (error) {
          if (codeOf(error) !== DUPLICATE_KEY)
            throw event.id || event.externalId ? error : notRepeatable(error)
          const first = await earlier(document, deadline)
          /* It is this call's own where the commit went through, and its reply was lost. */
          if (first) return { event: toEvent(first), created: isBy(op, first) }
          /* Deleted in between: there is room for this one now. */
        }
      }
    },

    async updateEvent(eventId: unknown, patch: unknown, options?: unknown): Promise<CalendarEvent<E, D>> {
      const key = parse(id, eventId, ['eventId'])
      const given = parse(eventPatch, patch, ['patch'])
      bytesOf(given)
      const { ifVersion } = parse(versionOptions, options, ['options'])
      /* No calendar sees the data. */
      const isSeen = Object.entries(given).some(([field, value]) => field !== 'data' && value !== undefined)
      const outbox = isSeen ? CHANGED : {}
      return change(key, (current) => patched(current, given, checkData), { ifVersion, outbox })
    },

    /** Kept, with status `cancelled`; a repeat changes nothing. */
    async cancelEvent(eventId: unknown): Promise<CalendarEvent<E, D>> {
      const key = parse(id, eventId, ['eventId'])
      return change(key, ({ status }) => (status === 'cancelled' ? undefined : { status: 'cancelled' }))
    },

    /** One that a calendar may have leaves its removal there. */
    async deleteEvent(eventId: unknown): Promise<boolean> {
      const _id = parse(id, eventId, ['eventId'])
      const deadline = database.deadline()
      let attempts = 0
      const { deletedCount } = await attempt(deadline, 'write', (terms, repeats) => {
        attempts = repeats
        return collection.deleteOne({ _id, googleCalendarId: { $exists: false } }, terms)
      })
      /* A repetition that finds nothing left is a deletion whose reply was lost, or one too many: true is the safer word. */
      return deletedCount > 0 || (await deletePublished(_id, deadline)) || attempts > 0
    },
  }
}

/** What writes these fields; `undefined` removes. */
export const toExpressions = (fields: Partial<EventDocument>): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(fields).map(([field, value]) => [
      field,
      value === undefined ? '$$REMOVE' : { $literal: value },
    ]),
  )

function toDocument(event: NewEvent, op: ObjectId): EventDocument {
  const now = new Date()
  const given = {
    timezone: event.timezone,
    description: event.description,
    location: event.location,
    externalId: event.externalId,
  }
  return {
    _id: event.id ?? nextId(),
    creatorId: event.creatorId,
    summary: event.summary,
    start: event.start,
    end: endOf(event),
    allDay: event.allDay,
    ...Object.fromEntries(Object.entries(given).filter(([, value]) => typeof value === 'string')),
    attendees: event.attendees,
    visibility: event.visibility,
    reminders: event.reminders,
    recurrence: event.recurrence,
    data: event.data,
    status: 'confirmed',
    version: 1,
    calendarSync: { state: 'local', dueAt: AT_ONCE },
    createdAt: now,
    updatedAt: now,
    ops: [op],
  }
}
