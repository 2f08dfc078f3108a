import { randomBytes } from 'node:crypto'
import type { Clock } from './clock.ts'
import { createEventLog, type EventLog, type Stored, type Unsaved } from './event-log.ts'
import { hasInstanceAt, htmlLink, instanceOf, isSeries, parseInstanceId } from './instances.ts'
import { conditionNotMet, deleted, duplicate, invalid, notFound } from './refusals.ts'
import { type EventBody, type EventResource, merged } from './resource.ts'
import { checkedEvent, checkId } from './rules.ts'

export interface Write {
  /** The e-mail address of who writes. */
  by: string
  /** The etag that the event must have. */
  ifMatch?: string | undefined
  how: 'replace' | 'merge'
}

export type Instance = Required<Pick<EventResource, 'recurringEventId' | 'originalStartTime'>>

export interface Calendar {
  id: string
  timeZone: string
  summary: string
  revision(): number
  /** Sync tokens of an earlier generation have expired. */
  generation(): number
  expireSyncTokens(): void
  entries(): Stored[]
  stored(id: string): Stored | undefined
  /** Also an instance that nobody changed. @throws Refusal if there is none */
  find(id: string): EventResource
  /** @param of an instance of a series that others have */
  insert(body: EventBody, by: string, of?: Instance): EventResource
  write(id: string, body: EventBody, write: Write): EventResource
  remove(id: string, ifMatch?: string): void
}

interface Settings {
  id: string
  timeZone: string
  summary: string
  clock: Clock
  onChange(): void
}

export function createCalendar({ id, timeZone, summary, clock, onChange }: Settings): Calendar {
  const log = createEventLog(clock)
  let generation = 0
  const find = (eventId: string) => findIn(log, eventId, timeZone)
  /** Refused changes are none. */
  const changing = <T>(work: () => T): T => {
    const result = work()
    onChange()
    return result
  }
  return {
    ...{ id, timeZone, summary, find },
    revision: log.revision,
    entries: log.entries,
    stored: log.stored,
    generation: () => generation,
    expireSyncTokens() {
      generation += 1
    },
    insert: (body, by, of) =>
      changing(() => {
        const { id: wanted, checked } = checkedNew(log, body, timeZone)
        const eventId = wanted ?? randomBytes(13).toString('hex')
        return log.save({ ...created(eventId, checked, by, id, clock.stamp()), ...of })
      }),
    write: (eventId, body, write) => changing(() => writeTo(log, find(eventId), body, write, timeZone)),
    remove: (eventId, ifMatch) => changing(() => removeFrom(log, find(eventId), ifMatch)),
  }
}

function findIn(log: EventLog, id: string, timeZone: string): EventResource {
  const known = log.stored(id)
  if (known) return known.resource
  const parsed = parseInstanceId(id)
  const series = parsed && log.stored(parsed.seriesId)?.resource
  if (!series || !hasInstanceAt(series, parsed.at)) throw notFound()
  const instance = instanceOf(series, parsed.at, timeZone)
  /* All-day events and others have ids of their own form. */
  if (instance.id !== id) throw notFound()
  return instance
}

function checkedNew(log: EventLog, body: EventBody, timeZone: string) {
  if (body.id && body.iCalUID) throw invalid('Only one of id and iCalUID can be given.')
  if (body.id != null) checkId(body.id)
  if (body.status === 'cancelled') throw invalid('Invalid value for: status')
  const checked = checkedEvent(body, timeZone)
  if (body.id && log.stored(body.id)) throw duplicate()
  return { id: body.id, checked }
}

function writeTo(log: EventLog, old: EventResource, body: EventBody, write: Write, timeZone: string) {
  const { by, ifMatch, how } = write
  if (!matches(ifMatch, old)) throw conditionNotMet()
  const wanted: EventBody = how === 'merge' ? merged({ ...old }, { ...body }) : body
  const next = changed(old, checkedEvent(wanted, timeZone), wanted.sequence ?? undefined)
  const isOfReminders = how === 'merge' && Object.keys(body).every((name) => name === 'reminders')
  const creator = old.creator ?? { email: by }
  const resource = log.save({ ...next, creator }, isOfReminders ? old.updated : undefined)
  if (resource.status === 'cancelled') cancelExceptions(log, resource)
  return resource
}

function removeFrom(log: EventLog, old: EventResource, ifMatch?: string): void {
  if (old.status === 'cancelled') throw deleted()
  if (!matches(ifMatch, old)) throw conditionNotMet()
  log.save({ ...old, status: 'cancelled', sequence: old.sequence + 1 })
  cancelExceptions(log, old)
}

/** With the series, what was changed of it is gone. */
function cancelExceptions(log: EventLog, series: EventResource): void {
  if (!isSeries(series)) return
  for (const { resource } of log.entries()) {
    const isLeft = resource.recurringEventId === series.id && resource.status !== 'cancelled'
    if (isLeft) log.save({ ...resource, status: 'cancelled' })
  }
}

const matches = (ifMatch: string | undefined, { etag }: EventResource): boolean =>
  ifMatch === undefined || ifMatch === '*' || ifMatch.split(/\s*,\s*/).includes(etag)

function created(id: string, body: EventBody, by: string, calendarId: string, at: string): Unsaved {
  return {
    ...body,
    ...{ kind: 'calendar#event', id, created: at, htmlLink: htmlLink(id) },
    status: body.status ?? 'confirmed',
    iCalUID: body.iCalUID ?? `${id}@google.com`,
    creator: { email: by, ...(by === calendarId && { self: true }) },
    organizer: { email: calendarId, self: true },
    sequence: body.sequence ?? 0,
    ...timesOf(body),
  }
}

/** What a client can't change stays. */
function changed(old: EventResource, next: EventBody, sequence?: number): Unsaved {
  if (old.recurringEventId && next.recurrence?.length) throw invalid('Invalid recurrence rule.')
  if (sequence !== undefined && sequence < old.sequence) throw invalid('Invalid sequence value.')
  const { id, kind, created, htmlLink, iCalUID, organizer } = old
  const { recurringEventId, originalStartTime } = old
  const times = timesOf(next)
  const moves = JSON.stringify([times, next.recurrence]) !== JSON.stringify([timesOf(old), old.recurrence])
  const isOther = moves || next.status !== old.status
  return {
    ...next,
    ...{ id, kind, created, htmlLink, iCalUID, organizer, ...times },
    ...(recurringEventId && { recurringEventId, originalStartTime }),
    status: next.status ?? 'confirmed',
    sequence: Math.max(sequence ?? 0, old.sequence + (isOther ? 1 : 0)),
  }
}

const timesOf = ({ start = {}, end = {} }: EventBody) => ({ start, end })
