import type mongoose from 'mongoose'
import { attempt, type Deadline, latest, runCommand, within } from '../db/attempt.ts'
import type { Database } from '../db/database.ts'
import { timedOut } from '../db/failure.ts'
import { heardBy } from '../db/moment.ts'

type Timestamp = mongoose.mongo.Timestamp

/** What the server says of its time. */
export interface ServerTime {
  /**
   * Everything stored up to here is seen by every read from now on. Undefined behind mongos, which doesn't say.
   * A cluster time alone is no such point: a write with an earlier time may still be on its way to be seen.
   */
  majority: Timestamp | undefined
  /** No write that is seen by now is later. */
  latest: Timestamp
}

export interface Clock {
  /**
   * A point that every read sees everything up to, known so lately that only another process may have stored
   * something behind it: of what this one has stored, and knows of, nothing is.
   */
  lately(): Timestamp | undefined
  /** A majority has everything up to here: something of this process's, which is stored by now. */
  passed(time: Timestamp): void
  /** This process has stored something, and nothing tells when. */
  unsure(): void
  /** The latest cluster time that this process has heard of: what it stored, and was told of, is not later. */
  heard(): Timestamp | undefined
  /** The server's time, asked after the call was made. */
  ask(deadline: Deadline): Promise<ServerTime>
}

/** How long a point that was found is one that was found lately. */
const LATELY_MS = 1000

export function createClock(database: Database): Clock {
  const hello = createShared((deadline) =>
    attempt(deadline, 'read', (terms) => runCommand(database.db, { hello: 1 }, terms)),
  )
  let known: { majority: Timestamp; until: number } | undefined
  let doubts = 0
  const learn = (majority: Timestamp) => {
    if (known && majority.lessThan(known.majority)) return
    known = { majority, until: performance.now() + LATELY_MS }
  }
  return {
    lately: () => (known && known.until > performance.now() ? known.majority : undefined),
    passed(time) {
      if (known) learn(time)
    },
    unsure() {
      doubts++
      known = undefined
    },
    heard: () => heardBy(database.client),
    async ask(deadline) {
      const doubtsBefore = doubts
      const { lastWrite, $clusterTime, operationTime } = await hello(deadline)
      const majority: Timestamp | undefined = lastWrite?.majorityOpTime?.ts
      if (majority && doubts === doubtsBefore) learn(majority)
      return { majority, latest: $clusterTime?.clusterTime ?? operationTime }
    },
  }
}

/** Whoever asks while a question is under way shares the next one: its answer is not older than their call. */
function createShared<T>(ask: (deadline: Deadline) => Promise<T>): (deadline: Deadline) => Promise<T> {
  let sent: Promise<unknown> | undefined
  let next: Promise<T> | undefined
  let askers: Deadline[] = []
  const question = async () => {
    await sent
    const answer = ask(latest(askers))
    sent = answer.catch(() => {})
    next = undefined
    askers = []
    return answer
  }
  return (deadline) => {
    askers.push(deadline)
    next ??= question()
    return within(deadline.remaining(), next, () => timedOut('not-applied'))
  }
}
