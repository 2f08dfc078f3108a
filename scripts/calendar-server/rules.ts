import { parseRecurrence } from './recurrence.ts'
import { badRequest, emptyTimeRange, invalid, required } from './refusals.ts'
import { type EventBody, isRecord, type Json } from './resource.ts'
import { isAllDay, millisOf, storedTime } from './times.ts'

const MAX_ATTENDEES = 200
const MAX_OVERRIDES = 5
const MAX_REMINDER_MINUTES = 40_320
const MAX_KEY = 44
const MAX_VALUE = 1024
const MAX_PROPERTIES = 300
const MAX_PROPERTY_BYTES = 32_768
const METHODS = ['email', 'popup']
const VALUES = {
  status: ['confirmed', 'tentative', 'cancelled'],
  visibility: ['default', 'public', 'private', 'confidential'],
  transparency: ['opaque', 'transparent'],
  /* The other types need a Workspace account or can't be created. */
  eventType: ['default'],
}

/** Base32hex in lower case. */
const ID = /^[a-v0-9]{5,1024}$/

export function checkId(id: string): void {
  if (!ID.test(id)) throw invalid('Invalid resource id value.')
}

/**
 * An event with its defaults, and with its times as they are stored.
 * @throws Refusal where the API has one
 */
export function checkedEvent(body: EventBody, calendarZone: string): EventBody {
  for (const [name, values] of Object.entries(VALUES)) {
    const value = (body as Json)[name]
    if (value != null && !values.includes(String(value))) throw invalid(`Invalid value for: ${name}`)
  }
  checkAttendees(body.attendees)
  const checked = { ...body, ...checkedTimes(body, calendarZone), reminders: checkedReminders(body) }
  const properties = checkedProperties(body.extendedProperties)
  if (properties) checked.extendedProperties = properties
  else delete checked.extendedProperties
  return withoutNulls({ ...checked, status: body.status ?? 'confirmed', eventType: 'default' })
}

/** The API shows no null. */
const withoutNulls = (body: EventBody): EventBody =>
  Object.fromEntries(Object.entries(body).filter(([, value]) => value !== null))

function checkedTimes(body: EventBody, calendarZone: string): EventBody {
  if (!body.start) throw required('Missing start time.')
  if (!body.end) throw required('Missing end time.')
  const start = storedTime(body.start, 'start', calendarZone)
  const end = storedTime(body.end, 'end', calendarZone)
  if (isAllDay(start) !== isAllDay(end)) {
    throw invalid('Start and end times must either both be date or both be dateTime.')
  }
  if (millisOf(end) < millisOf(start)) throw emptyTimeRange()
  if (!body.recurrence?.length) return { start, end }
  for (const [name, time] of [['start', body.start] as const, ['end', body.end] as const]) {
    if (!time.date && !time.timeZone) throw required(`Missing time zone definition for ${name} time.`)
  }
  parseRecurrence(body.recurrence, start)
  return { start, end }
}

function checkAttendees(attendees: EventBody['attendees']): void {
  if (!attendees) return
  if (attendees.length > MAX_ATTENDEES) throw invalid('The event has too many attendees.')
  for (const attendee of attendees) {
    const email: unknown = isRecord(attendee) ? attendee.email : undefined
    if (!email) throw required('Missing attendee email.')
    if (typeof email !== 'string' || !/^[^@\s]+@[^@\s]+$/.test(email))
      throw invalid('Invalid attendee email.')
  }
}

function checkedReminders({ reminders }: EventBody): EventBody['reminders'] {
  if (!reminders) return { useDefault: true }
  const { useDefault = false, overrides } = reminders
  if (overrides != null && !Array.isArray(overrides)) throw invalid('Invalid value for: reminders.overrides')
  if (!overrides?.length) return { useDefault }
  if (useDefault) throw badRequest('Cannot specify both default reminders and overrides at the same time.')
  if (overrides.length > MAX_OVERRIDES) throw invalid('There are too many override reminders.')
  for (const { method, minutes } of overrides) {
    if (!method || minutes == null) throw required('Missing the method or the minutes of a reminder.')
    const inRange = Number.isInteger(minutes) && minutes >= 0 && minutes <= MAX_REMINDER_MINUTES
    if (!METHODS.includes(method) || !inRange) throw invalid('Invalid reminder.')
  }
  return { useDefault, overrides }
}

/** What is too long is dropped or cut and not refused: a client that never reads it back does not know. */
function checkedProperties(properties: EventBody['extendedProperties']): EventBody['extendedProperties'] {
  const kept = { private: fitting(properties?.private), shared: fitting(properties?.shared) }
  const entries = Object.values(kept).flatMap((some) => Object.entries(some))
  const bytes = Buffer.byteLength(entries.flat().join(''))
  if (entries.length > MAX_PROPERTIES || bytes > MAX_PROPERTY_BYTES) {
    throw invalid('The event has too many or too large extended properties.')
  }
  const nonEmpty = Object.entries(kept).filter(([, some]) => Object.keys(some).length > 0)
  return nonEmpty.length > 0 ? Object.fromEntries(nonEmpty) : undefined
}

function fitting(properties: unknown): Record<string, string> {
  if (properties == null) return {}
  if (!isRecord(properties)) throw invalid('Invalid value for: extendedProperties')
  const kept: Record<string, string> = {}
  for (const [key, value] of Object.entries(properties)) {
    if (value === null) continue
    if (typeof value !== 'string') throw invalid('Invalid value for: extendedProperties')
    if (key.length <= MAX_KEY) kept[key] = value.slice(0, MAX_VALUE)
  }
  return kept
}
