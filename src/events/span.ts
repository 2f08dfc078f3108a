import { type InputIssue, invalidInput } from '../errors.ts'
import { isDayStart, nextDayStart } from './days.ts'

const HOUR_MS = 3_600_000

/** What decides when an event is: in the order in which it is to blame for what is stored. */
export const SPAN = ['allDay', 'timezone', 'start', 'end'] as const

interface Span {
  start: Date
  end?: Date | null | undefined
  allDay: boolean
  timezone?: string | null | undefined
}

/**
 * The end of an event, checked: after the start; for whole days, midnights in the time zone (default UTC).
 * Absent: an hour, or one day.
 * @param patch what of it is changed, where the rest is stored
 * @throws DialogueStoreError `INVALID_INPUT`, of what was given
 */
export function endOf({ start, end, allDay, timezone }: Span, patch?: Partial<Span>): Date {
  const zone = timezone ?? 'UTC'
  const issues: InputIssue[] = []
  const refuse = (field: 'start' | 'end', reason: string, blamed: readonly (keyof Span)[] = SPAN) =>
    issues.push(patch ? issueOf(field, reason, patch, blamed) : { path: [field], reason })
  if (allDay && !isDayStart(start, zone)) refuse('start', `is not midnight in ${zone}`)
  if (end && end <= start) refuse('end', 'is not after start', ['start'])
  if (allDay && end && !isDayStart(end, zone)) refuse('end', `is not midnight in ${zone}`)
  if (issues.length > 0) throw invalidInput(issues)
  return end ?? (allDay ? nextDayStart(start, zone) : new Date(start.getTime() + HOUR_MS))
}

/** Of a field that is stored, something else that was given made it wrong. */
function issueOf(
  field: 'start' | 'end',
  reason: string,
  patch: Partial<Span>,
  blamed: readonly (keyof Span)[],
): InputIssue {
  if (patch[field]) return { path: ['patch', field], reason }
  const given = blamed.find((name) => name in patch) ?? field
  return { path: ['patch', given], reason: `the stored ${field} ${reason}; give ${field}, too` }
}
