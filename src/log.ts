import type pino from 'pino'
import { toStoreError } from './db/failure.ts'
import { type DialogueStoreError, type ErrorCode, storeClosed } from './errors.ts'
import { toObjectId } from './ids.ts'

export interface Observer {
  log: pino.Logger
  closed(): boolean
  /** Told of every write as it begins; `close()` waits for them. */
  track(write: Promise<unknown>): void
}

/** What a callback of the caller threw: it goes back to them as it was. */
class Thrown {
  readonly error: unknown
  constructor(error: unknown) {
    this.error = error
  }
}

/** Calls the caller's own function; what it throws passes the verb untranslated. */
export async function callback<T>(call: () => T | Promise<T>): Promise<T> {
  try {
    return await call()
  } catch (error) {
    throw new Thrown(error)
  }
}

/** Failures that somebody should look at; the other codes are the caller's to expect. */
const TROUBLE: ReadonlySet<ErrorCode> = new Set([
  'TIMEOUT',
  'UNAVAILABLE',
  'OVERLOADED',
  'TRANSACTIONS_UNSUPPORTED',
])

/** One call of a verb: times it, logs its end, translates its error. */
function begin({ log }: Observer, level: 'debug' | 'info', op: string, subject: object) {
  const start = performance.now()
  const entry = () => ({ op, ...subject, durationMs: Math.round((performance.now() - start) * 100) / 100 })
  return {
    done(): void {
      if (log.isLevelEnabled(level)) log[level]({ ...entry(), outcome: 'ok' }, op)
    },
    fail(thrown: unknown): unknown {
      if (thrown instanceof Thrown) {
        log.warn({ ...entry(), outcome: 'callback-threw' }, op)
        return thrown.error
      }
      const error: DialogueStoreError = toStoreError(thrown)
      const { code, outcome, cause } = error
      log[TROUBLE.has(code) ? 'error' : 'warn']({ ...entry(), outcome, code, cause: cause?.message }, op)
      return error
    },
  }
}

/** The id that a call is about, when it names one properly: never any other text of the caller. */
function subjectOf(argument: unknown, key: string): object {
  const { userId, creatorId } = (argument ?? {}) as { userId?: unknown; creatorId?: unknown }
  const own = toObjectId(argument)
  if (own) return { [key]: own.toHexString() }
  const user = toObjectId(userId) ?? toObjectId(creatorId)
  return user ? { userId: user.toHexString() } : {}
}

/**
 * The same verbs, each with one line in the log when it ends, and each error a DialogueStoreError.
 * @param level of a success: `debug` for reads, `info` for writes
 * @param key what an id given as first argument is the id of
 */
export function observed<V extends { [name in keyof V]: (...args: never[]) => Promise<unknown> }>(
  observer: Observer,
  level: 'debug' | 'info',
  verbs: V,
  key: 'userId' | 'eventId' = 'userId',
): V {
  const wrap =
    (op: string, verb: (...args: never[]) => Promise<unknown>) =>
    async (...args: never[]) => {
      const call = begin(observer, level, op, subjectOf(args[0], key))
      try {
        if (observer.closed()) throw storeClosed()
        const work = verb(...args)
        if (level === 'info') observer.track(work)
        const value = await work
        call.done()
        return value
      } catch (error) {
        throw call.fail(error)
      }
    }
  return mapVerbs(verbs, wrap)
}

/** `observed` for verbs that iterate: they throw at the first `next()`, and are logged when they end. */
export function observedIterables<
  V extends { [name in keyof V]: (...args: never[]) => AsyncIterable<unknown> },
>(observer: Observer, verbs: V): V {
  const wrap = (op: string, verb: (...args: never[]) => AsyncIterable<unknown>) =>
    async function* (...args: never[]) {
      const call = begin(observer, 'debug', op, subjectOf(args[0], 'userId'))
      try {
        if (observer.closed()) throw storeClosed()
        yield* verb(...args)
        call.done()
      } catch (error) {
        throw call.fail(error)
      }
    }
  return mapVerbs(verbs, wrap)
}

const mapVerbs = <V extends object>(verbs: V, wrap: (op: string, verb: V[keyof V]) => unknown): V =>
  Object.fromEntries(Object.entries(verbs).map(([op, verb]) => [op, wrap(op, verb)])) as V
