import { mergeJson } from '../json.ts'
import type { ShapeCheck } from '../shape.ts'
import { withExceptions } from './exceptions.ts'
import type { EventDocument, EventPatch } from './schema.ts'
import { endOf, SPAN } from './span.ts'

/** What `null` gives back to fields that are never absent. */
const DEFAULTS: Partial<EventDocument> = {
  allDay: false,
  visibility: 'private',
  attendees: [],
  reminders: [],
  recurrence: [],
}

/** `undefined` leaves, `null` clears; `undefined` in the result removes. */
export function patched(
  current: EventDocument,
  { data, ...patch }: EventPatch,
  checkData: ShapeCheck | undefined,
): Partial<EventDocument> {
  const changes: Partial<EventDocument> = Object.fromEntries(
    Object.entries(patch)
      .filter(([, value]) => value !== undefined)
      .map(([field, value]) => [field, value ?? DEFAULTS[field as keyof EventDocument]]),
  )
  const { exceptions = [] } = current.calendarSync
  const merged = data === null ? {} : data && mergeJson(current.data, data, ['data'])
  return {
    ...changes,
    /* Google goes on knowing of these, whatever becomes of the rule. */
    ...(changes.recurrence?.length && {
      recurrence: withExceptions(changes.recurrence, exceptions),
    }),
    ...(merged && { data: checkData ? checkData(merged, ['data']) : merged }),
    /* What Google has, or how a country's clocks go, may have changed since: that keeps no other change out. */
    ...(SPAN.some((field) => field in changes) && { end: endOf({ ...current, ...changes }, changes) }),
  }
}
