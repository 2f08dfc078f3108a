import { type InputIssue, invalidInput } from '../errors.ts'

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS

interface Span {
  start: Date
  end?: Date | null | undefined
  allDay: boolean
  timezone?: string | null | undefined
}

/** The wall clock of a time zone, as if it were UTC, in ms. */
function wallClock(instant: number, timezone: string): number {
  const format = new Intl.DateTimeFormat('en-US-u-hc-h23', {
    timeZone: timezone,
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  })
  const parts = Object.fromEntries(format.formatToParts(instant).map(({ type, value }) => [type, value]))
  const whole = Date.UTC(
    Number(parts.year),
    Number(parts.month) - 1,
    Number(parts.day),
    Number(parts.hour),
    Number(parts.minute),
    Number(parts.second),
  )
  return whole + (((instant % 1000) + 1000) % 1000)
}

const dayOf = (instant: number, timezone: string): number => Math.floor(wallClock(instant, timezone) / DAY_MS)

/**
 * A day begins with its first instant: at midnight, at the first of two midnights, or later, where daylight
 * saving skips midnight.
 */
const isDayStart = (instant: Date, timezone: string): boolean =>
  dayOf(instant.getTime() - 1, timezone) < dayOf(instant.getTime(), timezone)

/** The start of the next day in the time zone: 23, 24 or 25 hours later. */
function nextDayStart(start: Date, timezone: string): Date {
  const tomorrow = dayOf(start.getTime(), timezone) + 1
  let guess = start.getTime() + DAY_MS
  /* The offset at the guess may differ from the one at the answer; twice is enough for any one change. */
  for (let i = 0; i < 2; i++) guess += tomorrow * DAY_MS - wallClock(guess, timezone)
  return new Date(guess)
}

/**
 * The end of an event, checked: after the start; for whole days, midnights in the time zone (default UTC).
 * Absent: an hour, or one day.
 * @throws DialogueStoreError `INVALID_INPUT`
 */
export function endOf({ start, end, allDay, timezone }: Span): Date {
  const zone = timezone ?? 'UTC'
  const issues: InputIssue[] = []
  if (allDay && !isDayStart(start, zone))
    issues.push({ path: ['start'], reason: `is not midnight in ${zone}` })
  if (end && end <= start) issues.push({ path: ['end'], reason: 'is not after start' })
  if (allDay && end && !isDayStart(end, zone))
    issues.push({ path: ['end'], reason: `is not midnight in ${zone}` })
  if (issues.length > 0) throw invalidInput(issues)
  return end ?? (allDay ? nextDayStart(start, zone) : new Date(start.getTime() + HOUR_MS))
}
