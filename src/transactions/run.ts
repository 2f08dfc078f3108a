import { AsyncLocalStorage } from 'node:async_hooks'
import { setImmediate as immediate } from 'node:timers/promises'
import type { Deadline } from '../db/attempt.ts'
import type { Stopwatch } from '../db/stopwatch.ts'
import { DialogueStoreError, isAftermath, transactionClosed } from '../errors.ts'
import type { Observer } from '../log.ts'
import { type Running, refusal } from './running.ts'
import { subjectsOf, subjectsOfCall } from './subjects.ts'

export type Verbs<V> = { [name in keyof V]: (...args: never[]) => Promise<unknown> }
type Verb = (...args: never[]) => Promise<unknown>

interface Needs<V> {
  inside: Deadline
  clock: Stopwatch
  own: Running
  log: Observer['log']
  /** Takes the turn of what a call is about. */
  take(subject: string): Promise<void>
  /** The verbs, each logged and with its errors translated. */
  bind(observer: Observer): V
}

/** One run of the caller's function. */
export interface Run<V> {
  tx: V
  /** What decides, if the server has ended the transaction: the error of the verb that met it first. */
  verdict(): { error: unknown } | undefined
  /** Waits for verbs that were called and not awaited. */
  settled(): Promise<void>
}

/** In a verb of which run a call is made: by a function that the caller gave to `updateContext` or `updateUser`. */
const callers = new AsyncLocalStorage<Running>()

export function createRun<V extends Verbs<V>>({ inside, clock, own, log, take, bind }: Needs<V>): Run<V> {
  const pending = new Set<Promise<unknown>>()
  let verdict: { error: unknown } | undefined
  let line: Promise<unknown> = Promise.resolve()
  const observer: Observer = {
    log,
    prefix: 'tx.',
    isRepeated: true,
    closed: () => (own.ended ? transactionClosed() : undefined),
    track: () => {},
  }

  async function call(verb: Verb, args: never[], subjects: string[]): Promise<unknown> {
    try {
      /* A turn taken after the end would be kept for ever. */
      for (const subject of subjects) if (!own.ended) await take(subject)
      const value = await verb(...args)
      for (const subject of subjectsOf([value])) own.named.add(subject)
      return value
    } catch (error) {
      if ((inside.transaction?.failed() || isServers(error)) && !isAftermath(error)) verdict ??= { error }
      throw error
    }
  }

  /** One verb after the other: each sees what those before it did. */
  function queued<T>(work: () => Promise<T>): Promise<T> {
    if (callers.getStore() === own) return work()
    const turn = line.then(() => callers.run(own, work))
    line = turn.catch(() => {})
    return turn
  }

  const tracked =
    (verb: Verb) =>
    (...args: never[]) => {
      const subjects = own.ended ? [] : subjectsOfCall(args)
      const refused = refusal(subjects, own.around)
      if (refused) return Promise.reject(refused)
      for (const subject of subjects) own.named.add(subject)
      const called = queued(() => clock.counted(() => call(verb, args, subjects)))
      pending.add(called)
      return called.finally(() => pending.delete(called))
    }

  const verbs = Object.entries<Verb>(bind(observer))
  return {
    tx: Object.fromEntries(verbs.map(([name, verb]) => [name, tracked(verb)])) as V,
    verdict: () => verdict,
    async settled() {
      while (pending.size > 0) {
        await Promise.allSettled(pending)
        /* Whoever waits for one of them may call another. */
        await immediate()
      }
    },
  }
}

/** Messages are read outside of the transaction, which does not notice what the server says there. */
const isServers = (error: unknown): boolean =>
  error instanceof DialogueStoreError && (error.code === 'UNAVAILABLE' || error.code === 'TIMEOUT')
