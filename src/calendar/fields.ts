import type { calendar_v3 } from '@googleapis/calendar'
import { digest } from '../digest.ts'
import { dateOf, dayStart, nextDayStart } from '../events/days.ts'
import { withExceptions, withoutExceptions } from '../events/exceptions.ts'
import type { EventDocument } from '../events/schema.ts'
import { timezone } from '../users/schema.ts'

/** An event as Google has it: https://developers.google.com/workspace/calendar/api/v3/reference/events */
export type GoogleEvent = calendar_v3.Schema$Event

/** What both sides have of an event, by what can change on its own. */
export const FIELDS = [
  'status',
  'summary',
  'description',
  'location',
  'time',
  'attendees',
  'visibility',
  'reminders',
  'recurrence',
] as const
export type Field = (typeof FIELDS)[number]
export type Hashes = Partial<Record<Field, string>>

const MINUTE_MS = 60_000
/** Google takes five reminders of its own for an event. */
const MOST_REMINDERS = 5

/** Our event in Google's words, field by field: what an insert, or a patch of these fields, has. */
const OURS: Record<Field, (event: EventDocument) => GoogleEvent> = {
  status: ({ status }) => ({ status }),
  summary: ({ summary }) => ({ summary }),
  /* An empty text clears a field in a patch, as null does, and is typed. */
  description: ({ description = '' }) => ({ description }),
  location: ({ location = '' }) => ({ location }),
  time: (event) => ({ start: timeOf(event, event.start), end: timeOf(event, event.end) }),
  attendees: ({ attendees }) => ({ attendees }),
  visibility: ({ visibility }) => ({ visibility }),
  reminders: ({ reminders }) => ({
    reminders: {
      useDefault: false,
      overrides: reminders.slice(0, MOST_REMINDERS).map((minutes) => ({ method: 'popup', minutes })),
    },
  }),
  /* Google knows of exceptions by itself; as a part of the series they would be deleted there. */
  recurrence: ({ recurrence, calendarSync: { exceptions = [] } }) => ({
    recurrence: withoutExceptions(recurrence, exceptions),
  }),
}

/** The patch that brings these fields to Google. */
export const toGoogle = (event: EventDocument, fields: readonly Field[] = FIELDS): GoogleEvent =>
  Object.assign({}, ...fields.map((field) => OURS[field](event)))

function timeOf(
  { allDay, timezone, recurrence }: EventDocument,
  instant: Date,
): calendar_v3.Schema$EventDateTime {
  const zone = timezone ?? 'UTC'
  /* A patch keeps what it does not name: an event that was timed would have both. */
  if (allDay) return { date: dateOf(instant, zone), dateTime: null, timeZone: null }
  const isNamed = timezone !== undefined || recurrence.length > 0
  return { dateTime: instant.toISOString(), date: null, ...(isNamed && { timeZone: zone }) }
}

/** What Google has in a field, as far as a change of it would be one for us. */
const THEIRS: Record<Field, (event: GoogleEvent) => unknown> = {
  status: ({ status }) => status === 'cancelled',
  summary: ({ summary }) => summary ?? '',
  description: ({ description }) => description ?? '',
  location: ({ location }) => location ?? '',
  time: ({ start, end }) => [start, end].map((time) => [time?.date ?? time?.dateTime, time?.timeZone]),
  attendees: ({ attendees = [] }) =>
    attendees.map(({ email, displayName, comment }) => [email, displayName, comment]).sort(),
  visibility: ({ visibility }) => visibility ?? 'default',
  reminders: ({ reminders }) => [reminders?.useDefault, minutesOf(reminders)],
  recurrence: ({ recurrence }) => recurrence ?? [],
}

const minutesOf = (reminders: GoogleEvent['reminders']): number[] =>
  [...new Set((reminders?.overrides ?? []).flatMap(({ minutes }) => minutes ?? []))].sort((a, b) => a - b)

const hashOf = (value: unknown): string => digest(JSON.stringify(value)).slice(0, 12)

