import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Account } from './accounts.ts'
import { createChannels } from './channels.ts'
import { createClock } from './clock.ts'
import { createDelivery } from './delivery.ts'
import { createDirectory } from './directory.ts'
import type { Judge } from './faults.ts'
import { createGrants, GRANTS_PATH } from './grants.ts'
import { createHandler } from './handler.ts'
import type { LoggedRequest } from './log.ts'
import type { World } from './operations.ts'
import type { CalendarOfPeople } from './people.ts'
import type { QuotaOptions } from './quota.ts'
import { createTokens } from './tokens.ts'

export type { Account, Role } from './accounts.ts'
export type { Fate, Judge, JudgedRequest } from './faults.ts'
export type { LoggedRequest } from './log.ts'
export type { CalendarOfPeople } from './people.ts'
export type { EventBody, EventResource, EventTime } from './resource.ts'
export type { Kind } from './routes.ts'

export interface CalendarServerOptions {
  /** Of calendars; UTC without it. */
  timeZone?: string
  quota?: QuotaOptions
  /** Takes channels whose address is not https, of this machine only. Google takes none. */
  allowHttp?: boolean
  /** 30 days without it: Google says that tokens expire, and not when. */
  syncTokenLivesMs?: number
}

export interface CalendarServer {
  /** For the `rootUrl` of a client. */
  url: string
  /** The account of someone; it and its primary calendar are made when it is first asked for. */
  account(email: string): Account
  /** Makes a calendar that is nobody's primary one; whom it is not shared with does not see it. */
  addCalendar(id: string, options?: { timeZone?: string }): CalendarOfPeople
  /** @throws Error if there is no such calendar */
  calendar(id: string): CalendarOfPeople
  /** The latest last. */
  requests: readonly LoggedRequest[]
  judgeBy(judge: Judge): void
  now(): number
  advance(ms: number): void
  revoke(token: string): void
  /** Resolves when the notifications of all that was done until now were delivered, or could not be. */
  notified(): Promise<void>
  stop(): Promise<void>
}

const MONTH = 30 * 86_400_000

/** A server on this machine that does what Google Calendar API v3 is published to do, as far as this project uses it. */
export async function startCalendarServer(options: CalendarServerOptions = {}): Promise<CalendarServer> {
  const { timeZone = 'UTC', allowHttp = false, syncTokenLivesMs = MONTH, quota } = options
  const clock = createClock()
  const delivery = createDelivery()
  const channels = createChannels({ clock, delivery, allowHttp })
  const directory = createDirectory({ clock, timeZone, notify: channels.notify })
  const listing = { tokens: createTokens(), now: clock.now, syncTokenLivesMs }
  const { accounts, calendars } = directory
  const world: World = { accounts, calendars, channels, listing, url: () => address.url }
  const handler = createHandler({ world, clock, quota })
  const grant = createGrants(accounts)
  const address = await listen((request, response) =>
    request.url === GRANTS_PATH ? grant(request, response) : handler.handle(request, response),
  )
  return {
    url: address.url,
    account: directory.account,
    addCalendar: (id, { timeZone: zone } = {}) => directory.addCalendar(id, zone),
    calendar: directory.calendar,
    requests: handler.requests,
    judgeBy: handler.judgeBy,
    ...{ now: clock.now, advance: clock.advance, revoke: accounts.revoke, notified: delivery.settled },
    async stop() {
      handler.stop()
      delivery.stop()
      await address.close()
    },
  }
}

async function listen(handle: (request: IncomingMessage, response: ServerResponse) => void) {
  const server = createServer(handle)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
