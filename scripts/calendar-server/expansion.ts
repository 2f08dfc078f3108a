import type { Calendar } from './calendar.ts'
import type { Stored } from './event-log.ts'
import { instanceId, instanceOf, isSeries, startsOf, type Until } from './instances.ts'
import type { Item } from './paging.ts'
import { millisOf } from './times.ts'

/** Of a calendar's events, those that a client sees as instances. @param until how far rules are followed */
export function expanded(calendar: Calendar, entries: Stored[], until: Until, since?: number): Item[] {
  return entries.flatMap((entry) => {
    const { resource, position } = entry
    if (!isSeries(resource)) return [{ key: keyOf(calendar, entry), event: resource }]
    const instances = instancesOf(calendar, entry, until)
    const gone = since === undefined ? [] : vanished(calendar, entry, until, since)
    return [...instances, ...gone].map(([at, event]) => ({ key: [position, at], event }))
  })
}

type Instance = [at: number, event: Item['event']]

/** Those that are as the rule makes them: what was changed of a series is an entry of its own. */
function instancesOf(calendar: Calendar, { resource }: Stored, until: Until): Instance[] {
  return [...startsOf(resource, until(resource))]
    .filter((at) => !calendar.stored(instanceId(resource, at)))
    .map((at) => [at, instanceOf(resource, at, calendar.timeZone)])
}

/** Instances that an earlier rule made and the present one does not: a client that has them is told. */
function vanished(calendar: Calendar, entry: Stored, until: Until, since: number): Instance[] {
  const present = new Set(instancesOf(calendar, entry, until).map(([, { id }]) => id))
  const gone = new Map<string, Instance>()
  for (const former of entry.former.filter((one) => one.until > since)) {
    for (const [at, event] of instancesOf(calendar, { ...entry, resource: former.resource }, until)) {
      if (!present.has(event.id)) gone.set(event.id, [at, { ...event, status: 'cancelled' }])
    }
  }
  return [...gone.values()]
}

/** An exception stands where its instance would. */
export function keyOf(calendar: Calendar, { resource, position }: Stored): number[] {
  const { recurringEventId, originalStartTime } = resource
  if (!recurringEventId || !originalStartTime) return [position, 0]
  const series = calendar.stored(recurringEventId)
  return [series?.position ?? position, millisOf(originalStartTime)]
}
