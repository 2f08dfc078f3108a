import { type InputIssue, invalidInput } from '../errors.ts'
import { isDayStart, nextDayStart } from './days.ts'

const HOUR_MS = 3_600_000

interface Span {
  start: Date
  end?: Date | null | undefined
  allDay: boolean
  timezone?: string | null | undefined
}

/**
 * The end of an event, checked: after the start; for whole days, midnights in the time zone (default UTC).
 * Absent: an hour, or one day.
 * @throws DialogueStoreError `INVALID_INPUT`
 */
export function endOf({ start, end, allDay, timezone }: Span): Date {
  const zone = timezone ?? 'UTC'
  const issues: InputIssue[] = []
  if (allDay && !isDayStart(start, zone))
    issues.push({ path: ['start'], reason: `is not midnight in ${zone}` })
  if (end && end <= start) issues.push({ path: ['end'], reason: 'is not after start' })
  if (allDay && end && !isDayStart(end, zone))
    issues.push({ path: ['end'], reason: `is not midnight in ${zone}` })
  if (issues.length > 0) throw invalidInput(issues)
  return end ?? (allDay ? nextDayStart(start, zone) : new Date(start.getTime() + HOUR_MS))
}
