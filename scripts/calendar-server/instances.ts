import { occurrencesOf } from './recurrence.ts'
import type { EventResource, EventTime } from './resource.ts'
import { isAllDay, millisOf } from './times.ts'
import { expressIn } from './zones.ts'

const INSTANCE_ID = /^(.+)_(\d{4})(\d{2})(\d{2})(?:T(\d{2})(\d{2})(\d{2})Z)?$/

export const isSeries = (event: EventResource): boolean => (event.recurrence?.length ?? 0) > 0

/** It says when the instance would start by the rule, wherever it was moved since. */
export function instanceId(series: EventResource, at: number): string {
  const basic = new Date(at).toISOString().replace(/[-:]|\.\d+/g, '')
  return `${series.id}_${isAllDay(series.start) ? basic.slice(0, 8) : basic}`
}

export function parseInstanceId(id: string): { seriesId: string; at: number } | undefined {
  const [, seriesId, ...numbers] = INSTANCE_ID.exec(id) ?? []
  if (!seriesId) return undefined
  const [year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0] = numbers.map((text) =>
    Number(text ?? 0),
  )
  return { seriesId, at: Date.UTC(year, month - 1, day, hour, minute, second) }
}

/** An instance as the rule makes it. @param calendarZone in which its times are said */
export function instanceOf(series: EventResource, at: number, calendarZone: string): EventResource {
  const { recurrence, ...fields } = series
  const length = millisOf(series.end) - millisOf(series.start)
  const id = instanceId(series, at)
  const start = timeAt(series.start, at, calendarZone)
  return {
    ...fields,
    ...{ id, start, end: timeAt(series.end, at + length, calendarZone) },
    ...{ recurringEventId: series.id, originalStartTime: start },
    htmlLink: htmlLink(id),
  }
}

const timeAt = (like: EventTime, at: number, zone: string): EventTime =>
  isAllDay(like)
    ? { date: new Date(at).toISOString().slice(0, 10) }
    : { dateTime: expressIn(zone, at), timeZone: like.timeZone }

export const htmlLink = (id: string): string =>
  `https://www.google.com/calendar/event?eid=${Buffer.from(id).toString('base64url')}`

const HORIZON = 730 * 86_400_000

/** How far a rule is followed. */
export type Until = (series: EventResource) => number

/** A rule without an end is followed for two years, from now or from its start. */
export const untilOf =
  (timeMax: number | undefined, now: number): Until =>
  ({ start, recurrence = [] }) => {
    if (timeMax !== undefined) return timeMax
    const hasEnd = recurrence?.some((line) => /^RRULE:.*(COUNT|UNTIL)=/.test(line))
    return hasEnd ? Number.POSITIVE_INFINITY : Math.max(now, millisOf(start)) + HORIZON
  }

/** When instances start by the rule. @param until where to stop, as a rule may have no end */
export function* startsOf(series: EventResource, until: number): Generator<number> {
  if (!series.recurrence) return
  for (const at of occurrencesOf(series.start, series.recurrence)) {
    if (at > until) return
    yield at
  }
}

export function hasInstanceAt(series: EventResource, at: number): boolean {
  for (const start of startsOf(series, at)) if (start === at) return true
  return false
}
