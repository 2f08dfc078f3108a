import mongoose from 'mongoose'
import { altered, DialogueStoreError, type Outcome, tooLarge } from '../errors.ts'

const {
  MongoBulkWriteError,
  MongoClientClosedError,
  MongoError,
  MongoNetworkError,
  MongoServerSelectionError,
  MongoWriteConcernError,
} = mongoose.mongo

/* Numbers of the server, https://www.mongodb.com/docs/manual/reference/error-codes/ */
export const DUPLICATE_KEY = 11000
export const DOCUMENT_VALIDATION_FAILURE = 121
const MAX_TIME_EXPIRED = 50
const ILLEGAL_OPERATION = 20
const WRITE_CONFLICT = 112
const UNAUTHORIZED = new Set([13, 18])
export const DOCUMENT_TOO_LARGE = 10334
const TOO_LARGE = new Set([DOCUMENT_TOO_LARGE, 16493, 17419, 17420, 4568, 17280])
/** The member can't take the command now, and certainly didn't. */
const NOT_PRIMARY = new Set([10107, 13435, 13436])
/**
 * The set is changing, shutting down or out of reach, or the collection was swapped under the command (175), which
 * may have been applied.
 */
const CHANGING = new Set([6, 7, 64, 89, 91, 112, 134, 175, 189, 262, 9001, 11600, 11602])

/** The cursor of a read is gone: a new primary doesn't have it, or a capped collection overtook it. */
const CURSOR_LOST = new Set([43, 136, 237])

export const codeOf = (error: unknown): number | undefined => {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined
  return typeof error.code === 'number' ? error.code : undefined
}

/** Which unique index refused: the names of its fields. */
export const duplicateKeyFields = (error: unknown): string[] | undefined => {
  if (codeOf(error) !== DUPLICATE_KEY || typeof error !== 'object' || error === null) return undefined
  return 'keyPattern' in error && typeof error.keyPattern === 'object'
    ? Object.keys(error.keyPattern ?? {})
    : []
}

export const hasLabel = (error: unknown, label: string): boolean =>
  error instanceof MongoError && error.hasErrorLabel(label)

/** Somebody else writes to the same document. */
export const isConflict = (error: unknown): boolean => codeOf(error) === WRITE_CONFLICT

/** What kept a bulk write from the server, which the driver wraps, and calls the server's. */
export const unwrapped = (error: unknown): unknown =>
  error instanceof MongoBulkWriteError && error.errorResponse instanceof MongoError
    ? error.errorResponse
    : error

/** The driver looked for a primary, and found none in its time. */
export const isUnreachable = (error: unknown): boolean => error instanceof MongoServerSelectionError

/* Of Node, https://nodejs.org/api/errors.html */
const BROKEN = new Set([
  ...[
    'ECONNRESET',
    'ECONNABORTED',
    'EPIPE',
    'ENOTCONN',
    'ETIMEDOUT',
    'EHOSTUNREACH',
    'ENETUNREACH',
    'ENETDOWN',
  ],
  ...['EPROTO', 'ERR_STREAM_DESTROYED', 'ERR_STREAM_WRITE_AFTER_END'],
])

/**
 * The connection broke. Where that happened while a command was being written, which a long one takes a while for, the
 * driver hands on what Node says of it.
 */
const isBroken = (error: unknown): boolean =>
  error instanceof MongoNetworkError ||
  (typeof error === 'object' && error !== null && 'code' in error && BROKEN.has(String(error.code)))

const neverSent = (error: unknown): boolean => isUnreachable(error) || NOT_PRIMARY.has(codeOf(error) ?? 0)

/** Whether the same command may go through when sent again. */
export const isTransient = (error: unknown): boolean =>
  isBroken(error) ||
  error instanceof MongoWriteConcernError ||
  neverSent(error) ||
  hasLabel(error, 'RetryableWriteError') ||
  CHANGING.has(codeOf(error) ?? 0) ||
  CURSOR_LOST.has(codeOf(error) ?? 0)

