import { isSeries, startsOf, type Until } from './instances.ts'
import type { ListQuery } from './query.ts'
import type { EventResource, EventTime } from './resource.ts'
import { isAllDay, millisOf } from './times.ts'
import { instantOf } from './zones.ts'

type Filters = Pick<ListQuery, 'q' | 'iCalUID' | 'privateProperties' | 'sharedProperties' | 'updatedMin'>

export function matchesFilters(event: EventResource, filters: Filters): boolean {
  const { iCalUID, q, privateProperties, sharedProperties, updatedMin } = filters
  const has = (properties: Record<string, string> = {}) => {
    return ([name, value]: [string, string]) => properties[name] === value
  }
  return (
    (iCalUID === undefined || event.iCalUID === iCalUID) &&
    (updatedMin === undefined || Date.parse(event.updated) >= updatedMin) &&
    (q === undefined || hasText(event, q)) &&
    /* Of several constraints the guide says that one suffices, and the reference that all must match. */
    privateProperties.every(has(event.extendedProperties?.private)) &&
    sharedProperties.every(has(event.extendedProperties?.shared))
  )
}

function hasText(
  { summary, description, location, organizer, attendees }: EventResource,
  q: string,
): boolean {
  const people = [organizer, ...(attendees ?? [])].flatMap((person) => [person?.displayName, person?.email])
  const text = [summary, description, location, ...people].join('\n').toLowerCase()
  return q
    .toLowerCase()
    .split(/\s+/)
    .every((term) => text.includes(term))
}

export interface TimeRange {
  timeMin: number | undefined
  timeMax: number | undefined
}

/** Whether it ends after the one and starts before the other. */
export function isWithin(event: EventResource, { timeMin, timeMax }: TimeRange, zone: string): boolean {
  const isAfter = timeMin === undefined || momentOf(event.end, zone) > timeMin
  return isAfter && (timeMax === undefined || momentOf(event.start, zone) < timeMax)
}

/** Whether one of its instances is. @param until how far a rule without an end is followed */
export function isSeriesWithin(event: EventResource, range: TimeRange, zone: string, until: Until): boolean {
  const { timeMin, timeMax } = range
  if (!isSeries(event) || (timeMin === undefined && timeMax === undefined))
    return isWithin(event, range, zone)
  const length = millisOf(event.end) - millisOf(event.start)
  for (const at of startsOf(event, until(event))) {
    const start = isAllDay(event.start) ? instantOf(at, zone) : at
    if ((timeMin === undefined || start + length > timeMin) && (timeMax === undefined || start < timeMax))
      return true
  }
  return false
}

const momentOf = (time: EventTime, zone: string) =>
  isAllDay(time) ? instantOf(millisOf(time), zone) : millisOf(time)
