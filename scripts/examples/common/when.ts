import { TZDate } from '@date-fns/tz'
import { parse } from 'chrono-node'

/** Who says a day and no hour means its morning, unless they say a part of it, whose hour chrono knows. */
const MORNING = 9
const LATER = ['afternoon', 'evening', 'tonight'] as const

/**
 * The first time that a text names, as somebody in that time zone means it (`tomorrow at 9`, `2030-01-15 14:00`,
 * `in 20 minutes`), and what else the text says; undefined if it names none.
 */
export function timeIn(
  text: string,
  timezone: string,
  now = new Date(),
): { at: Date; rest: string } | undefined {
  /* chrono knows offsets, and no zones: the offset of now tells it what day and hour it is there. */
  const offset = -new TZDate(now, timezone).getTimezoneOffset()
  const [found] = parse(text, { instant: now, timezone: offset }, { forwardDate: true })
  if (!found) return undefined
  const rest = `${text.slice(0, found.index)} ${text.slice(found.index + found.text.length)}`
  return { at: instantOf(found.start, timezone), rest: rest.replace(/\s+/g, ' ').trim() }
}

type Said = NonNullable<ReturnType<typeof parse>[number]>['start']

/** `in 20 minutes` is an instant. `tomorrow at 9` is what the clocks show, whose offset may be another one by then. */
function instantOf(said: Said, timezone: string): Date {
  if (said.isCertain('timezoneOffset')) return said.date()
  const tags = said.tags()
  const isPartOfDay = LATER.some((part) => tags.has(`casualReference/${part}`))
  const hasHour = said.isCertain('hour') || isPartOfDay
  const [hour, minute] = hasHour ? [said.get('hour'), said.get('minute')] : [MORNING, 0]
  const [year, month, day] = [said.get('year'), said.get('month'), said.get('day')]
  const clock = new TZDate(year ?? 0, (month ?? 1) - 1, day ?? 1, hour ?? 0, minute ?? 0, timezone)
  return new Date(clock.getTime())
}

/** `Tuesday, 15 January 2030 at 14:00`, in that time zone. */
export const written = (at: Date, timezone: string): string =>
  new Intl.DateTimeFormat('en-GB', { dateStyle: 'full', timeStyle: 'short', timeZone: timezone }).format(at)
