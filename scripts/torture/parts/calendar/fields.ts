import type { CalendarEvent, DialogueStore } from '../../../../src/index.ts'
import type { EventBody, EventResource } from '../../../calendar-server/index.ts'

type Patch = Parameters<DialogueStore['updateEvent']>[1]

/** Something that can be said of an event on both sides. */
export interface Field {
  name: string
  /** What says so, unlike any other number does. */
  here(n: number): Patch
  there(n: number): EventBody
  /** What each side has of it, in the same words. */
  hereOf(event: CalendarEvent): string
  thereOf(event: EventResource): string
}

export const textOf = (n: number): string => `text ${n}`

const text = (name: 'summary' | 'location' | 'description'): Field => ({
  name,
  here: (n) => ({ [name]: textOf(n) }),
  there: (n) => ({ [name]: textOf(n) }),
  hereOf: (event) => event[name] ?? '',
  thereOf: (event) => event[name] ?? '',
})

const guestsOf = (n: number) => ({ attendees: [{ email: `guest-${n}@example.com` }] })
const emailsOf = ({ attendees = [] }: { attendees?: { email?: string | null }[] }): string =>
  attendees.map(({ email }) => email).join()

const guests: Field = {
  name: 'guests',
  here: guestsOf,
  there: guestsOf,
  hereOf: emailsOf,
  thereOf: emailsOf,
}

/** That Google takes. */
const MOST_MINUTES = 40_320
const reminders: Field = {
  name: 'reminders',
  here: (n) => ({ reminders: [n % MOST_MINUTES] }),
  there: (n) => ({
    reminders: { useDefault: false, overrides: [{ method: 'popup', minutes: n % MOST_MINUTES }] },
  }),
  hereOf: (event) => event.reminders.join(),
  thereOf: (event) => (event.reminders?.overrides ?? []).map(({ minutes }) => minutes).join(),
}

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
/** Some of them are whole days. */
const isWhole = (n: number): boolean => n % 4 === 0
const spanOf = (n: number): [Date, Date] => {
  const length = isWhole(n) ? DAY_MS : HOUR_MS
  const start = Date.UTC(2030, 0, 1) + n * length
  return [new Date(start), new Date(start + length)]
}
const dayOf = (instant: Date): string => instant.toISOString().slice(0, 10)
const timeOf = (instant: Date, n: number) =>
  isWhole(n)
    ? { date: dayOf(instant), dateTime: null, timeZone: null }
    : { date: null, dateTime: instant.toISOString() }

/** Not of a series, whose instances would be others. */
export const time: Field = {
  name: 'time',
  here(n) {
    const [start, end] = spanOf(n)
    return { start, end, allDay: isWhole(n) }
  },
  there(n) {
    const [start, end] = spanOf(n)
    return { start: timeOf(start, n), end: timeOf(end, n) }
  },
  hereOf: ({ start, end, allDay }) =>
    [start, end].map((one) => (allDay ? dayOf(one) : one.toISOString())).join(' to '),
  thereOf: ({ start, end }) =>
    [start, end].map((one) => one?.date ?? new Date(one?.dateTime ?? 0).toISOString()).join(' to '),
}

export const summary = text('summary')
/** All that changes of any event. */
export const FIELDS: readonly Field[] = [summary, text('location'), text('description'), guests, reminders]
