import type mongoose from 'mongoose'
import { nextId, type ObjectId } from '../ids.ts'
import { attempt, type Deadline } from './attempt.ts'
import type { Collection } from './database.ts'

export interface Versioned extends mongoose.mongo.Document {
  version: number
  ops?: ObjectId[] | undefined
}

/** How many operation ids a document keeps: as many writes may come between one and its repetition. */
const KEPT_OPS = 8

export interface VersionedWrite<D> {
  key: mongoose.mongo.Filter<D>
  /** What else has to hold for the write to happen. */
  condition?: mongoose.mongo.Filter<D>
  /** Fields to set, as aggregation expressions. */
  set: Record<string, unknown>
}

/**
 * One atomic write that raises `version` and is safe to repeat: it leaves its operation id on the document,
 * and a repetition that finds it there is done.
 * @param write the fields to set; they may use the operation id
 * @returns the document as written, or null when none matched
 */
export function versionedUpdate<D extends Versioned>(
  collection: Collection<D>,
  deadline: Deadline,
  write: VersionedWrite<D> | ((op: ObjectId) => VersionedWrite<D>),
): Promise<D | null> {
  const op = nextId()
  const { key, condition, set } = typeof write === 'function' ? write(op) : write
  const filter: mongoose.mongo.Document = { $and: [key, condition ?? {}] }
  const ops = { $slice: [{ $concatArrays: [[op], { $ifNull: ['$ops', []] }] }, KEPT_OPS] }
  const pipeline = [{ $set: { ...set, version: { $add: ['$version', 1] }, updatedAt: new Date(), ops } }]
  return attempt(deadline, 'write', async (terms, repeats) => {
    const unless = repeats > 0 ? { ...filter, ops: { $ne: op } } : filter
    const options = { returnDocument: 'after', ...terms } as const
    const written = await collection.findOneAndUpdate(unless as mongoose.mongo.Filter<D>, pipeline, options)
    if (written || repeats === 0) return written as D | null
    return (await collection.findOne({ ...key, ops: op } as mongoose.mongo.Filter<D>, {
      ...terms,
    })) as D | null
  })
}
