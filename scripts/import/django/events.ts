import { newEvent } from '../../../src/events/schema.ts'
import { idOf } from '../ids.ts'
import { type Item, type Remark, remark } from '../item.ts'
import { type LocalTimes, timeOf } from '../local-times.ts'
import { createdOf, type DjangoObject, eventFields, restOf } from './objects.ts'

const { attendees, reminders } = newEvent.shape
const attendee = attendees.unwrap().element
const reminder = reminders.unwrap().element

const TAKEN = [
  ...['user', 'event_summary', 'event_start', 'event_end', 'description', 'location', 'attendees'],
  ...['visibility', 'reminders'],
]

type EventItem = Extract<Item, { kind: 'events' }>

/** An event, and what of it the store has no field for; or why there is none. */
export function eventOf(
  { pk, fields }: DjangoObject,
  {
    owner,
    phone,
    localTimes,
    place,
  }: { owner: string; phone: string; localTimes: LocalTimes; place: string },
): [EventItem, ...Remark[]] | { reason: string } {
  const parsed = eventFields.safeParse(fields)
  if (!parsed.success) return { reason: 'its fields are not those of an event' }
  const { event_summary: summary, event_start, event_end, ...rest } = parsed.data
  const start = timeOf(event_start, localTimes)?.instant
  if (!start) return { reason: 'without a start' }
  const end = event_end ? timeOf(event_end, localTimes)?.instant : undefined
  const guests = sorted(rest.attendees, (one) =>
    attendee.safeParse(typeof one === 'string' ? { email: one } : named(one)),
  )
  const minutes = sorted(rest.reminders, (one) => reminder.safeParse(one))
  const kept = {
    ...(event_end && !(end && end > start) && { event_end }),
    ...(guests.others.length > 0 && { attendees: guests.others }),
    ...(minutes.others.length > 0 && { reminders: minutes.others }),
  }
  const event = {
    id: idOf('django', 'event', phone, pk, createdOf(rest) ?? event_start),
    summary,
    start,
    ...(!kept.event_end && end && { end }),
    ...(rest.description && { description: rest.description }),
    ...(rest.location && { location: rest.location }),
    attendees: guests.fitting,
    ...(rest.visibility === 'public' && { visibility: 'public' as const }),
    reminders: minutes.fitting,
    data: { django: { pk, ...restOf(rest, TAKEN), ...kept } },
  }
  return [{ kind: 'events', owner, event, place }, ...Object.keys(kept).map((field) => changed(field, place))]
}

const changed = (field: string, place: string): Remark =>
  remark(
    'events',
    'changed',
    `${field}: not all of it is what the store takes; the rest is in data.django`,
    place,
  )

type Checked<T> = { success: true; data: T } | { success: false }

/** Of a list, those that the store takes, and the others. What is no list is one of the others. */
function sorted<T>(value: unknown, check: (one: unknown) => Checked<T>): { fitting: T[]; others: unknown[] } {
  const all = Array.isArray(value) ? value : value ? [value] : []
  const checked = all.map((one) => ({ one, result: check(one) }))
  return {
    fitting: checked.flatMap(({ result }) => (result.success ? [result.data] : [])),
    others: checked.flatMap(({ one, result }) => (result.success ? [] : [one])),
  }
}

/** An attendee, with the name in Python's spelling, too. */
function named(one: unknown): unknown {
  const { email, displayName, display_name, comment } = Object(one)
  const name = displayName ?? display_name
  return { email, ...(name && { displayName: name }), ...(comment && { comment }) }
}
