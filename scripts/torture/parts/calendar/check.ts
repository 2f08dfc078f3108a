import type { CalendarEvent } from '../../../../src/index.ts'
import type { EventResource } from '../../../calendar-server/index.ts'
import type { Edits } from './edits.ts'
import { FIELDS, time } from './fields.ts'
import type { Scene } from './scene.ts'

/** Where both sides are not what they must be, in words. */
export async function differencesOf({ store, people, creatorId }: Scene, edits: Edits): Promise<string[]> {
  const ours: CalendarEvent[] = []
  for (let cursor: string | null = null, first = true; first || cursor; first = false) {
    const status = ['confirmed', 'cancelled'] as const
    const page = await store.retrieveEvents({ creatorId, status: [...status], limit: 1000, cursor })
    ours.push(...page.events)
    cursor = page.nextCursor
  }
  const theirs = people.events()
  const byId = new Map(theirs.map((event) => [event.id, event]))
  const known = new Map<string, CalendarEvent[]>()
  for (const event of ours) {
    const id = event.googleCalendarId ?? ''
    known.set(id, [...(known.get(id) ?? []), event])
  }
  return [
    ...ours.flatMap((event) => differences(event, byId.get(event.googleCalendarId ?? ''), edits)),
    ...theirs.flatMap((event) => missing(event, known, edits)),
  ]
}

function differences(ours: CalendarEvent, theirs: EventResource | undefined, edits: Edits): string[] {
  const { id, status, calendarSync } = ours
  const said = `event ${id} (${calendarSync.state})`
  if (status === 'cancelled') {
    if (theirs?.status === 'confirmed') return [`${said} is cancelled here, and not there`]
    return edits.wasEnded(ours.googleCalendarId ?? id) ? [] : [`${said} is cancelled, and nobody did that`]
  }
  if (!theirs || theirs.status === 'cancelled') return [`${said} is not there`]
  if (calendarSync.state !== 'synced') return [`${said} is not synced: ${calendarSync.lastError}`]
  return [time, ...FIELDS].flatMap((field) => {
    const [here, there] = [field.hereOf(ours), field.thereOf(theirs)]
    if (here !== there) return [`${said} has ${field.name} "${here}" here, "${there}" there`]
    const expected = edits.expected(theirs.id, field)
    return expected && !expected.includes(here)
      ? [`${said} has ${field.name} "${here}", and was last said to be ${expected.join(' or ')}`]
      : []
  })
}

function missing(theirs: EventResource, known: Map<string, CalendarEvent[]>, edits: Edits): string[] {
  const { id, status, recurringEventId } = theirs
  const ours = known.get(id) ?? []
  if (ours.length > 1) return [`Google's ${id} is here ${ours.length} times`]
  if (status === 'cancelled') return []
  if (edits.wasRemoved(id) || edits.wasRemoved(recurringEventId ?? ''))
    return [`Google's ${id} was deleted here, and is there`]
  return ours.length === 0 ? [`Google's ${id} is not here`] : []
}