/** The server gave up at maxTimeMS. */
export const isExpired = (error: unknown): boolean => codeOf(error) === MAX_TIME_EXPIRED

/** A document, or what was made of it, is beyond what MongoDB stores. */
export const isTooLarge = (error: unknown): boolean => TOO_LARGE.has(codeOf(error) ?? 0)

/** The application closed its connection under the command. */
const isCutOff = (error: unknown): boolean => error instanceof MongoClientClosedError

/** Whether a command that failed so may have been applied all the same. */
export const isUnsure = (error: unknown): boolean =>
  !neverSent(error) && (isTransient(error) || isExpired(error) || isCutOff(error))

/* Errors of the driver that a verb may want to understand by itself, before they are translated. */
const unsure = new WeakSet<object>()

/** The same error, of which `toStoreError` knows that an attempt before it may have been applied. */
export function asUnsure(error: unknown): unknown {
  if (typeof error === 'object' && error !== null) unsure.add(error)
  return error
}

const outcomeOf = (error: unknown): Outcome =>
  typeof error === 'object' && error !== null && unsure.has(error) ? 'unknown' : 'not-applied'

export const timedOut = (outcome: Outcome): DialogueStoreError =>
  new DialogueStoreError(
    'TIMEOUT',
    outcome === 'unknown'
      ? 'The server did not answer in time; it may have applied the call. Read what is stored before repeating it.'
      : 'The server did not answer in time. Repeat the call, or open the store with a longer timeoutMs.',
    { outcome },
  )

/** The same error, where more is known of what the server did. */
export function withOutcome(error: DialogueStoreError, outcome: Outcome): DialogueStoreError {
  if (error.outcome === outcome) return error
  return error.code === 'TIMEOUT' ? timedOut(outcome) : altered(error, { outcome })
}

/** Work of which more is known than its errors tell: whatever fails in it, this is what the server did. */
export async function withFailuresAs<T>(outcome: Outcome, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw withOutcome(toStoreError(error), outcome)
  }
}

/** Translates what the driver throws. The driver's text may quote documents, so none of it is kept. */
export function toStoreError(error: unknown, outcome: Outcome = outcomeOf(error)): DialogueStoreError {
  if (error instanceof DialogueStoreError) return error
  const details = { cause: error, outcome }
  const code = codeOf(error) ?? 0
  if (isExpired(error)) return timedOut(outcome)
  if (isTooLarge(error)) return tooLarge(error)
  if (code === DOCUMENT_VALIDATION_FAILURE) {
    const issues = [{ path: [], reason: "the server's validator refused the document" }]
    const text =
      'MongoDB refused the document. Run the pending migrations, or find who changed the validator.'
    return new DialogueStoreError('INVALID_INPUT', text, { ...details, issues })
  }
  if (code === ILLEGAL_OPERATION) return transactionsUnsupported(error)
  if (UNAUTHORIZED.has(code)) {
    const text = "The server refused the credentials. Check the URI's user, and its rights on this database."
    return new DialogueStoreError('UNAVAILABLE', text, { ...details, retryable: false })
  }
  if (isConflict(error)) {
    const text = 'Others went on writing to the same documents until the time was over. Repeat the call.'
    return new DialogueStoreError('UNAVAILABLE', text, details)
  }
  const text =
    'MongoDB is out of reach or refused the command. See the cause, and check the server and the URI.'
  return new DialogueStoreError('UNAVAILABLE', text, { ...details, retryable: isTransient(error) })
}

export const transactionsUnsupported = (cause?: unknown): DialogueStoreError =>
  new DialogueStoreError(
    'TRANSACTIONS_UNSUPPORTED',
    'The server is a standalone, and the store needs transactions. Make it a one-node replica set: ' +
      "start mongod with --replSet rs0, then run mongosh --eval 'rs.initiate()' once.",
    { cause },
  )
