import { UsageError } from '../faults.ts'
import { DATE_ORDERS, type DateOrder, type Header } from './header.ts'

const DAY_MS = 86_400_000
const THIS_CENTURY = 2000

/** The day of a header's date in that order, in ms as if it were UTC; nothing if it is none. */
export function dayOf({ date }: Header, order: DateOrder): number | undefined {
  const [year = 0, month = 0, day = 0] = Array.from('ymd', (part) => Number(date[order.indexOf(part)]))
  const fullYear = year < 100 ? THIS_CENTURY + year : year
  const time = Date.UTC(fullYear, month - 1, day)
  const found = new Date(time)
  return found.getUTCMonth() === month - 1 && found.getUTCDate() === day ? time : undefined
}

/**
 * Finds out in which order a file writes its dates, from all of them: numbers that are no months, years of four digits,
 * what languages do, and that time goes on. A line that somebody has pasted from another file does not decide it.
 */
export function createOrderSurvey() {
  const seen = DATE_ORDERS.map((order) => ({ order, misfits: 0, stepsBack: 0, latest: 0 }))
  let example = ''

  return {
    add(header: Header): void {
      const days = seen.map(({ order }) => (isKnown(header, order) ? dayOf(header, order) : undefined))
      if (days.every((day) => day === undefined)) return
      example ||= header.date.join(header.separator)
      for (const [i, one] of seen.entries()) {
        const day = days[i]
        if (day === undefined) one.misfits++
        else {
          if (day < one.latest - DAY_MS) one.stepsBack++
          one.latest = day
        }
      }
    },

    /** @throws UsageError if the file does not tell */
    result(): DateOrder {
      const [best, next] = seen.sort((a, b) => a.misfits - b.misfits || a.stepsBack - b.stepsBack)
      if (!best || !next) throw new Error('There are three orders.')
      if (best.misfits < next.misfits || best.stepsBack < next.stepsBack) return best.order
      throw new UsageError(
        `nothing in the file tells whether ${example} begins with the day or the month: ` +
          'give --date-order dmy or mdy',
      )
    },
  }
}

/** Only English has the month first, with slashes. No language is known to shorten a year that comes first. */
function isKnown({ date, separator }: Header, order: DateOrder): boolean {
  if (order === 'ymd') return date[0].length > 2
  return order === 'dmy' || separator === '/'
}
