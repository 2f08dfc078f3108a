import type { Calendar } from './calendar.ts'
import type { EventBody, EventResource } from './resource.ts'
import { inZone } from './times.ts'

/** An event as an answer has it. @param zone in which the client wants times said */
export function shown(event: EventResource, zone: string | undefined): EventBody {
  if (!zone) return event
  const { start, end, originalStartTime } = event
  const original = originalStartTime && { originalStartTime: inZone(originalStartTime, zone) }
  return { ...event, start: inZone(start, zone), end: inZone(end, zone), ...original }
}

/**
 * What is left of a cancelled event: not more than the API guarantees, as a client that needs more works on some days
 * only. An instance of a series that goes on says which one it is.
 */
export function tombstone(event: EventResource, calendar: Calendar): EventBody {
  const { kind, etag, id, status, recurringEventId, originalStartTime } = event
  const isException = isOfLiveSeries(event, calendar)
  return { kind, etag, id, status, ...(isException && { recurringEventId, originalStartTime }) }
}

export function isOfLiveSeries({ recurringEventId }: EventResource, calendar: Calendar): boolean {
  const series = recurringEventId ? calendar.stored(recurringEventId) : undefined
  return series !== undefined && series.resource.status !== 'cancelled'
}
