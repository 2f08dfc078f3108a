import { z } from 'zod'
import type { ModelDefinition } from '../db/definition.ts'
import type { Entity } from '../entity.ts'
import { counter, date, id, json, text, withoutNull } from '../input.ts'
import type { JsonObject } from '../json.ts'
import { timezone, type User } from '../users/schema.ts'

const attendee = z.strictObject({
  email: z.email('is not an e-mail address').max(320),
  displayName: text(200).optional(),
  comment: text(2000).optional(),
})
/** One that is given. */
const guest = attendee
  .extend({ displayName: attendee.shape.displayName.nullable(), comment: attendee.shape.comment.nullable() })
  .transform(withoutNull)
const guests = z.array(guest).max(200)
const FOUR_WEEKS_IN_MINUTES = 40_320
const status = z.enum(['confirmed', 'cancelled'])
export type EventStatus = z.output<typeof status>

const fields = {
  summary: text(1000),
  start: date,
  end: date,
  allDay: z.boolean(),
  timezone: timezone.optional(),
  description: text(8192).optional(),
  location: text(1024).optional(),
  attendees: z.array(attendee).max(200),
  visibility: z.enum(['private', 'public']),
  /** Minutes before the start. Google Calendar takes up to four weeks. */
  reminders: z.array(z.int().min(0).max(FOUR_WEEKS_IN_MINUTES)).max(20),
  /** RFC 5545: `RRULE:FREQ=WEEKLY`, `EXDATE;…`. */
  recurrence: z
    .array(
      text(2000).regex(/^(RRULE|EXRULE|RDATE|EXDATE)[:;]/i, 'is not an RRULE, EXRULE, RDATE or EXDATE line'),
    )
    .max(100),
  data: json,
}

/** By field of the event, a short hash of what it was. */
const hashes = z.record(z.string(), z.string())

/** Both sides of an event had changed: what each was, as JSON, and whose fields were taken. */
const conflict = z.strictObject({
  at: date,
  ours: z.string(),
  theirs: z.string(),
  taken: z.enum(['store', 'google', 'both', 'callback']),
})

const calendarSync = z.strictObject({
  state: z.enum(['local', 'changed', 'synced', 'failed']),
  calendarId: z.string().optional(),
  htmlLink: z.string().optional(),
  lastError: z.string().optional(),
  syncedAt: date.optional(),
  /** When what calendars see of it was changed here last: server's clock. */
  editedAt: date.optional(),
  /** From when on it is to be published. Absent: nothing is due. The event is its own outbox: see `outbox.ts`. */
  dueAt: date.optional(),
  /** Who brings both sides together, and until when: server's clock. */
  owner: id.optional(),
  until: date.optional(),
  /** How often in a row that did not go through. */
  attempts: counter.optional(),
  /** Of Google's version that was seen last. Absent: none was, though one may have been sent. */
  etag: z.string().optional(),
  /** When Google says that this version was made. */
  changedAt: date.optional(),
  /** What both sides were when they were brought together, and what of ours was sent last. */
  base: z.strictObject({ ours: hashes, theirs: hashes }).optional(),
  sent: z.record(z.string(), z.array(z.string())).optional(),
  conflicts: z.array(conflict).max(10).optional(),
  /** Instances of a series that have a life of their own at Google, by their original start. */
  exceptions: z.array(z.string()).max(2000).optional(),
  /** Of such an instance: the series, as Google names it. */
  instanceOf: z.string().optional(),
})
export type CalendarConflict = z.output<typeof conflict>

/** What is stored of an event. */
const eventDocument = z.strictObject({
  _id: id,
  creatorId: id,
  ...fields,
  externalId: text(500).optional(),
  status,
  version: counter,
  /** The event's id at Google: unique within its calendar. */
  googleCalendarId: z.string().optional(),
  calendarSync,
  createdAt: date,
  updatedAt: date,
  ops: z.array(id).max(8).optional(),
})
export type EventDocument = z.output<typeof eventDocument>

/* Ends and status are in the indexes, so that what is over or cancelled is passed over without being read. */
const BY_CREATOR = { creatorId: 1, start: 1, _id: 1, end: 1, status: 1 } as const
export const BY_START = { start: 1, _id: 1, end: 1, status: 1 } as const

export const DUE = { 'calendarSync.dueAt': 1, _id: 1 } as const

export const events: ModelDefinition<typeof eventDocument> = {
  name: 'Event',
  collection: 'events',
  document: eventDocument,
  owner: 'creatorId',
  ownErasure: true,
  indexes: [
    { keys: BY_CREATOR },
    { keys: BY_START },
    /* For 'what is still to come', where most of the collection is over. */
    { keys: { end: 1, start: 1, status: 1 } },
    {
      keys: { creatorId: 1, externalId: 1 },
      options: { unique: true, partialFilterExpression: { externalId: { $exists: true } } },
    },
    {
      keys: { 'calendarSync.calendarId': 1, googleCalendarId: 1 },
      options: { unique: true, partialFilterExpression: { googleCalendarId: { $exists: true } } },
    },
    { keys: DUE, options: { partialFilterExpression: { 'calendarSync.dueAt': { $exists: true } } } },
  ],
}

