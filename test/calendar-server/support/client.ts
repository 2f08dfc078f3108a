import type { calendar_v3 } from '@googleapis/calendar'
import { afterEach } from '@jest/globals'
import { clientOf as clientOfStandIn } from '../../../scripts/calendar-server/client.ts'
import {
  type Account,
  type CalendarServer,
  type CalendarServerOptions,
  startCalendarServer,
} from '../../../scripts/calendar-server/index.ts'

export type Client = calendar_v3.Calendar

const started: CalendarServer[] = []

/** It is stopped after the test. */
export async function startServer(options?: CalendarServerOptions): Promise<CalendarServer> {
  const server = await startCalendarServer(options)
  started.push(server)
  return server
}

afterEach(async () => {
  for (const server of started.splice(0)) await server.stop()
})

/** It does not try again: what it gets is what the server said. */
export const clientOf = (server: CalendarServer, token: string): Client =>
  clientOfStandIn(server, token, { retry: false })

export async function open(options?: CalendarServerOptions) {
  const server = await startServer(options)
  const ana: Account = server.account('ana@example.com')
  return { server, ana, client: clientOf(server, ana.token), people: server.calendar(ana.calendarId) }
}

export const PRIMARY = { calendarId: 'primary' }

export const event = (fields: calendar_v3.Schema$Event = {}): calendar_v3.Schema$Event => ({
  summary: 'Call',
  start: { dateTime: '2030-05-06T10:00:00Z' },
  end: { dateTime: '2030-05-06T11:00:00Z' },
  ...fields,
})

/** Daily at ten in Berlin, which is UTC+1 until 31 March 2030. */
export const series = (fields: calendar_v3.Schema$Event = {}): calendar_v3.Schema$Event => ({
  summary: 'Stand-up',
  start: { dateTime: '2030-03-29T10:00:00', timeZone: 'Europe/Berlin' },
  end: { dateTime: '2030-03-29T10:15:00', timeZone: 'Europe/Berlin' },
  recurrence: ['RRULE:FREQ=DAILY;COUNT=4'],
  ...fields,
})

export async function insert(client: Client, requestBody: calendar_v3.Schema$Event) {
  const { data } = await client.events.insert({ ...PRIMARY, requestBody })
  return { ...data, id: data.id ?? '', etag: data.etag ?? '' }
}

/** The whole list, page by page. */
export async function listAll(client: Client, params: calendar_v3.Params$Resource$Events$List = {}) {
  const items: calendar_v3.Schema$Event[] = []
  let pageToken: string | undefined
  for (;;) {
    const { data } = await client.events.list({ ...PRIMARY, ...params, ...(pageToken && { pageToken }) })
    items.push(...(data.items ?? []))
    if (!data.nextPageToken) return { items, syncToken: data.nextSyncToken ?? '' }
    pageToken = data.nextPageToken
  }
}

interface Refused {
  status?: number
  reason?: string | undefined
}

/** How a request was refused; nothing if it was not. */
export async function refusalOf(request: Promise<unknown>): Promise<Refused> {
  try {
    await request
    return {}
  } catch (error) {
    const response = error instanceof Error && 'response' in error ? error.response : undefined
    const { status, data } = (response ?? {}) as { status?: number; data?: ErrorBody }
    return { ...(status !== undefined && { status }), reason: data?.error?.errors?.[0]?.reason }
  }
}

interface ErrorBody {
  error?: { code: number; message: string; errors?: { domain: string; reason: string; message: string }[] }
}
