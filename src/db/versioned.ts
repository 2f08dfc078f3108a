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

interface Sent {
  op: ObjectId
  update: mongoose.mongo.Document | mongoose.mongo.Document[]
  /** Of what is given back. Default all. */
  projection?: mongoose.mongo.Document
}

/** Sends a write that leaves its operation id on the document: a repetition that finds it there is done. */
function send<D extends Versioned>(
  collection: Collection<D>,
  deadline: Deadline,
  { key, condition }: VersionedWrite<D>,
  { op, update, projection = {} }: Sent,
): Promise<D | null> {
  const filter: mongoose.mongo.Document = { $and: [key, condition ?? {}] }
  return attempt(deadline, 'write', async (terms, repeats) => {
    const unless = repeats > 0 ? { ...filter, ops: { $ne: op } } : filter
    const options = { returnDocument: 'after', projection, ...terms } as const
    const written = await collection.findOneAndUpdate(unless as mongoose.mongo.Filter<D>, update, options)
    if (written || repeats === 0) return written as D | null
    const done = { ...key, ops: op } as mongoose.mongo.Filter<D>
    return (await collection.findOne(done, { projection, ...terms })) as D | null
  })
}

/**
 * One atomic write that raises `version` and is safe to repeat.
 * @param write the fields to set; they may use the operation id
 * @returns the document as written, or null when none matched
 */
export function versionedUpdate<D extends Versioned>(
  collection: Collection<D>,
  deadline: Deadline,
  write: VersionedWrite<D> | ((op: ObjectId) => VersionedWrite<D>),
): Promise<D | null> {
  const op = nextId()
  const wanted = typeof write === 'function' ? write(op) : write
  const ops = { $slice: [{ $concatArrays: [[op], { $ifNull: ['$ops', []] }] }, KEPT_OPS] }
  const update = [{ $set: { ...wanted.set, version: { $add: ['$version', 1] }, updatedAt: new Date(), ops } }]
  return send(collection, deadline, wanted, { op, update })
}

/**
 * The same for fields whose values are known: the server need not calculate them, nor send them back.
 * @param write `set`: values
 */
export async function versionedReplace<D extends Versioned>(
  collection: Collection<D>,
  deadline: Deadline,
  write: (op: ObjectId) => VersionedWrite<D>,
): Promise<D | null> {
  const op = nextId()
  const wanted = write(op)
  const { set } = wanted
  const update = {
    $set: { ...set, updatedAt: new Date() },
    $inc: { version: 1 },
    $push: { ops: { $each: [op], $position: 0, $slice: KEPT_OPS } },
  }
  const projection = Object.fromEntries(Object.keys(set).map((field) => [field, 0]))
  const written = await send(collection, deadline, wanted, { op, update, projection })
  return written && { ...written, ...set }
}
