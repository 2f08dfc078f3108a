import { invalid } from './refusals.ts'
import type { EventTime } from './resource.ts'
import { isAllDay, millisOf } from './times.ts'
import { instantOf, wallTimeOf } from './zones.ts'

const DAY = 86_400_000
const WEEKDAYS = ['SU', 'MO', 'TU', 'WE', 'TH', 'FR', 'SA']
const KNOWN = ['FREQ', 'INTERVAL', 'COUNT', 'UNTIL', 'BYDAY', 'WKST']

interface Rule {
  freq: 'DAILY' | 'WEEKLY' | 'MONTHLY'
  interval: number
  count: number
  /** The last moment at which an instance can start. */
  until: number
  /** Of WEEKLY, from 0 for Sunday; empty for the day of the start. */
  days: number[]
}

interface Recurrence {
  rule: Rule
  excluded: Set<number>
}

/**
 * A small part of RFC 5545: one RRULE, daily, weekly or monthly, and EXDATE lines. What the API would take and this
 * can't expand is refused as if it were wrong, so that nobody trusts an expansion that is not there.
 */
export function parseRecurrence(lines: readonly unknown[], start: EventTime): Recurrence {
  const zone = start.timeZone || 'UTC'
  let rule: Rule | undefined
  const excluded = new Set<number>()
  for (const line of lines) {
    const [, name, value] = (typeof line === 'string' && /^(RRULE|EXDATE)(?:;[^:]*)?:(.+)$/.exec(line)) || []
    if (!value || (name === 'RRULE' && rule)) throw invalid('Invalid recurrence rule.')
    if (name === 'RRULE') rule = parseRule(value, zone)
    else for (const date of value.split(',')) excluded.add(momentOf(date, zone))
  }
  if (!rule) throw invalid('Invalid recurrence rule.')
  return { rule, excluded }
}

function parseRule(text: string, zone: string): Rule {
  const parts = new Map(text.split(';').map((part): [string, string] => split(part)))
  const freq = parts.get('FREQ')
  const isKnown = [...parts.keys()].every((name) => KNOWN.includes(name))
  const isSimple = freq === 'DAILY' || freq === 'WEEKLY' || freq === 'MONTHLY'
  const bothEnds = parts.has('COUNT') && parts.has('UNTIL')
  const otherWeek = parts.has('WKST') && parts.get('WKST') !== 'MO'
  const days = (parts.get('BYDAY')?.split(',') ?? []).map((day) => WEEKDAYS.indexOf(day))
  if (!isSimple || !isKnown || bothEnds || otherWeek || days.includes(-1)) {
    throw invalid('Invalid recurrence rule.')
  }
  if (days.length > 0 && freq !== 'WEEKLY') throw invalid('Invalid recurrence rule.')
  const until = parts.get('UNTIL')
  const count = parts.has('COUNT') ? positive(parts.get('COUNT')) : Number.POSITIVE_INFINITY
  return {
    ...{ freq, count, days },
    interval: positive(parts.get('INTERVAL') ?? '1'),
    until: until ? momentOf(until, zone, true) : Number.POSITIVE_INFINITY,
  }
}

function split(part: string): [string, string] {
  const [name, value, more] = part.split('=')
  if (!name || !value || more !== undefined) throw invalid('Invalid recurrence rule.')
  return [name, value]
}

function positive(text = ''): number {
  if (!/^[1-9]\d{0,5}$/.test(text)) throw invalid('Invalid recurrence rule.')
  return Number(text)
}

/** Of a basic date or time. @param isEnd whether a date means all of its day */
function momentOf(text: string, zone: string, isEnd = false): number {
  const match = /^(\d{4})(\d{2})(\d{2})(?:T(\d{2})(\d{2})(\d{2})(Z?))?$/.exec(text)
  if (!match) throw invalid('Invalid recurrence rule.')
  const [year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0] = match.slice(1, 7).map(Number)
  if (match[4] === undefined) return Date.UTC(year, month - 1, day) + (isEnd ? DAY - 1 : 0)
  const wallTime = Date.UTC(year, month - 1, day, hour, minute, second)
  return match[7] === 'Z' ? wallTime : instantOf(wallTime, zone)
}

/** The starts of the instances in milliseconds, the earliest first; of a rule without an end there is always another. */
export function* occurrencesOf(start: EventTime, lines: readonly string[]): Generator<number> {
  const { rule, excluded } = parseRecurrence(lines, start)
  const zone = isAllDay(start) ? 'UTC' : start.timeZone || 'UTC'
  const first = wallTimeOf(millisOf(start), zone)
  let count = 0
  for (const wallTime of wallTimes(first, rule)) {
    const at = instantOf(wallTime, zone)
    count += 1
    if (count > rule.count || at > rule.until) return
    if (!excluded.has(at)) yield at
  }
}

/** The time of day stays what it is when the clocks change. */
function* wallTimes(first: number, { freq, interval, days }: Rule): Generator<number> {
  for (let step = 0; ; step += interval) {
    if (freq === 'DAILY') yield first + step * DAY
    else if (freq === 'WEEKLY') yield* inWeek(first, step, days)
    else yield* inMonth(first, step)
  }
}

const weekdayOf = (millis: number) => new Date(millis).getUTCDay()
/** From Monday. */
const sinceMonday = (weekday: number) => (weekday + 6) % 7

function* inWeek(first: number, weeks: number, days: number[]): Generator<number> {
  const monday = first - sinceMonday(weekdayOf(first)) * DAY + weeks * 7 * DAY
  const wanted = days.length > 0 ? days : [weekdayOf(first)]
  for (const day of wanted.map(sinceMonday).sort((a, b) => a - b)) {
    const at = monday + day * DAY
    if (at >= first) yield at
  }
}

/** A month that has no such day has no instance. */
function* inMonth(first: number, months: number): Generator<number> {
  const date = new Date(first)
  const day = date.getUTCDate()
  date.setUTCDate(1)
  date.setUTCMonth(date.getUTCMonth() + months)
  date.setUTCDate(day)
  if (date.getUTCDate() === day) yield date.getTime()
}
