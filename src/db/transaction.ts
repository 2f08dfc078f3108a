import type mongoose from 'mongoose'
import { DialogueStoreError, isAftermath, transactionClosed } from '../errors.ts'
import { attempt, backOff, type Deadline, isHopeless, type Terms, within } from './attempt.ts'
import type { Database } from './database.ts'
import { codeOf, hasLabel, isTransient, timedOut, toStoreError, unwrapped } from './failure.ts'

type ClientSession = mongoose.mongo.ClientSession

const OPTIONS: mongoose.mongo.TransactionOptions = {
  readPreference: 'primary',
  readConcern: { level: 'snapshot' },
  writeConcern: { w: 'majority', journal: true },
}

/**
 * Runs `work` in a transaction, again when the server asks for it, until the deadline; inside a transaction, as a
 * part of it. The driver's own `withTransaction` goes on for two minutes, and knows nothing of a verb's deadline.
 * @param work sends its commands by the deadline it is given. After the first that fails the transaction is over,
 *   whatever `work` makes of the error
 */
export async function inTransaction<T>(
  database: Database,
  deadline: Deadline,
  work: (inside: Deadline) => Promise<T>,
): Promise<T> {
  if (deadline.transaction) return work(deadline)
  /* One for all runs: a new transaction of a session ends the one before, even if its abort never arrived. */
  const session = database.client.startSession({ causalConsistency: false })
  let ending: Promise<unknown> = Promise.resolve()
  try {
    return await runs(database, session, deadline, work, (end) => {
      ending = end
    })
  } finally {
    void ending.then(() => session.endSession()).catch(() => {})
  }
}

async function runs<T>(
  database: Database,
  session: ClientSession,
  deadline: Deadline,
  work: (inside: Deadline) => Promise<T>,
  onEnd: (end: Promise<unknown>) => void,
): Promise<T> {
  for (let round = 0; ; round++) {
    const left = deadline.remaining()
    const begun = performance.now()
    const run = begin(session, deadline)
    try {
      const result = await work(run.inside)
      const failure = run.failure()
      if (failure) throw failure.reason
      await commit(session, deadline)
      return result
    } catch (error) {
      const reason = run.failure()?.reason ?? error
      const aborted = run.abort()
      onEnd(aborted)
      await within(deadline.remaining(), aborted, () => timedOut('not-applied')).catch(() => {})
      /* What is not committed did not happen. The driver leaves the label out where no connection was to be had. */
      if (!hasLabel(reason, 'TransientTransactionError') && !isTransient(reason))
        throw isAftermath(error) ? reason : error
      if (codeOf(reason) === NO_SUCH_TRANSACTION && performance.now() - begun > database.timeoutMs)
        throw openTooLong(reason)
      if (isHopeless(reason, left, deadline) || !(await backOff(round, deadline))) throw toStoreError(reason)
    }
  }
}

/** The server has ended it: a new primary does not know it, or it was open for too long. */
const NO_SUCH_TRANSACTION = 251

/** Run again, it would be open for as long. */
const openTooLong = (cause: unknown): DialogueStoreError =>
  new DialogueStoreError(
    'TIMEOUT',
    'The server ended the transaction, which was open for longer than its transactionLifetimeLimitSeconds, 60 by ' +
      'default. Do what takes long before it, and only what belongs together inside.',
    { retryable: false, cause },
  )

/** One run: its commands go one after the other, as the driver demands of a session. */
function begin(session: ClientSession, deadline: Deadline) {
  session.startTransaction({ ...OPTIONS, maxCommitTimeMS: Math.max(1, deadline.remaining()) })
  let failure: { reason: unknown } | undefined
  let last: Promise<unknown> = Promise.resolve()

  async function sendNow<T>(command: (terms: Terms) => Promise<T>): Promise<T> {
    if (failure) throw transactionClosed()
    const left = deadline.remaining()
    const late = () => timedOut('not-applied')
    try {
      if (left === 0) throw late()
      const sent = command({ maxTimeMS: left, session })
      last = sent.catch(() => {})
      return await within(left, sent, late)
    } catch (thrown) {
      const error = unwrapped(thrown)
      failure = { reason: error }
      throw error
    }
  }

  let queue: Promise<unknown> = Promise.resolve()
  const transaction = {
    failed: () => failure !== undefined,
    send<T>(command: (terms: Terms) => Promise<T>): Promise<T> {
      const turn = queue.then(() => sendNow(command))
      queue = turn.catch(() => {})
      return turn
    },
  }
  return {
    inside: { remaining: deadline.remaining, transaction },
    failure: () => failure,
    abort: () => abort(session, last),
  }
}

/**
 * Ends a transaction, which frees what it holds. The abort follows the command that is under way: if it overtook it,
 * that command would begin the transaction anew, and its locks would stay until the server's own limit of a minute.
 */
const abort = (session: ClientSession, last: Promise<unknown>): Promise<void> =>
  last.then(() => (session.inTransaction() ? session.abortTransaction() : undefined)).catch(() => {})

/** A commit may be sent any number of times: the server knows which transaction it is. */
const commit = (session: ClientSession, deadline: Deadline): Promise<void> =>
  attempt({ ...deadline, isRepeated: true }, 'write', async () => {
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
