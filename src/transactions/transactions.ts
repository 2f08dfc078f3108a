import type { Deadline } from '../db/attempt.ts'
import type { Database } from '../db/database.ts'
import type { KeyedQueue } from '../db/queue.ts'
import { createStopwatch, type Stopwatch } from '../db/stopwatch.ts'
import { DialogueStoreError, invalidInput, notRepeatable, transactionClosed } from '../errors.ts'
import { callback, type Observer } from '../log.ts'
import { type Running, type RunningTransactions, refusal } from './running.ts'
import { subjectsOf } from './subjects.ts'
import { createTurnstile } from './turnstile.ts'

type Verbs<V> = { [name in keyof V]: (...args: never[]) => Promise<unknown> }

interface Needs<V, T> {
  database: Database
  queue: KeyedQueue
  running: RunningTransactions
  /** Runs work in a transaction, and settles what it leaves. */
  inTurn<R>(deadline: Deadline, work: (turn: T, inside: Deadline) => Promise<R>, clock: Deadline): Promise<R>
  /** The verbs of one run, each logged and with its errors translated. */
  bind(turn: T, inside: Deadline, observer: Observer): V
  log: Observer['log']
}

/** One run of the caller's function. */
interface Run<V> {
  tx: V
  /** What decides, if the server has ended the transaction: the error of the verb that met it first. */
  verdict(): { error: unknown } | undefined
  /** Waits for verbs that were called and not awaited. */
  settled(): Promise<void>
}

/** Several verbs in one transaction: all of it happens, or none. */
export function createTransactions<V extends Verbs<V>, T>(needs: Needs<V, T>) {
  const { database, queue, running, inTurn } = needs

  async function withTransaction<R>(work: (tx: V) => Promise<R>): Promise<R> {
    if (typeof work !== 'function') throw invalidInput([{ path: ['work'], reason: 'must be a function' }])
    const clock = createStopwatch(database.timeoutMs)
    const turnstile = createTurnstile(queue, clock)
    const once = async (turn: T, inside: Deadline): Promise<R> => {
      await turnstile.takeAll()
      const own = running.begin()
      const run = begin(needs, { turn, inside, clock, own, take: turnstile.take })
      try {
        const value = await running.within(own, () => callback(() => work(run.tx)))
        await run.settled()
        const verdict = run.verdict()
        if (verdict) throw verdict.error
        return value
      } catch (error) {
        throw run.verdict()?.error ?? error
      } finally {
        own.ended = true
      }
    }
    try {
      return await inTurn(database.deadline(), once, clock)
    } catch (error) {
      /* Run again, the function would decide anew, and perhaps for the second time. */
      throw notRepeatable(error)
    } finally {
      turnstile.leave()
    }
  }

  return { withTransaction }
}

/** Of a verb that came too late to meet the server's error itself. */
const isAftermath = (error: unknown): boolean =>
  error instanceof DialogueStoreError && error.code === 'TRANSACTION_CLOSED'

interface RunNeeds<T> {
  turn: T
  inside: Deadline
  clock: Stopwatch
  own: Running
  take(key: string): Promise<void>
}

function begin<V extends Verbs<V>, T>(
  { bind, log }: Needs<V, T>,
  { turn, inside, clock, own, take }: RunNeeds<T>,
): Run<V> {
  const pending = new Set<Promise<unknown>>()
  let verdict: { error: unknown } | undefined
  const observer: Observer = {
    log,
    prefix: 'tx.',
    closed: () => (own.ended ? transactionClosed() : undefined),
    track: () => {},
  }
  const verbs = bind(turn, inside, observer)

  async function call(verb: (...args: never[]) => Promise<unknown>, args: never[]): Promise<unknown> {
    const refused = own.ended ? undefined : refusal(args, own.around)
    if (refused) throw refused
    const stop = clock.start()
    try {
      const subjects = own.ended ? [] : subjectsOf(args.slice(0, 1))
      for (const subject of subjects) {
        own.named.add(subject)
        await take(subject)
      }
      const value = await verb(...args)
      for (const subject of subjectsOf([value])) own.named.add(subject)
      return value
    } catch (error) {
      if (inside.transaction?.failed() && !isAftermath(error)) verdict ??= { error }
      throw error
    } finally {
      stop()
    }
  }

  const tracked =
    (verb: (...args: never[]) => Promise<unknown>) =>
    (...args: never[]) => {
      const called = call(verb, args)
      pending.add(called)
      return called.finally(() => pending.delete(called))
    }
  return {
    tx: Object.fromEntries(Object.entries(verbs).map(([name, verb]) => [name, tracked(verb as never)])) as V,
    verdict: () => verdict,
    async settled() {
      while (pending.size > 0) await Promise.allSettled(pending)
    },
  }
}
