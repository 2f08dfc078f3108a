import type mongoose from 'mongoose'
import { attempt, backOff, type Deadline, isHopeless, within } from './attempt.ts'
import type { Database } from './database.ts'
import { hasLabel, isTransient, timedOut, toStoreError } from './failure.ts'

type ClientSession = mongoose.mongo.ClientSession

const OPTIONS: mongoose.mongo.TransactionOptions = {
  readPreference: 'primary',
  readConcern: { level: 'snapshot' },
  writeConcern: { w: 'majority', journal: true },
}

/**
 * Runs `work` in a transaction, again when the server asks for it, until the deadline. The driver's own
 * `withTransaction` goes on for two minutes, and knows nothing of a verb's deadline.
 */
export async function inTransaction<T>(
  database: Database,
  deadline: Deadline,
  work: (session: ClientSession) => Promise<T>,
): Promise<T> {
  for (let round = 0; ; round++) {
    const session = database.client.startSession({ causalConsistency: false })
    const left = deadline.remaining()
    session.startTransaction({ ...OPTIONS, maxCommitTimeMS: Math.max(1, left) })
    const running = work(session)
    try {
      const result = await within(left, running, () => timedOut('not-applied'))
      await commit(session, deadline)
      void end(session, running)
      return result
    } catch (error) {
      await within(deadline.remaining(), end(session, running), () => timedOut('not-applied')).catch(() => {})
      /* What is not committed did not happen. The driver leaves the label out where no connection was to be had. */
      if (!hasLabel(error, 'TransientTransactionError') && !isTransient(error)) throw error
      if (isHopeless(error, left, deadline) || !(await backOff(round, deadline))) throw toStoreError(error)
    }
  }
}

/**
 * Ends a session, and with it its transaction, which frees what that holds. The abort follows the command that is
 * under way: if it overtook it, that command would begin the transaction anew, and its locks would stay until
 * the server's own limit of a minute.
 */
const end = (session: ClientSession, running: Promise<unknown>): Promise<void> =>
  running
    .catch(() => {})
    .then(() => session.endSession())
    .catch(() => {})

/** A commit may be sent any number of times: the server knows which transaction it is. */
const commit = (session: ClientSession, deadline: Deadline): Promise<void> =>
  attempt(deadline, 'write', async () => {
    try {
      await session.commitTransaction()
    } catch (error) {
      if (!hasLabel(error, 'TransientTransactionError') || hasLabel(error, 'UnknownTransactionCommitResult'))
        throw error
      throw new Rerun(error)
    }
  }).catch((error: unknown) => {
    throw error instanceof Rerun ? error.reason : error
  })

/** A commit that says 'run it all again' must not be repeated as a commit. */
class Rerun {
  readonly reason: unknown
  constructor(reason: unknown) {
    this.reason = reason
  }
}
