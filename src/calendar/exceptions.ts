import type { calendar_v3 } from '@googleapis/calendar'

/*
 * An instance of a series that was moved or cancelled at Google is an event of its own there. For whoever reads the
 * series here it is an exception: an EXDATE, RFC 5545, 3.8.5.1.
 */

/** As many dates stay below the length that a line may have. */
const PER_LINE = 100

/** An instance's original start, in RFC 5545's words: `20300501T090000Z`, or `20300501` of whole days. */
export function exceptionOf(original: calendar_v3.Schema$EventDateTime | undefined): string | undefined {
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

function linesOf(begin: string, dates: readonly string[]): string[] {
  const lines: string[] = []
  for (let i = 0; i < dates.length; i += PER_LINE) lines.push(begin + dates.slice(i, i + PER_LINE).join(','))
  return lines
}
