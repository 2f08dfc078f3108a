import type { Clock } from './clock.ts'
import { isSeries } from './instances.ts'
import type { EventResource } from './resource.ts'

export interface Stored {
  resource: EventResource
  /** Of the calendar, when this was written. */
  revision: number
  /** Where it stands in the list: the order does not change. */
  position: number
  /** What a series was before: what its earlier rule made may be gone. */
  former: { resource: EventResource; until: number }[]
}

export type Unsaved = Omit<EventResource, 'etag' | 'updated'>

/** The events of a calendar, deleted ones included, and the order of their changes. */
export interface EventLog {
  revision(): number
  entries(): Stored[]
  stored(id: string): Stored | undefined
  /** Makes a version with an etag of its own. @param updated of a change that the API does not count as one */
  save(fields: Unsaved, updated?: string): EventResource
}

export function createEventLog(clock: Clock): EventLog {
  const events = new Map<string, Stored>()
  let revision = 0
  return {
    revision: () => revision,
    entries: () => [...events.values()],
    stored: (id) => events.get(id),
    save(fields, updated = clock.stamp()) {
      revision += 1
      const etag = `"${3_000_000_000_000_000 + revision * 2}"`
      const resource: EventResource = { ...fields, etag, updated }
      const old = events.get(resource.id)
      const former = old && isSeries(old.resource) ? [{ resource: old.resource, until: revision }] : []
      const position = old?.position ?? events.size
      events.set(resource.id, { resource, revision, position, former: [...(old?.former ?? []), ...former] })
      return resource
    },
  }
}
