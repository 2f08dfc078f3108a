import type { Account, Role } from './accounts.ts'
import type { Calendar } from './calendar.ts'
import { instanceId } from './instances.ts'
import { type EventBody, type EventResource, type EventTime, readEvent } from './resource.ts'

/** What people do with a calendar on Google's side: clients learn of it as of all changes. */
export interface CalendarOfPeople {
  id: string
  /** Full resources, deleted ones included. */
  events(): EventResource[]
  /** Creates an event, or replaces the one that has its id. */
  put(event: EventBody): EventResource
  /** @param patch what is null in it is removed */
  change(id: string, patch: EventBody): EventResource
  remove(id: string): void
  /** @param at when the instance would start by the rule */
  moveInstance(seriesId: string, at: Date, to: { start: EventTime; end: EventTime }): EventResource
  cancelInstance(seriesId: string, at: Date): void
  /** To one instance of a series that somebody else has. */
  invite(event: EventBody, seriesId: string): EventResource
  expireSyncTokens(): void
  /** Lets someone see the calendar, or not any more. Their sync tokens, and those of others, expire. */
  share(account: Account, role: Role | undefined): void
  /** The whole calendar goes. */
  disappear(): void
}

interface Settings {
  calendar: Calendar
  share(account: Account, role: Role | undefined): void
  disappear(): void
}

export function createCalendarOfPeople({ calendar, share, disappear }: Settings): CalendarOfPeople {
  const by = calendar.id
  const idOf = (seriesId: string, at: Date) => instanceId(calendar.find(seriesId), at.getTime())
  const change = (id: string, patch: EventBody) => calendar.write(id, readEvent(patch), { by, how: 'merge' })
  return {
    id: calendar.id,
    events: () => structuredClone(calendar.entries().map(({ resource }) => resource)),
    put(event) {
      const isKnown = event.id ? calendar.stored(event.id) : undefined
      if (event.id && isKnown) return calendar.write(event.id, readEvent(event), { by, how: 'replace' })
      return calendar.insert(readEvent(event), by)
    },
    change,
    remove: (id) => calendar.remove(id),
    moveInstance: (seriesId, at, { start, end }) => change(idOf(seriesId, at), { start, end }),
    cancelInstance: (seriesId, at) => calendar.remove(idOf(seriesId, at)),
    invite(event, seriesId) {
      const body = readEvent(event)
      const originalStartTime = body.start ?? {}
      return calendar.insert(body, by, { recurringEventId: seriesId, originalStartTime })
    },
    expireSyncTokens: calendar.expireSyncTokens,
    share(account, role) {
      share(account, role)
      calendar.expireSyncTokens()
    },
    disappear,
  }
}
