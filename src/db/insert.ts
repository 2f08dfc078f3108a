import mongoose from 'mongoose'
import { attempt, type Deadline, runCommand } from './attempt.ts'
import type { Database } from './database.ts'
import { DUPLICATE_KEY, isTransient } from './failure.ts'

/** What the server says of one document of an insert. */
export interface WriteError {
  index: number
  code: number
  keyPattern?: Record<string, unknown>
}

export interface Inserted {
  /** What was refused; a repetition finds its own documents as duplicates. */
  errors: WriteError[]
  /** Where the insert stands in the server's log. Undefined behind mongos, which doesn't say. */
  place: mongoose.mongo.Timestamp | undefined
}

/**
 * Inserts documents whose `_id`s are chosen, in one command, so that each gets its own result. The driver's
 * bulk API says less of errors, and its retry covers one dropped connection only.
 * @param w how many members have to have it: fewer than a majority only if a later write is waited for
 */
export function insertUnordered(
  database: Database,
  collection: string,
  documents: mongoose.mongo.Document[],
  deadline: Deadline,
  w: 'majority' | 1 = 'majority',
): Promise<Inserted> {
  const insert = {
    insert: database.nameOf(collection),
    documents,
    ordered: false,
    writeConcern: w === 1 ? { w } : { w, j: true },
  }
  /* A command of ours: the driver sends it once. */
  return attempt({ ...deadline, isRepeated: false }, 'write', async (terms) => {
    const { writeErrors: errors = [], opTime }: Reply = await runCommand(database.db, insert, terms)
    for (const error of errors) {
      const failure = new mongoose.mongo.MongoServerError({ code: error.code, message: 'refused' })
      if (isTransient(failure)) throw failure
    }
    return { errors, place: opTime?.ts }
  })
}

/**
 * The same, of documents that others may have inserted before.
 * @returns the indexes of those that were there
 */
export async function insertNew(...insert: Parameters<typeof insertUnordered>): Promise<number[]> {
  const { errors } = await insertUnordered(...insert)
  const other = errors.find(({ code }) => code !== DUPLICATE_KEY)
  if (other) throw Object.assign(new Error('insert refused'), { code: other.code })
  return errors.map(({ index }) => index)
}

interface Reply {
  writeErrors?: WriteError[]
  opTime?: { ts: mongoose.mongo.Timestamp }
}
