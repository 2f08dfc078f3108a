import type { Deadline } from '../db/attempt.ts'
import type { Database } from '../db/database.ts'
import type { KeyedQueue } from '../db/queue.ts'
import { createStopwatch } from '../db/stopwatch.ts'
import { invalidInput, notRepeatable } from '../errors.ts'
import { callback, type Observer } from '../log.ts'
import { createRun, type Verbs } from './run.ts'
import type { RunningTransactions } from './running.ts'
import { createTurnstile } from './turnstile.ts'

interface Needs<V, T> {
  database: Database
  queue: KeyedQueue
  running: RunningTransactions
  /** Runs work in a transaction, and settles what it leaves. */
  transact<R>(deadline: Deadline, work: (turn: T, inside: Deadline) => Promise<R>): Promise<R>
  /** The verbs of one run, each logged and with its errors translated. */
  bind(turn: T, inside: Deadline, observer: Observer): V
  log: Observer['log']
}

/** Several verbs in one transaction: all of it happens, or none. */
export function createTransactions<V extends Verbs<V>, T>(needs: Needs<V, T>) {
  const { database, queue, running, transact, bind, log } = needs

  async function withTransaction<R>(work: (tx: V) => Promise<R>): Promise<R> {
    if (typeof work !== 'function') throw invalidInput([{ path: ['work'], reason: 'must be a function' }])
    const clock = createStopwatch(database.timeoutMs)
    const { takeAll, take, leave } = createTurnstile(queue, clock)
    const once = async (turn: T, inside: Deadline): Promise<R> => {
      await takeAll()
      const own = running.begin()
      const bound = (observer: Observer) => bind(turn, inside, observer)
      const run = createRun<V>({ inside, clock, own, log, take, bind: bound })
      const called = () => running.within(own, () => callback(() => work(run.tx)))
      try {
        const value = await clock.aside(called)
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
      return await transact(clock, once)
    } catch (error) {
      /* Run again, the function would decide anew, and perhaps for the second time. */
      throw notRepeatable(error)
    } finally {
      leave()
    }
  }

  return { withTransaction }
}
