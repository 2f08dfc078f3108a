import { timeIn, written } from '../common/when.ts'
import type { Reminder } from './shapes.ts'

/** The longest that a reminder comes before its event: a day. */
export const LONGEST_LEAD_MINUTES = 24 * 60
const MINUTES: Record<string, number> = { minute: 1, hour: 60, day: 24 * 60 }
/** As the store has it. */
const LONGEST_SUMMARY = 1000
const LEAD = /,? *(\d{1,4}) (minute|hour|day)s? before$/i

export interface Wish {
  summary: string
  start: Date
  /** A reminder is over at once. */
  end: Date
  /** Minutes before the start. */
  reminders: number[]
}

/**
 * What a wish says: `tomorrow at 9 call the dentist`, `in 20 minutes tea`, `2030-05-01 14:00 train, 1 hour before`.
 * @param said when it was sent, from which relative times count
 * @returns a sentence for who wished it, if it cannot be granted
 */
export function readWish(text: string, timezone: string, said: Date): Wish | string {
  const [lead = '', count = '0', unit = 'minute'] = LEAD.exec(text) ?? []
  const time = timeIn(text.slice(0, text.length - lead.length), timezone, said)
  if (!time?.rest) return 'Of what, and when? Such as: tomorrow at 9 call the dentist'
  if (time.rest.length > LONGEST_SUMMARY) return `I can keep ${LONGEST_SUMMARY} characters at most.`
  if (time.at.getTime() <= Date.now()) return `${written(time.at, timezone)} is over already.`
  const minutes = Number(count) * (MINUTES[unit.toLowerCase()] ?? 1)
  if (minutes > LONGEST_LEAD_MINUTES) return 'I can remind you a day before at most.'
  return {
    summary: time.rest,
    start: time.at,
    end: new Date(time.at.getTime() + 60_000),
    reminders: [minutes],
  }
}

/** `Tuesday, 15 January 2030 at 14:00: dentist, 30 minutes before` */
export function described({ start, summary, reminders }: Wish | Reminder, timezone: string): string {
  const leads = reminders.filter((minutes) => minutes > 0).map((minutes) => `, ${minutes} minutes before`)
  return `${written(start, timezone)}: ${summary}${leads.join('')}`
}
