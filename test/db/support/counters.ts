import { afterAll, beforeAll, beforeEach } from '@jest/globals'
import { attempt, type Deadline, deadlineIn } from '../../../src/db/attempt.ts'
import type { Collection } from '../../../src/db/database.ts'
import { inTransaction } from '../../../src/db/transaction.ts'
import { type FailingDatabase, makeFailingDatabase } from './failing.ts'

interface Counter {
  _id: string
  n: number
}

/** For the tests of one file: a counter `a` that stands at 0, and what counts in transactions. */
export function useCounters() {
  let failing: FailingDatabase
  let counters: Collection<Counter>
  let plain: Collection<Counter>
  let made = 0
  beforeAll(async () => {
    failing = await makeFailingDatabase()
  })
  afterAll(() => failing?.stop())
  /* A commit that never arrives leaves its transaction open on the server, which holds what it wrote for a minute. */
  beforeEach(async () => {
    const name = `counters${made++}`
    counters = failing.database.internal(name)
    plain = failing.plain.collection(failing.database.nameOf(name))
    await plain.insertOne({ _id: 'a', n: 0 })
    await failing.heal()
  })

  return {
    run: <T>(work: (inside: Deadline) => Promise<T>, ms = 20_000): Promise<T> =>
      inTransaction(failing.database, deadlineIn(ms), work),
    join: <T>(inside: Deadline, work: (joined: Deadline) => Promise<T>): Promise<T> =>
      inTransaction(failing.database, inside, work),
    raise: (inside: Deadline) =>
      attempt(inside, 'write', (terms) => counters.updateOne({ _id: 'a' }, { $inc: { n: 1 } }, terms)),
    insert: (inside: Deadline, _id: string) =>
      attempt(inside, 'write', (terms) => counters.insertOne({ _id, n: 0 }, terms)),
    read: (inside: Deadline, _id = 'a') =>
      attempt(inside, 'read', (terms) => counters.findOne({ _id }, terms)),
    /** Somebody else, outside: waits no longer than two seconds for what a transaction holds. */
    raiseBeside: (by: number, maxTimeMS = 2000) =>
      plain.updateOne({ _id: 'a' }, { $inc: { n: by } }, { maxTimeMS }),
    stored: async (): Promise<Record<string, number>> =>
      Object.fromEntries((await plain.find().toArray()).map(({ _id, n }) => [_id, n])),
    sent: (): string[] => failing.sent,
    countSent: (name: string): number => failing.sent.filter((one) => one === name).length,
    fail: (...how: Parameters<FailingDatabase['fail']>) => failing.fail(...how),
    heal: () => failing.heal(),
    freeze: <T>(work: () => Promise<T>): Promise<T> => failing.freeze(work),
  }
}

/** What a call that has to fail throws, whatever it is. */
export const thrownBy = (call: Promise<unknown>): Promise<unknown> =>
  call.then(
    () => {
      throw new Error('it should have failed')
    },
    (error: unknown) => error,
  )
