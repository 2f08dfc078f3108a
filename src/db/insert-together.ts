import type mongoose from 'mongoose'
import { type Deadline, latest, within } from './attempt.ts'
import type { Database } from './database.ts'
import { timedOut } from './failure.ts'
import { type Inserted, insertUnordered } from './insert.ts'
import { createLane, type Passenger } from './lane.ts'

interface Caller extends Passenger {
  documents: mongoose.mongo.Document[]
  deadline: Deadline
  resolve(inserted: Inserted): void
}

/** What travels in one command. */
const MOST = 2000
/** Two, so that the server works on one while the next one is made. */
const AT_ONCE = 2

/**
 * Inserts for several callers by one command, without waiting for a majority: something written later is waited
 * for, or losing them is no harm.
 * @returns the same as `insertUnordered`, for each caller's own documents
 */
export function createInsertTogether(database: Database, collection: string) {
  async function flush(callers: Caller[]): Promise<void> {
    const documents = callers.flatMap((caller) => caller.documents)
    const { errors, place } = await insertUnordered(database, collection, documents, together(callers), 1)
    let from = 0
    for (const { count, resolve } of callers) {
      const first = from
      const own = errors.filter(({ index }) => index >= first && index < first + count)
      resolve({ errors: own.map((error) => ({ ...error, index: error.index - first })), place })
      from += count
    }
  }

  const together = (callers: Caller[]): Deadline => ({
    ...latest(callers),
    onWrite(reply) {
      for (const { deadline } of callers) deadline.onWrite?.(reply)
    },
  })

  const lane = createLane<Caller>({ flush, parallel: () => AT_ONCE, maxItems: MOST })
  return (documents: mongoose.mongo.Document[], deadline: Deadline): Promise<Inserted> => {
    const inserted = new Promise<Inserted>((resolve, reject) =>
      lane.board({ documents, count: documents.length, bytes: 0, deadline, resolve, reject }),
    )
    return within(deadline.remaining(), inserted, () => timedOut('unknown'))
  }
}

export type InsertTogether = ReturnType<typeof createInsertTogether>
