const DAY_MS = 86_400_000

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
export const isDayStart = (instant: Date, timezone: string): boolean =>
  dayOf(instant.getTime() - 1, timezone) < dayOf(instant.getTime(), timezone)

/** The start of a day in the time zone: near the instant at which it is midnight there, if it ever is. */
function startOf(day: number, near: number, timezone: string): Date {
  let guess = near
  const missing = () => day * DAY_MS - wallClock(guess, timezone)
  /*
   * The offset at the guess may differ from the one at the answer; twice is enough for any one change. Where midnight is
   * skipped, that may end before the day: then one more step leads to where the clocks changed.
   */
  for (let i = 0; i < 2 || missing() > 0; i++) guess += missing()
  return new Date(guess)
}

/** The start of the next day in the time zone: 23, 24 or 25 hours later. */
export const nextDayStart = (start: Date, timezone: string): Date =>
  startOf(dayOf(start.getTime(), timezone) + 1, start.getTime() + DAY_MS, timezone)

/**
 * The day that begins at an instant in the time zone, as calendars write it: `2030-05-01`. The nearest one: where a
 * country has changed its clocks since that was stored, days begin an hour before or after it.
 */
export const dateOf = (instant: Date, timezone: string): string =>
  new Date(Math.round(wallClock(instant.getTime(), timezone) / DAY_MS) * DAY_MS).toISOString().slice(0, 10)

/** The first instant of a day, as calendars write it, in the time zone. */
export function dayStart(date: string, timezone: string): Date {
  const utc = Date.parse(`${date}T00:00:00Z`)
  return startOf(utc / DAY_MS, utc, timezone)
}
