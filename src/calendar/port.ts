import type { calendar_v3 } from '@googleapis/calendar'
import { within } from '../db/attempt.ts'
import { GoogleFailure, toGoogleFailure } from './failure.ts'
import type { GoogleEvent } from './fields.ts'
import { createLimiter, type Limiter } from './limiter.ts'

/** A client of `@googleapis/calendar`: what of it is used. */
export type CalendarClient = Pick<calendar_v3.Calendar, 'events' | 'channels' | 'calendars'>

export interface Page {
  items: GoogleEvent[]
  /** The calendar's own. */
  timezone: string
  nextPageToken: string | undefined
  nextSyncToken: string | undefined
}

/** What a sync asks of Google, one request each. Rejects with a {@link GoogleFailure}. */
export interface GoogleCalendar {
  /** The id behind a name like `primary`. */
  calendarId(calendarId: string): Promise<string>
  insert(calendarId: string, event: GoogleEvent): Promise<GoogleEvent>
  get(calendarId: string, eventId: string): Promise<GoogleEvent>
  /** @param etag of the version that is changed: if there is another one by now, 412 */
  patch(
    calendarId: string,
    eventId: string,
    change: GoogleEvent,
    etag: string | undefined,
  ): Promise<GoogleEvent>
  remove(calendarId: string, eventId: string, etag?: string): Promise<void>
  /** Whether it is there, for who asks: Google calls one that they may not see not found. */
  isReadable(calendarId: string): Promise<boolean>
  /** All events with a token of none, or what has changed since. */
  list(calendarId: string, place: { syncToken?: string; pageToken?: string }): Promise<Page>
  watch(calendarId: string, channel: calendar_v3.Schema$Channel): Promise<calendar_v3.Schema$Channel>
  stopChannel(channel: calendar_v3.Schema$Channel): Promise<void>
}

/** A calendar, by somebody's access. */
export interface Reached {
  google: GoogleCalendar
  calendarId: string
  /** The calendar's own time zone. */
  zone: string
}

export interface PortOptions {
  /** Requests a minute: https://developers.google.com/workspace/calendar/api/guides/quota */
  perMinute: number
  /** Whether Google writes to attendees. */
  sendUpdates: 'all' | 'externalOnly' | 'none'
}

/** A request ends before its event's lease does. */
export const REQUEST_MS = 15_000
const PAGE = 250
/** After Google has said that it is too much, where it does not say how long. */
const PAUSE_MS = 500
/** Who waits may hold a lease. What fails waits longer, each for itself. */
const LONGEST_PAUSE_MS = 10_000

/** Of one client all requests are counted together, whoever sends them. */
const limiters = new WeakMap<CalendarClient, Limiter>()

function limiterOf(client: CalendarClient, perMinute: number): Limiter {
  const limiter = limiters.get(client) ?? createLimiter(perMinute)
  limiters.set(client, limiter)
  return limiter
}

export function createPort(client: CalendarClient, { perMinute, sendUpdates }: PortOptions): GoogleCalendar {
  const { events, channels, calendars } = client
  const { turn, pause } = limiterOf(client, perMinute)

  async function ask<T>(
    request: (options: RequestOptions) => Promise<{ data: T }>,
    etag?: string,
  ): Promise<T> {
    await turn()
    try {
      const headers: Record<string, string> = etag === undefined ? {} : { 'If-Match': etag }
      const options = { ...BY_US, headers, adapter: sendBefore(Date.now() + REQUEST_MS) }
      return (await within(REQUEST_MS, request(options), noAnswer)).data
    } catch (error) {
      const failure = toGoogleFailure(error)
      /* Too fast, for all that this client sends. */
      if (failure.isLimit) pause(Math.min(failure.retryAfterMs ?? PAUSE_MS, LONGEST_PAUSE_MS))
      throw failure
    }
  }

  return {
    async calendarId(calendarId) {
      return (await ask((options) => calendars.get({ calendarId }, options))).id ?? calendarId
    },
    insert: (calendarId, event) =>
      ask((options) => events.insert({ calendarId, sendUpdates, requestBody: withoutEmpty(event) }, options)),
    get: (calendarId, eventId) => ask((options) => events.get({ calendarId, eventId }, options)),
    patch: (calendarId, eventId, requestBody, etag) =>
      ask((options) => events.patch({ calendarId, eventId, sendUpdates, requestBody }, options), etag),
    remove: (calendarId, eventId, etag) =>
      ask((options) => events.delete({ calendarId, eventId, sendUpdates }, options), etag),
    async isReadable(calendarId) {
      try {
        await ask((options) => events.list({ calendarId, maxResults: 1 }, options))
        return true
      } catch (error) {
        if (toGoogleFailure(error).meaning === 'again') throw error
        return false
      }
    },
    async list(calendarId, place) {
      const wanted = { calendarId, maxResults: PAGE, showDeleted: true, ...place }
      const page = await ask((options) => events.list(wanted, options))
      return {
        items: page.items ?? [],
        timezone: page.timeZone ?? 'UTC',
        nextPageToken: page.nextPageToken ?? undefined,
        nextSyncToken: page.nextSyncToken ?? undefined,
      }
    },
    watch: (calendarId, requestBody) => ask((options) => events.watch({ calendarId, requestBody }, options)),
    stopChannel: (requestBody) => ask((options) => channels.stop({ requestBody }, options)),
  }
}

type RequestOptions = typeof BY_US & {
  headers: Record<string, string>
  adapter: ReturnType<typeof sendBefore>
}

/** We repeat what is to be repeated: the client would not look what became of the first attempt. */
const BY_US = { retry: false } as const

/** A request may first have to wait for a token: what is late then is not sent, and the rest has less time. */
const sendBefore =
  (end: number) =>
  <O extends { signal?: AbortSignal | null }, R>(options: O, send: (options: O) => R): R => {
    const left = end - Date.now()
    if (left <= 0) throw noAnswer()
    return send(Object.assign(options, { signal: AbortSignal.timeout(left) }))
  }

const noAnswer = () => new GoogleFailure(undefined, undefined)

/** An insert has nothing to clear. */
const withoutEmpty = (event: GoogleEvent): GoogleEvent =>
  JSON.parse(JSON.stringify(event, (_, value: unknown) => (isEmpty(value) ? undefined : value)))

const isEmpty = (value: unknown): boolean =>
  value === null || value === '' || (Array.isArray(value) && value.length === 0)
