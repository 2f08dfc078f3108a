/** What a request is. */
export type Kind =
  | `events.${'insert' | 'get' | 'update' | 'patch' | 'delete' | 'list' | 'instances' | 'watch'}`
  | 'channels.stop'
  | 'calendars.get'
  | 'calendarList.list'
  | 'unknown'

export interface Route {
  kind: Kind
  calendarId: string
  eventId: string
}

const CALENDAR = '/calendar/v3/calendars/([^/]+)'
const EVENTS = `${CALENDAR}/events`
const ROUTES: [method: string, path: string, kind: Kind][] = [
  ['POST', EVENTS, 'events.insert'],
  ['GET', EVENTS, 'events.list'],
  ['POST', `${EVENTS}/watch`, 'events.watch'],
  ['GET', `${EVENTS}/([^/]+)`, 'events.get'],
  ['PUT', `${EVENTS}/([^/]+)`, 'events.update'],
  ['PATCH', `${EVENTS}/([^/]+)`, 'events.patch'],
  ['DELETE', `${EVENTS}/([^/]+)`, 'events.delete'],
  ['GET', `${EVENTS}/([^/]+)/instances`, 'events.instances'],
  ['POST', '/calendar/v3/channels/stop', 'channels.stop'],
  ['GET', CALENDAR, 'calendars.get'],
  ['GET', '/calendar/v3/users/me/calendarList', 'calendarList.list'],
]

export function routeOf(method: string, path: string): Route {
  for (const [itsMethod, pattern, kind] of ROUTES) {
    const match = itsMethod === method && new RegExp(`^${pattern}$`).exec(path)
    if (!match) continue
    const [calendarId = '', eventId = ''] = match.slice(1).map(decoded)
    return { kind, calendarId, eventId }
  }
  return { kind: 'unknown', calendarId: '', eventId: '' }
}

/** Of what is not encoded rightly there is nothing. */
function decoded(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    return ''
  }
}