/* RFC 5545 and Google Calendar have four digits for a year. */
const FIRST_YEAR = 1000
const LAST_YEAR = 9999
const time = date.refine(
  (value) => value.getUTCFullYear() >= FIRST_YEAR && value.getUTCFullYear() <= LAST_YEAR,
  `is not between the years ${FIRST_YEAR} and ${LAST_YEAR}`,
)

const optional = {
  end: time.nullish(),
  timezone: timezone.nullish(),
  description: text(8192).nullish(),
  location: text(1024).nullish(),
}

export const newEvent = z.strictObject({
  creatorId: id,
  id: id.optional(),
  summary: fields.summary,
  start: time,
  ...optional,
  allDay: fields.allDay.default(false),
  attendees: guests.default([]),
  visibility: fields.visibility.default('private'),
  reminders: fields.reminders.default([]),
  recurrence: fields.recurrence.default([]),
  data: json.default({}),
  externalId: text(500).nullish(),
})
export type NewEvent = z.output<typeof newEvent>
export type NewEventInput = z.input<typeof newEvent>

export const eventPatch = z.strictObject({
  summary: fields.summary.optional(),
  start: time.optional(),
  ...optional,
  allDay: fields.allDay.nullish(),
  attendees: guests.nullish(),
  visibility: fields.visibility.nullish(),
  reminders: fields.reminders.nullish(),
  recurrence: fields.recurrence.nullish(),
  data: json.nullish(),
})
export type EventPatch = z.output<typeof eventPatch>
export type EventPatchInput = z.input<typeof eventPatch>

export const getOptions = z
  .strictObject({ withCreator: z.boolean().default(false) })
  .default({ withCreator: false })

export const eventFilter = z
  .strictObject({
    creatorId: id.optional(),
    from: date.optional(),
    to: date.optional(),
    status: z
      .union([status, z.array(status).min(1)], "must be 'confirmed', 'cancelled' or an array of these")
      .default('confirmed'),
    withCreator: z.boolean().default(false),
    limit: z.int().min(1).max(1000).default(50),
    cursor: z.string().nullish(),
  })
  .refine(({ from, to }) => !from || !to || from < to, { path: ['to'], message: 'is not after from' })
export type EventFilter = z.output<typeof eventFilter>
export type EventFilterInput = z.input<typeof eventFilter>

type Nullable<T> = { [K in keyof T]-?: NonNullable<T[K]> | (undefined extends T[K] ? null : never) }
export type Attendee = Nullable<z.output<typeof attendee>>
const shownSync = calendarSync.pick({
  ...{ state: true, calendarId: true, htmlLink: true, lastError: true, syncedAt: true },
})
export type CalendarSync = Nullable<z.output<typeof shownSync>>

export type CalendarEvent<E = JsonObject, D = JsonObject> = Entity<
  EventDocument,
  'attendees' | 'data' | 'googleCalendarId' | 'calendarSync' | 'ops'
> & {
  attendees: Attendee[]
  data: E
  /** The event's own id at Google, in the calendar `calendarSync.calendarId`; null: it was never sent there. */
  googleCalendarId: string | null
  calendarSync: CalendarSync
  /** With `withCreator`. */
  creator?: User<D>
}

export function toEvent<E, D>(document: EventDocument): CalendarEvent<E, D> {
  const { calendarSync: sync } = document
  return {
    id: document._id.toHexString(),
    creatorId: document.creatorId.toHexString(),
    summary: document.summary,
    start: document.start,
    end: document.end,
    allDay: document.allDay,
    timezone: document.timezone ?? null,
    description: document.description ?? null,
    location: document.location ?? null,
    attendees: document.attendees.map(({ email, displayName, comment }) => ({
      email,
      displayName: displayName ?? null,
      comment: comment ?? null,
    })),
    visibility: document.visibility,
    reminders: document.reminders,
    recurrence: document.recurrence,
    // The store's shapes are the caller's word on what data holds; it was checked when it was stored.
    data: document.data as E,
    externalId: document.externalId ?? null,
    status: document.status,
    version: document.version,
    googleCalendarId: document.googleCalendarId ?? null,
    calendarSync: {
      state: sync.state,
      calendarId: sync.calendarId ?? null,
      htmlLink: sync.htmlLink ?? null,
      lastError: sync.lastError ?? null,
      syncedAt: sync.syncedAt ?? null,
    },
    createdAt: document.createdAt,
    updatedAt: document.updatedAt,
  }
}