export const hashesOfOurs = (event: EventDocument): Record<Field, string> =>
  byField((field) => hashOf(OURS[field](event)))

export const hashesOfTheirs = (event: GoogleEvent): Record<Field, string> =>
  byField((field) => hashOf(THEIRS[field](event)))

const byField = (hash: (field: Field) => string) =>
  Object.fromEntries(FIELDS.map((field) => [field, hash(field)])) as Record<Field, string>

/** What the store's event becomes where it takes over a field of Google's. */
const TAKEN: Record<
  Field,
  (theirs: GoogleEvent, ours: EventDocument, zone: string) => Partial<EventDocument>
> = {
  status: ({ status }) => ({ status: status === 'cancelled' ? 'cancelled' : 'confirmed' }),
  summary: ({ summary }) => ({ summary: clipped(summary, 1000) ?? '(no title)' }),
  description: ({ description }) => ({ description: clipped(description, 8192) }),
  location: ({ location }) => ({ location: clipped(location, 1024) }),
  time: takenTime,
  attendees: ({ attendees = [] }) => ({ attendees: attendees.slice(0, 200).flatMap(takenAttendee) }),
  visibility: ({ visibility = 'default' }) => ({
    visibility: visibility === 'private' || visibility === 'confidential' ? 'private' : 'public',
  }),
  reminders: ({ reminders }) => ({ reminders: minutesOf(reminders).slice(0, 20) }),
  recurrence: ({ recurrence }, { calendarSync: { exceptions = [] } }) => ({
    recurrence: withExceptions((recurrence ?? []).filter(isLine), exceptions),
  }),
}

/** The changes of our event that take over these fields of theirs. @param zone the calendar's own time zone */
export const fromGoogle = (
  theirs: GoogleEvent,
  ours: EventDocument,
  fields: readonly Field[],
  zone = 'UTC',
): Partial<EventDocument> => Object.assign({}, ...fields.map((field) => TAKEN[field](theirs, ours, zone)))

/** Google has events, and days, that end when they begin. */
function takenTime({ start, end }: GoogleEvent, ours: EventDocument, zone: string): Partial<EventDocument> {
  if (start?.date && end?.date) {
    const timezone = ours.timezone ?? knownZone(zone) ?? 'UTC'
    const [from, to] = [dayStart(start.date, timezone), dayStart(end.date, timezone)]
    return { allDay: true, timezone, start: from, end: to > from ? to : nextDayStart(from, timezone) }
  }
  const [from, to] = [new Date(start?.dateTime ?? Number.NaN), new Date(end?.dateTime ?? Number.NaN)]
  if (Number.isNaN(from.getTime()) || Number.isNaN(to.getTime())) return {}
  /* Google names a zone for every time: for one that we gave without, it says nothing. */
  const isSame =
    !ours.allDay && from.getTime() === ours.start.getTime() && to.getTime() === ours.end.getTime()
  const timezone =
    isSame && ours.timezone === undefined ? undefined : (knownZone(start?.timeZone) ?? ours.timezone)
  const ending = to > from ? to : new Date(from.getTime() + MINUTE_MS)
  return { allDay: false, start: from, end: ending, ...(timezone && { timezone }) }
}

/** Google may know zones that this machine does not: an instant needs none. */
const knownZone = (zone: string | null | undefined): string | undefined =>
  timezone.safeParse(zone).success && zone ? zone : undefined

function takenAttendee({ email, displayName, comment }: calendar_v3.Schema$EventAttendee) {
  if (!email || email.length > 320) return []
  const [name, said] = [clipped(displayName, 200), clipped(comment, 2000)]
  return [{ email, ...(name && { displayName: name }), ...(said && { comment: said }) }]
}

const isLine = (line: string): boolean =>
  line.length <= 2000 && /^(RRULE|EXRULE|RDATE|EXDATE)[:;]/i.test(line)

/** Text as we can store it; undefined for none. */
const clipped = (text: string | null | undefined, most: number): string | undefined =>
  text?.slice(0, most).toWellFormed() || undefined
