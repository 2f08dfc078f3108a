import { z } from 'zod'
import type { CalendarEvent } from '../events/schema.ts'
import { callable, date, LARGEST_TIMER_MS, parse, text } from '../input.ts'
import type { User } from '../users/schema.ts'
import type { GoogleEvent } from './fields.ts'
import type { CalendarClient } from './port.ts'
import type { OnConflict } from './resolve.ts'

type Given = CalendarClient | null | undefined

/** What a sync is created with. */
export interface CalendarSyncOptions {
  /**
   * `google.calendar({ version: 'v3', auth })` of `@googleapis/calendar`; or each creator's own, or none: then their events
   * wait.
   */
  calendar: CalendarClient | ((creator: User) => Given | Promise<Given>)
  /** Which calendar an event belongs in. Asked once, when it is published first. Default: `primary`. */
  calendarOf?: (event: CalendarEvent, creator: User) => string | Promise<string>
  /** Events that end before it are not published. Default: when the first sync was created, kept from then on. */
  since?: Date
  /**
   * The id of the user that somebody else's event belongs to; null, or no function: it is left alone. An instance of a
   * series that is not known here comes by itself, with its `recurringEventId`.
   */
  importAs?: (theirs: GoogleEvent) => string | null | Promise<string | null>
  /**
   * Who decides where both sides changed an event. Default: the later change. What a function throws, or what it gives
   * and is refused, rejects the pull that has asked it, at its end; the event waits for a push, which asks again.
   */
  onConflict?: OnConflict
  /**
   * Requests a minute that this process sends by each client; at least 60. Default 500, of the 600 that Google gives a
   * user: several processes that sync share them.
   */
  requestsPerMinute?: number
  /** Whom Google tells of changes by mail, of an event's attendees. Default: nobody. */
  sendUpdates?: 'all' | 'externalOnly' | 'none'
}

export const isClient = (value: unknown): value is CalendarClient =>
  typeof value === 'object' && value !== null && 'events' in value && 'channels' in value

const options = z.strictObject({
  calendar: z.custom<CalendarSyncOptions['calendar']>(
    (value) => isClient(value) || typeof value === 'function',
    "is neither google.calendar({ version: 'v3', auth }) nor a function that gives it",
  ),
  calendarOf: callable<NonNullable<CalendarSyncOptions['calendarOf']>>().optional(),
  since: date.optional(),
  importAs: callable<NonNullable<CalendarSyncOptions['importAs']>>().optional(),
  onConflict: z
    .union(
      [z.enum(['store', 'google']), callable<Extract<OnConflict, (...args: never) => unknown>>()],
      "must be 'store', 'google' or a function",
    )
    .optional(),
  requestsPerMinute: z.int().min(60).default(500),
  sendUpdates: z.enum(['all', 'externalOnly', 'none']).default('none'),
})
export type SyncConfig = z.output<typeof options>

/** @throws DialogueStoreError `INVALID_INPUT` */
export const parseSyncOptions = (given: unknown): SyncConfig => parse(options, given, ['options'])

export const calendarName = text(1024)

const LOCAL = new Set(['localhost', '127.0.0.1', '[::1]'])
/** Google takes no other; of this machine, a stand-in may. */
const isSafe = (address: string): boolean => {
  const url = URL.canParse(address) ? new URL(address) : undefined
  return url?.protocol === 'https:' || (url?.protocol === 'http:' && LOCAL.has(url.hostname))
}
export const watchOptions = z.strictObject({ address: text(2000).refine(isSafe, 'is not an https address') })

export const schedule = z
  .strictObject({
    pushEveryMs: z.int().min(100).max(LARGEST_TIMER_MS).default(5000),
    pullEveryMs: z.int().min(1000).max(LARGEST_TIMER_MS).default(60_000),
  })
  .prefault({})
export type Schedule = z.output<typeof schedule>
