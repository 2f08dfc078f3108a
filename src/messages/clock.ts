import type mongoose from 'mongoose'
import { attempt, type Deadline, runCommand } from '../db/attempt.ts'
import type { Database } from '../db/database.ts'

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
  /** The latest cluster time that this process has heard of: what it stored, and was told of, is not later. */
  heard(): Timestamp | undefined
  /** The server's time, asked after the call was made. */
  ask(deadline: Deadline): Promise<ServerTime>
}

/** The driver keeps the cluster time that it has to tell servers; its types leave that out. */
type Gossiping = mongoose.mongo.MongoClient & { topology?: { clusterTime?: { clusterTime: Timestamp } } }

export function createClock(database: Database): Clock {
  const { topology }: Gossiping = database.client
  const hello = createShared((deadline) =>
    attempt(deadline, 'read', (terms) => runCommand(database.db, { hello: 1 }, terms)),
  )
  return {
    heard: () => topology?.clusterTime?.clusterTime,
    async ask(deadline) {
      const { lastWrite, $clusterTime, operationTime } = await hello(deadline)
      return {
        majority: lastWrite?.majorityOpTime?.ts,
        latest: $clusterTime?.clusterTime ?? operationTime,
      }
    },
  }
}

/** Whoever asks while a question is under way shares the next one: its answer is not older than their call. */
function createShared<T>(ask: (deadline: Deadline) => Promise<T>): (deadline: Deadline) => Promise<T> {
  let sent: Promise<unknown> | undefined
  let next: Promise<T> | undefined
  return (deadline) => {
    if (next) return next
    const question = async () => {
      await sent
      const answer = ask(deadline)
      sent = answer.catch(() => {})
      next = undefined
      return answer
    }
    next = question()
    return next
  }
}
