import { toStoreError, withOutcome } from '../db/failure.ts'
import { DialogueStoreError, type ErrorCode, type Outcome } from '../errors.ts'
import { isThrown } from '../log.ts'

/**
 * What Google's answer means for us.
 * - `again`: later it may go through
 * - `access`: who asks has no access just now, which somebody has to give again
 * - `conflict`: the id is taken (409), or somebody was faster (412)
 * - `gone`: it is not there (404), or not any more (410)
 * - `refused`: it will never go through as it is
 */
export type Meaning = 'again' | 'access' | 'conflict' | 'gone' | 'refused'

/** What Google answered, without its text, which may quote an event. */
export class GoogleFailure extends Error {
  readonly meaning: Meaning
  /** Too many requests. */
  readonly isLimit: boolean
  /** Undefined: no answer came, and it may be done. */
  readonly status: number | undefined
  readonly reason: string | undefined
  /** Google asks for so much patience, in ms. */
  readonly retryAfterMs: number | undefined
  /** Of the call that ends with it. */
  readonly outcome: Outcome

  constructor(
    status: number | undefined,
    reason: string | undefined,
    retryAfterMs?: number,
    outcome: Outcome = status === undefined || status >= 500 ? 'unknown' : 'not-applied',
  ) {
    super(describe(status, reason))
    this.meaning = meaningOf(status, reason)
    this.isLimit = status === 429 || (status === 403 && this.meaning === 'again')
    this.status = status
    this.reason = reason
    this.retryAfterMs = retryAfterMs
    this.outcome = outcome
  }
}

/** It is not there, or not any more. */
export const isGone = (error: unknown): error is GoogleFailure =>
  error instanceof GoogleFailure && error.meaning === 'gone'

/** Whose calendar it is does not let us in. */
export const noAccess = (): GoogleFailure => new GoogleFailure(401, 'noAccess')

/** `onConflict` threw this, or gave what was refused with it: nothing is known of the event but that it has to wait. */
export class Undecided extends Error {
  readonly reason: unknown

  constructor(reason: unknown) {
    super('onConflict did not decide.')
    this.reason = reason
  }
}

/** What a function of the caller's threw, as if access had failed: it may do better the next time. */
export const callbackFailed = (): GoogleFailure => new GoogleFailure(401, 'callback')

const describe = (status: number | undefined, reason: string | undefined): string =>
  status === undefined ? 'Google did not answer.' : `Google answered ${status}${reason ? ` ${reason}` : ''}.`

/* https://developers.google.com/workspace/calendar/api/guides/errors */
const LIMITS = new Set(['rateLimitExceeded', 'userRateLimitExceeded', 'quotaExceeded', 'dailyLimitExceeded'])
/* RFC 6749, 5.2: of Google's token server, to a client whose access was withdrawn. */
const NO_ACCESS = new Set(['invalid_grant', 'invalid_client', 'unauthorized_client'])

function meaningOf(status: number | undefined, reason = ''): Meaning {
  if (NO_ACCESS.has(reason) || status === 401) return 'access'
  if (status === undefined || status === 408 || status === 429 || status >= 500) return 'again'
  if (status === 403 && LIMITS.has(reason)) return 'again'
  if (status === 409 || status === 412) return 'conflict'
  return status === 404 || status === 410 ? 'gone' : 'refused'
}

/** Translates what the client throws. */
export function toGoogleFailure(error: unknown): GoogleFailure {
  if (error instanceof GoogleFailure) return error
  const { response, status, code } = Object(error) as Thrown
  const given = response?.status ?? (typeof status === 'number' ? status : Number(code))
  const known = Number.isInteger(given) && given >= 300 && given < 600 ? given : undefined
  return new GoogleFailure(known, reasonIn(response?.data), retryAfterIn(response?.headers))
}

interface Thrown {
  response?: { status?: number; data?: unknown; headers?: unknown }
  status?: unknown
  code?: unknown
}

interface Body {
  error?: string | { status?: string; errors?: { reason?: string }[] }
}

function reasonIn(data: unknown): string | undefined {
  const { error } = Object(data) as Body
  const reason = typeof error === 'object' ? (error?.errors?.[0]?.reason ?? error?.status) : error
  /* A word of theirs, and no text. */
  return typeof reason === 'string' && /^\w{1,60}$/.test(reason) ? reason : undefined
}

/** Nobody waits for longer, whatever was asked for: a timer could not, and ends at once. */
const LONGEST_MS = 86_400_000

/** RFC 9110, 10.2.3: seconds, or a date. */
function retryAfterIn(headers: unknown): number | undefined {
  const read: { get?(name: string): unknown } & Record<string, unknown> = Object(headers)
  /* Of whichever implementation of fetch the client brings. */
  const given = typeof read.get === 'function' ? read.get('retry-after') : read['retry-after']
  if (typeof given !== 'string') return undefined
  const ms = /^\d+$/.test(given) ? Number(given) * 1000 : Date.parse(given) - Date.now()
  return ms > 0 ? Math.min(ms, LONGEST_MS) : undefined
}

const CODES: Record<Meaning, ErrorCode> = {
  again: 'CALENDAR_UNAVAILABLE',
  access: 'CALENDAR_REFUSED',
  conflict: 'CALENDAR_CONFLICT',
  gone: 'CALENDAR_REFUSED',
  refused: 'CALENDAR_REFUSED',
}

const ADVICE: Record<Meaning, string> = {
  again: 'Repeat the call in a while.',
  access: 'Let the user connect their calendar again.',
  conflict: 'Read what is there, and decide.',
  gone: 'Check the id of the calendar.',
  refused: 'Check what the account may do, and what was sent.',
}

/** What callers of a sync hear of it. */
export function toCalendarError(error: unknown): unknown {
  if (!(error instanceof GoogleFailure)) return error
  const { meaning, outcome, message } = error
  return new DialogueStoreError(CODES[meaning], `${message} ${ADVICE[meaning]}`, { outcome })
}

/** The same, of a call of which a part may be done. What a function of the caller's threw stays as it was. */
export function partly(error: unknown): unknown {
  if (isThrown(error)) return error
  if (!(error instanceof GoogleFailure)) return withOutcome(toStoreError(error), 'unknown')
  const { status, reason, retryAfterMs } = error
  return new GoogleFailure(status, reason, retryAfterMs, 'unknown')
}

/** Whether a call may have done something before it ended so. */
export function isPartly(error: unknown): boolean {
  if (isThrown(error)) return true
  const { outcome } = error instanceof GoogleFailure ? error : toStoreError(error)
  return outcome === 'unknown'
}
