import mongoose from 'mongoose'
import { attempt, type Deadline, runCommand } from './attempt.ts'
import type { Database } from './database.ts'
import { isTransient } from './failure.ts'

/** What the server says of one document of an insert. */
export interface WriteError {
  index: number
  code: number
  keyPattern?: Record<string, unknown>
}

/**
 * Inserts documents whose `_id`s are chosen, in one command, so that each gets its own result. The driver's
 * bulk API says less of errors, and its retry covers one dropped connection only.
 * @returns what was refused; a repetition finds its own documents as duplicates
 */
export function insertUnordered(
  database: Database,
  collection: string,
  documents: mongoose.mongo.Document[],
  deadline: Deadline,
): Promise<WriteError[]> {
  const insert = {
    insert: database.nameOf(collection),
    documents,
    ordered: false,
    writeConcern: { w: 'majority', j: true },
  }
  return attempt(deadline, 'write', async (terms) => {
    const reply = await runCommand(database.db, insert, terms)
    const errors: WriteError[] = reply.writeErrors ?? []
    for (const error of errors) {
      const failure = new mongoose.mongo.MongoServerError({ code: error.code, message: 'refused' })
      if (isTransient(failure)) throw failure
    }
    return errors
  })
}
