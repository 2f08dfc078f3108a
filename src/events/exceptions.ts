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
function exceptionLines(exceptions: readonly string[]): string[] {
  const days = exceptions.filter((one) => !one.includes('T'))
  const times = exceptions.filter((one) => one.includes('T'))
  return [...linesOf('EXDATE;VALUE=DATE:', days), ...linesOf('EXDATE:', times)]
}

/** The lines without these exceptions: one may have been written into a line of the bot's own. */
export function withoutExceptions(recurrence: readonly string[], exceptions: readonly string[]): string[] {
  const known = new Set(exceptions)
  return recurrence.flatMap((line) => {
    const [, name, dates = ''] = /^(EXDATE[^:]*:)(.*)$/i.exec(line) ?? []
    const all = dates.split(',')
    const left = all.filter((one) => !known.has(one.trim().toUpperCase()))
    if (!name || left.length === all.length) return [line]
    return left.length > 0 ? [name + left.join(',')] : []
  })
}

/** The same series with these exceptions. */
export const withExceptions = (recurrence: readonly string[], exceptions: readonly string[]): string[] =>
  [...withoutExceptions(recurrence, exceptions), ...exceptionLines(exceptions)].slice(0, MOST_LINES)

function linesOf(begin: string, dates: readonly string[]): string[] {
  const lines: string[] = []
  for (let i = 0; i < dates.length; i += PER_LINE) lines.push(begin + dates.slice(i, i + PER_LINE).join(','))
  return lines
}
