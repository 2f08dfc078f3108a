import type mongoose from 'mongoose'
import { nextId, type ObjectId } from '../ids.ts'
import { attempt, type Deadline } from './attempt.ts'
import type { Collection } from './database.ts'

export interface Versioned extends Document {
  version: number
  ops?: ObjectId[] | undefined
}

/** How many operation ids a document keeps: as many writes may come between one and its repetition. */
export const KEPT_OPS = 8

/** Whether a document is what that operation has led to, and maybe others since. */
export const isBy = (op: ObjectId, { ops = [] }: Pick<Versioned, 'ops'>): boolean =>
  ops.some((one) => one.equals(op))

type Document = mongoose.mongo.Document
type Fields = Record<string, unknown>

/**
 * What a write does: the server puts values in their places, by path (`data`, or `data.topic`). For an expression it
 * calculates and compares the whole document.
 */
export type Change = { values: Fields; unset?: string[] } | { values?: Fields; expressions: Fields }

export type VersionedWrite<D> = Change & {
  /** The operation, where a verb has several ways to write, of which one is to happen. Default: one of its own. */
  op?: ObjectId
  key: mongoose.mongo.Filter<D>
  /** What else has to hold for the write to happen: of other fields than the key. */
  condition?: mongoose.mongo.Filter<D>
}

/**
 * One atomic write that raises `version`. It leaves its operation id on the document: a repetition that finds it
 * there is done.
 * @returns the document as written, or null when none matched
 */
export async function versionedUpdate<D extends Versioned>(
  collection: Collection<D>,
  deadline: Deadline,
  wanted: VersionedWrite<D>,
): Promise<D | null> {
  const { op = nextId(), key, condition = {}, values = {} } = wanted
  const filter: Document = { ...key, ...condition }
  const update: Document | Document[] = 'expressions' in wanted ? calculated(op, wanted) : inPlace(op, wanted)
  const known = Object.fromEntries(Object.entries(values).filter(([path]) => !path.includes('.')))
  /* What is known need not be sent back. */
  const left = Object.keys(known).map((field) => [field, 0])
  const projected = left.length > 0 ? { projection: Object.fromEntries(left) } : {}
  const written = await attempt(deadline, 'write', async (terms, repeats) => {
    /* The first time, too: it may have been given up, and arrive behind its own repetition, and behind later writes. */
    const unless = { ...filter, ops: { $ne: op } }
    const options = { returnDocument: 'after', ...projected, ...terms } as const
    const found = await collection.findOneAndUpdate(unless as mongoose.mongo.Filter<D>, update, options)
    if (found || repeats === 0) return found as D | null
    return writtenBy(collection, key, op, { ...projected, ...terms })
  })
  return written && { ...written, ...known }
}

/**
 * What an operation has written, once a majority has it. A primary that woke up and does not know yet that there is
 * another one shows what will be taken back; but it confirms no write, be it one that changes nothing. Its version is the
 * one that it was given then: others may have written since.
 */
export async function writtenBy<D extends Versioned>(
  collection: Collection<D>,
  key: mongoose.mongo.Filter<D>,
  op: ObjectId,
  options: mongoose.mongo.FindOptions & { maxTimeMS: number },
): Promise<D | null> {
  const filter = { ...key, ops: op } as mongoose.mongo.Filter<D>
  const { maxTimeMS, session } = options
  const terms = { maxTimeMS, ...(session && { session }) }
  const { matchedCount } = await collection.updateOne(filter, [{ $set: { version: '$version' } }], terms)
  const found = matchedCount === 0 ? null : ((await collection.findOne(filter, options)) as D | null)
  const since = found?.ops?.findIndex((one) => one.equals(op)) ?? 0
  return found && { ...found, version: found.version - Math.max(0, since) }
}

const inPlace = (op: ObjectId, { values, unset = [] }: Extract<Change, { unset?: unknown }>) => ({
  $set: { ...values, updatedAt: new Date() },
  ...(unset.length > 0 && { $unset: Object.fromEntries(unset.map((path) => [path, ''])) }),
  $inc: { version: 1 },
  $push: { ops: { $each: [op], $position: 0, $slice: KEPT_OPS } },
})

function calculated(op: ObjectId, { values = {}, expressions }: Extract<Change, { expressions: unknown }>) {
  const literals = Object.entries(values).map(([field, value]) => [field, { $literal: value }])
  const ops = { $slice: [{ $concatArrays: [[op], { $ifNull: ['$ops', []] }] }, KEPT_OPS] }
  const kept = { version: { $add: ['$version', 1] }, updatedAt: new Date(), ops }
  return [{ $set: { ...expressions, ...Object.fromEntries(literals), ...kept } }]
}
