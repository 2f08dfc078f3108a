import { causeOf, type SafeCause } from './cause.ts'

/** Every code that a {@link DialogueStoreError} can have. */
export const ERROR_CODES = [
  'INVALID_INPUT',
  'USER_NOT_FOUND',
  'MESSAGE_NOT_FOUND',
  'EVENT_NOT_FOUND',
  'IDENTITY_TAKEN',
  'VERSION_CONFLICT',
  'STATE_CONFLICT',
  'TOO_LARGE',
  'TRANSACTIONS_UNSUPPORTED',
  'SERVER_UNSUPPORTED',
  'MIGRATION_PENDING',
  'MIGRATION_MISMATCH',
  'RETENTION_MISMATCH',
  'CURSOR_GONE',
  'TRANSACTION_CLOSED',
  'STORE_CLOSED',
  'OVERLOADED',
  'USER_LOCKED',
  'TIMEOUT',
  'UNAVAILABLE',
  'CALENDAR_CONFLICT',
  'CALENDAR_REFUSED',
  'CALENDAR_UNAVAILABLE',
] as const

export type ErrorCode = (typeof ERROR_CODES)[number]

/** `not-applied`: nothing of the call is stored. `unknown`: the server may have applied it. */
export type Outcome = 'not-applied' | 'unknown'

/** One thing wrong with an input: where, and why. Never the value itself. */
export interface InputIssue {
  path: (string | number)[]
  reason: string
}

export interface ErrorDetails {
  outcome?: Outcome
  retryable?: boolean
  issues?: InputIssue[]
  expected?: unknown
  actual?: unknown
  cause?: unknown
}

/** Codes for which the same call, made again, may well succeed. */
const WORTH_REPEATING: ReadonlySet<ErrorCode> = new Set([
  'OVERLOADED',
  'USER_LOCKED',
  'TIMEOUT',
  'UNAVAILABLE',
  'CALENDAR_UNAVAILABLE',
])

/**
 * What every verb rejects with. Its message says what to do; neither it, nor its `cause`, nor its stack
 * holds a user's text or a secret.
 */
export class DialogueStoreError extends Error {
  override readonly name = 'DialogueStoreError'
  readonly code: ErrorCode
  readonly outcome: Outcome
  /** Repeating the same call can help, and cannot store anything twice. */
  readonly retryable: boolean
  /** `INVALID_INPUT`: everything that is wrong. */
  declare readonly issues?: InputIssue[]
  /** `VERSION_CONFLICT`, `STATE_CONFLICT`: what the caller expected, and what is stored. */
  declare readonly expected?: unknown
  declare readonly actual?: unknown
  declare readonly cause?: SafeCause

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message)
    this.code = code
    this.outcome = details.outcome ?? 'not-applied'
    this.retryable = details.retryable ?? WORTH_REPEATING.has(code)
    if (details.issues) this.issues = details.issues
    if ('expected' in details) this.expected = details.expected
    if ('actual' in details) this.actual = details.actual
    if (details.cause !== undefined) this.cause = causeOf(details.cause)
  }
}

/** Of the things that are wrong, so many are in the sentence; all are in `issues`. */
const MOST_SAID = 10

export const invalidInput = (issues: InputIssue[], cause?: unknown): DialogueStoreError => {
  const where = issues
    .slice(0, MOST_SAID)
    .map(({ path, reason }) => `${path.map(printable).join('.') || 'input'}: ${reason}`)
  if (issues.length > MOST_SAID) where.push(`${issues.length - MOST_SAID} more, see issues`)
  return new DialogueStoreError('INVALID_INPUT', `Nothing was stored. Correct ${where.join('; ')}.`, {
    issues,
    cause,
  })
}

/** A path's part in a sentence. A key of a user's JSON may be long, or hold control characters. */
const printable = (part: string | number): string => {
  const text = JSON.stringify(part).replace(/^"|"$/g, '')
  return text.length > 40 ? `${text.slice(0, 40)}…` : text
}

/** The same error in other details: errors that were thrown are not changed. */
export const altered = (error: DialogueStoreError, details: ErrorDetails): DialogueStoreError =>
  new DialogueStoreError(error.code, error.message, { ...error, ...details })

/** For a call that would store a second thing when repeated: what is unknown must not be called retryable. */
export function notRepeatable(error: unknown): unknown {
  if (!(error instanceof DialogueStoreError) || error.outcome !== 'unknown') return error
  return altered(error, { retryable: false })
}

export const userNotFound = (): DialogueStoreError =>
  new DialogueStoreError(
    'USER_NOT_FOUND',
    'There is no such user, or they were deleted. Create the user first.',
  )

export const tooLarge = (cause?: unknown): DialogueStoreError =>
  new DialogueStoreError(
    'TOO_LARGE',
    'The document would be larger than the 16 MiB that MongoDB stores. Keep less in it.',
    { cause },
  )

export const versionConflict = (expected: number, actual: number): DialogueStoreError =>
  new DialogueStoreError(
    'VERSION_CONFLICT',
    `Version ${expected} was expected, ${actual} is stored. Read again, and repeat the change on what is there.`,
    { expected, actual },
  )

export const transactionClosed = (): DialogueStoreError =>
  new DialogueStoreError(
    'TRANSACTION_CLOSED',
    'The transaction has ended. Use tx only inside the function that got it, and await its calls there.',
  )

export const cursorGone = (cause?: unknown): DialogueStoreError =>
  new DialogueStoreError(
    'CURSOR_GONE',
    'The server no longer knows what was stored since then. Read a page with retrieveHistory(), and follow from its live.',
    { cause },
  )

export const storeClosed = (): DialogueStoreError =>
  new DialogueStoreError('STORE_CLOSED', 'The store is closed. Open another one with openStore().')

/** Of a verb that came too late to meet the error that ended its transaction. */
export const isAftermath = (error: unknown): boolean =>
  error instanceof DialogueStoreError && error.code === 'TRANSACTION_CLOSED'
