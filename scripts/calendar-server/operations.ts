import type { IncomingHttpHeaders } from 'node:http'
import { type Account, type Accounts, accessTo } from './accounts.ts'
import type { Calendar } from './calendar.ts'
import type { createChannels } from './channels.ts'
import type { Answer } from './http.ts'
import { type Listing, listEvents, listInstances } from './listing.ts'
import { notFound, notImplemented } from './refusals.ts'
import { readEvent } from './resource.ts'
import type { Route } from './routes.ts'
import { shown } from './showing.ts'

export interface Call {
  route: Route
  query: URLSearchParams
  headers: IncomingHttpHeaders
  body: unknown
  account: Account
}

export interface World {
  accounts: Accounts
  calendars: Map<string, Calendar>
  channels: ReturnType<typeof createChannels>
  listing: Listing
  url(): string
}

/** Of the standard parameters, those that would change an answer. */
const NOT_DONE = ['fields', 'alt']
const WRITES = ['events.insert', 'events.update', 'events.patch', 'events.delete']

/** Does what a request asks for. @throws Refusal */
export function perform(call: Call, world: World): Answer {
  const { route, query, account } = call
  const undone = NOT_DONE.find((name) => query.has(name) && query.get(name) !== 'json')
  if (undone) throw notImplemented(undone)
  if (route.kind === 'unknown') throw notFound()
  if (route.kind === 'channels.stop') {
    world.channels.stop(call.body, account)
    return { status: 204 }
  }
  if (route.kind === 'calendarList.list') return calendarsOf(account, world)
  const id = route.calendarId === 'primary' ? account.calendarId : route.calendarId
  const role = world.accounts.roleIn(id, account)
  const calendar = accessTo(world.calendars.get(id), role, WRITES.includes(route.kind))
  if (route.kind === 'calendars.get') return { status: 200, body: calendarBody(calendar) }
  if (route.kind === 'events.list') {
    return { status: 200, body: { ...listEvents(calendar, query, world.listing), accessRole: role } }
  }
  return onEvents(call, calendar, world)
}

function onEvents(call: Call, calendar: Calendar, world: World): Answer {
  const { route, query, headers, body, account } = call
  const { eventId } = route
  const ifMatch = headers['if-match']
  const write = { by: account.email, ifMatch }
  switch (route.kind) {
    case 'events.insert':
      return { status: 200, body: calendar.insert(readEvent(body), account.email) }
    case 'events.update':
      return { status: 200, body: calendar.write(eventId, readEvent(body), { ...write, how: 'replace' }) }
    case 'events.patch':
      return { status: 200, body: calendar.write(eventId, readEvent(body), { ...write, how: 'merge' }) }
    case 'events.delete':
      calendar.remove(eventId, ifMatch)
      return { status: 204 }
    case 'events.instances':
      return { status: 200, body: listInstances(calendar, eventId, query, world.listing) }
    case 'events.watch': {
      const uri = `${world.url()}/calendar/v3/calendars/${encodeURIComponent(calendar.id)}/events?alt=json`
      return { status: 200, body: world.channels.watch(body, calendar.id, uri, account) }
    }
    default:
      return get(calendar, call)
  }
}

function get(calendar: Calendar, { route, query, headers }: Call): Answer {
  const event = calendar.find(route.eventId)
  if (headers['if-none-match'] === event.etag) return { status: 304, headers: { etag: event.etag } }
  return {
    status: 200,
    body: shown(event, query.get('timeZone') ?? undefined),
    headers: { etag: event.etag },
  }
}

const calendarBody = ({ id, summary, timeZone }: Calendar) => ({
  ...{ kind: 'calendar#calendar', etag: '"1"', id, summary, timeZone },
})

function calendarsOf(account: Account, { calendars, accounts }: World): Answer {
  const items = [...calendars.values()].flatMap((calendar) => {
    const accessRole = accounts.roleIn(calendar.id, account)
    const isOwn = calendar.id === account.calendarId
    const entry = { ...calendarBody(calendar), kind: 'calendar#calendarListEntry', accessRole }
    return accessRole ? [{ ...entry, ...(isOwn && { primary: true }) }] : []
  })
  return { status: 200, body: { kind: 'calendar#calendarList', etag: '"1"', items } }
}
