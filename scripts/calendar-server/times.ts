import { invalid, invalidParameter, required } from './refusals.ts'
import type { EventTime } from './resource.ts'
import { expressIn, instantOf, isZone } from './zones.ts'

const DATE = /^\d{4}-\d{2}-\d{2}$/
const LOCAL = /^\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(\.\d+)?$/
const WITH_OFFSET = /^\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(\.\d+)?([Zz]|[+-]\d{2}:\d{2})$/

export const isAllDay = (time: EventTime): boolean => typeof time.date === 'string'

/** In milliseconds; of a date, its midnight as if in UTC. @param time one that is stored */
export const millisOf = (time: EventTime): number => Date.parse(time.date ?? time.dateTime ?? '')

/** A start or end as it is stored and shown: the time of day is in the calendar's zone. */
export function storedTime(time: EventTime, name: 'start' | 'end', calendarZone: string): EventTime {
  if (time.date && time.dateTime) throw invalid(`Invalid ${name} time.`)
  if (time.date) {
    if (!isDate(time.date)) throw invalid(`Invalid value for: ${name}.date`)
    return { date: time.date }
  }
  if (!time.dateTime) throw required(`Missing ${name} time.`)
  if (time.timeZone && !isZone(time.timeZone)) {
    throw invalid(`Invalid time zone definition for ${name} time.`)
  }
  const instant = instantFrom(time, name)
  return { dateTime: expressIn(calendarZone, instant), timeZone: time.timeZone || calendarZone }
}

function instantFrom({ dateTime, timeZone }: EventTime, name: string): number {
  const text = dateTime ?? ''
  const isLocal = LOCAL.test(text)
  if (isLocal && !timeZone) throw required(`Missing time zone definition for ${name} time.`)
  if (!isLocal && !WITH_OFFSET.test(text)) throw invalid(`Invalid value for: ${name}.dateTime`)
  const millis = Date.parse(isLocal ? `${text}Z` : text)
  if (Number.isNaN(millis)) throw invalid(`Invalid value for: ${name}.dateTime`)
  return isLocal && timeZone ? instantOf(millis, timeZone) : millis
}

/** Not the 30th of February, which Date.parse takes as a day of March. */
function isDate(text: string): boolean {
  const millis = Date.parse(text)
  return DATE.test(text) && !Number.isNaN(millis) && new Date(millis).toISOString().startsWith(text)
}

/** A timestamp in the query; it must have an offset. */
export function timestampIn(query: URLSearchParams, name: string): number | undefined {
  const text = query.get(name)
  if (text === null) return undefined
  if (!WITH_OFFSET.test(text) || Number.isNaN(Date.parse(text))) throw invalidParameter(name)
  return Date.parse(text)
}

/** The same moment, said in another zone. */
export const inZone = (time: EventTime, zone: string): EventTime =>
  isAllDay(time) ? time : { ...time, dateTime: expressIn(zone, millisOf(time)) }
