/*
 * An instance of a series that was moved or cancelled at Google is an event of its own there. For whoever reads the
 * series here it is an exception: an EXDATE, RFC 5545, 3.8.5.1.
 */

/** Google's words for a start. */
interface GoogleTime {
  date?: string | null
  dateTime?: string | null
}

/** As many dates stay below the length that a line may have. */
const PER_LINE = 100
/** That an event may have. */
const MOST_LINES = 100

/** An instance's original start, in RFC 5545's words: `20300501T090000Z`, or `20300501` of whole days. */
export function exceptionOf(original: GoogleTime | undefined): string | undefined {
  if (original?.date) return original.date.replaceAll('-', '')
  const instant = new Date(original?.dateTime ?? Number.NaN)
  if (Number.isNaN(instant.getTime())) return undefined
  return `${instant.toISOString().replace(/[-:]|\.\d+/g, '')}`
}

/** The lines that say so in our event. */
export function exceptionLines(exceptions: readonly string[]): string[] {
  const days = exceptions.filter((one) => !one.includes('T'))
  const times = exceptions.filter((one) => one.includes('T'))
  return [...linesOf('EXDATE;VALUE=DATE:', days), ...linesOf('EXDATE:', times)]
}

/** A series with these exceptions, and no longer with those that it had. */
export function withExceptions(
  recurrence: readonly string[],
  before: readonly string[],
  exceptions: readonly string[],
): string[] {
  const old = new Set(exceptionLines(before))
  return [...recurrence.filter((line) => !old.has(line)), ...exceptionLines(exceptions)].slice(0, MOST_LINES)
}

function linesOf(begin: string, dates: readonly string[]): string[] {
  const lines: string[] = []
  for (let i = 0; i < dates.length; i += PER_LINE) lines.push(begin + dates.slice(i, i + PER_LINE).join(','))
  return lines
}
