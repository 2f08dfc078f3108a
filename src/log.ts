import type { Log } from './config.ts'
import { toStoreError } from './db/failure.ts'
import { type EntityName, OWNERS } from './entity.ts'
import type { DialogueStoreError, ErrorCode } from './errors.ts'
import { toObjectId } from './ids.ts'
import { glance } from './input.ts'

export interface Observer {
  log: Log
  /** Before the names of the verbs in the log: `tx.`. */
  prefix?: string
  /** Whoever calls repeats it, and tells of trouble at the end. */
  isRepeated?: boolean
  /** Why no verb is taken any more, if so. */
  closed(): DialogueStoreError | undefined
  /** Why this call of a write would wait for itself, if so. */
  refuse?(args: readonly unknown[]): DialogueStoreError | undefined
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

export const isThrown = (error: unknown): boolean => error instanceof Thrown

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

/** How a kind of verbs is observed. */
interface Kind {
  /** Of a success: `debug` for reads, `info` for writes. */
  level: 'debug' | 'info'
  /** What an id given as first argument is the id of. */
  about: EntityName
}

/** One call of a verb: times it, logs its end, translates its error. */
function begin(observer: Observer, { level, about }: Kind, verb: string, argument: unknown) {
  const { log, prefix = '' } = observer
  const op = prefix + verb
  const start = performance.now()
  const subject = glance(() => subjectOf(argument, about))
  const entry = (value?: unknown) => ({
    op,
    ...glance(() => idIn(value, about)),
    ...subject,
    durationMs: Math.round((performance.now() - start) * 100) / 100,
  })
  return {
    done(value?: unknown): void {
      if (log.isLevelEnabled(level)) log[level]({ ...entry(value), outcome: 'ok' }, op)
    },
    fail(thrown: unknown): unknown {
      if (thrown instanceof Thrown) {
        log.warn({ ...entry(), outcome: 'callback-threw' }, op)
        return thrown.error
      }
      const error: DialogueStoreError = toStoreError(thrown)
      const said = (level === 'debug' && CUT_OFF.has(error.code) && observer.closed()) || error
      const { code, outcome, cause } = said
      /* A transaction in trouble is run again, or tells of it at its own end. */
      const severity = TROUBLE.has(code) ? (observer.isRepeated ? 'debug' : 'error') : 'warn'
      log[severity]({ ...entry(), outcome, code, cause: cause?.message }, op)
      return said
    },
  }
}

/** How a read ends when `close()` takes its connection away; writes are waited for. */
const CUT_OFF: ReadonlySet<ErrorCode> = new Set(['UNAVAILABLE', 'TIMEOUT'])

/** The id that a call is about, when it names one properly: never any other text of the caller. */
function subjectOf(argument: unknown, about: EntityName): object {
  const own = toObjectId(argument)
  if (own) return { [`${about}Id`]: own.toHexString() }
  const fields = Object(argument)
  const [user] = OWNERS.flatMap((owner) => toObjectId(fields[owner]) ?? [])
  return user ? { userId: user.toHexString() } : {}
}

/** The id in what a verb gave back: who was found or created, which event was stored. */
function idIn(value: unknown, about: EntityName): object {
  const { [about]: found = value } = Object(value)
  const { id } = Object(found)
  return toObjectId(id) ? { [`${about}Id`]: id } : {}
}

/** The same verbs, each with one line in the log when it ends, and each error a DialogueStoreError. */
export function observed<V extends { [name in keyof V]: (...args: never[]) => Promise<unknown> }>(
  observer: Observer,
  level: Kind['level'],
  about: EntityName,
  verbs: V,
): V {
  const wrap =
    (op: string, verb: (...args: never[]) => Promise<unknown>) =>
    async (...args: never[]) => {
      const call = begin(observer, { level, about }, op, args[0])
      try {
        const refusal = observer.closed() ?? (level === 'info' ? observer.refuse?.(args) : undefined)
        if (refusal) throw refusal
        const work = verb(...args)
        if (level === 'info') observer.track(work)
        const value = await work
        call.done(value)
        return value
      } catch (error) {
        throw call.fail(error)
      }
    }
  return mapVerbs(verbs, wrap)
}

/** `observed` for verbs that iterate: they throw at a `next()`, and are logged when they end, or are left. */
export function observedIterables<
  V extends { [name in keyof V]: (...args: never[]) => AsyncIterable<unknown> },
>(observer: Observer, verbs: V): V {
  async function* observe(op: string, argument: unknown, items: AsyncIterator<unknown>) {
    const call = begin(observer, { level: 'debug', about: 'user' }, op, argument)
    const open = () => {
      const closed = observer.closed()
      if (closed) throw closed
    }
    let failed = false
    try {
      open()
      for await (const item of { [Symbol.asyncIterator]: () => items }) {
        open()
        yield item
      }
    } catch (error) {
      failed = true
      throw call.fail(observer.closed() ?? error)
    } finally {
      if (!failed) call.done()
    }
  }
  const wrap =
    (op: string, verb: (...args: never[]) => AsyncIterable<unknown>) =>
    (...args: never[]) => {
      const items = verb(...args)[Symbol.asyncIterator]()
      const observed = observe(op, args[0], items)
      const iterator: AsyncIterableIterator<unknown> = {
        next: () => observed.next(),
        /* A generator hears of it only when it has its next item, for which it may wait for ever. */
        return() {
          void items.return?.().catch(() => {})
          return observed.return(undefined)
        },
        throw: (error) => observed.throw(error),
        [Symbol.asyncIterator]: () => iterator,
      }
      return iterator
    }
  return mapVerbs(verbs, wrap)
}

const mapVerbs = <V extends object>(verbs: V, wrap: (op: string, verb: V[keyof V]) => unknown): V =>
  Object.fromEntries(Object.entries(verbs).map(([op, verb]) => [op, wrap(op, verb)])) as V
