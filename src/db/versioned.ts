import type mongoose from 'mongoose'
import { DialogueStoreError } from '../errors.ts'
import { nextId, ObjectId } from '../ids.ts'
import { attempt, type Deadline, type Terms } from './attempt.ts'
import type { Collection, Database } from './database.ts'
import { CLOCKS_DIFFER_MS, heardBy, readAt } from './moment.ts'

export interface Versioned extends Document {
  version: number
  ops?: ObjectId[] | undefined
}

/** How many operation ids a document keeps: after as many other writes nothing tells of one any more. */
export const KEPT_OPS = 8

/** Whether a document is what that operation has led to, and maybe others since. */
export const isBy = (op: ObjectId, { ops = [] }: Pick<Versioned, 'ops'>): boolean =>
  ops.some((one) => one.equals(op))

type Document = mongoose.mongo.Document
type Timestamp = mongoose.mongo.Timestamp
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
  /** What else has to hold for the write to happen: of other fields than the key. Neither has an `$or`. */
  condition?: mongoose.mongo.Filter<D>
}

/**
 * One atomic write that raises `version`. It leaves its operation id on the document: a repetition that finds it
 * there is done.
 * @returns the document as written, or null when none matched
 * @throws DialogueStoreError `UNAVAILABLE`, when others have written so much since that nothing tells any more
 */
export async function versionedUpdate<D extends Versioned>(
  database: Database,
  collection: Collection<D>,
  deadline: Deadline,
  wanted: VersionedWrite<D>,
): Promise<D | null> {
  const { op = nextId(), key, condition = {}, values = {} } = wanted
  /* The first time, too: it may have been given up, and arrive behind its own repetition, and behind later writes. */
  const filter: Document = { ...key, ...condition, ops: { $ne: op } }
  const update: Document | Document[] = 'expressions' in wanted ? calculated(op, wanted) : inPlace(op, wanted)
  const known = Object.fromEntries(Object.entries(values).filter(([path]) => !path.includes('.')))
  /* What is known need not be sent back. */
  const left = Object.keys(known).map((field) => [field, 0])
  const projected = left.length > 0 ? { projection: Object.fromEntries(left) } : {}
  const place = { find: collection.collectionName, filter: key }
  let begun: Timestamp | undefined
  const written = await attempt(deadline, 'write', async (terms, repeats, mayBeDone) => {
    if (!mayBeDone) begun = heardBy(database.client)
    const keeping = mayBeDone ? await keepingSince(database, begun, op, place, terms) : {}
    const unless = { ...filter, ...keeping } as mongoose.mongo.Filter<D>
    const options = { returnDocument: 'after', ...projected, ...terms } as const
    const found = await collection.findOneAndUpdate(unless, update, options)
    if (found || repeats === 0) return found as D | null
    return writtenBy(collection, key, op, { ...projected, ...terms }, keeping)
  })
  return written && { ...written, ...known }
}

const OLDEST = `ops.${KEPT_OPS - 1}`

/**
 * Which documents still have every operation that was applied to them since one began, so that its absence says that it
 * was not: those of which no more versions were made since than they keep, and those whose oldest one is older than any
 * that may be under way.
 */
async function keepingSince(
  database: Database,
  begun: Timestamp | undefined,
  op: ObjectId,
  place: { find: string; filter: Document },
  terms: Terms,
): Promise<Document> {
  const then = await readAt(database, begun, { ...place, projection: { version: 1 } }, terms)
  const underWay = op.getTimestamp().getTime() - CLOCKS_DIFFER_MS - database.timeoutMs
  const first = ObjectId.createFromTime(Math.floor(underWay / 1000))
  return {
    $or: [{ version: { $lte: (then?.version ?? 0) + KEPT_OPS } }, { [OLDEST]: { $not: { $gte: first } } }],
  }
}

/**
 * What an operation has written, once a majority has it. A primary that woke up and does not know yet that there is
 * another one shows what will be taken back; but it confirms no write, be it one that changes nothing. Its version is the
 * one that it was given then: others may have written since.
 * @param keeping documents that would still have the operation. Default: all
 * @throws DialogueStoreError `UNAVAILABLE`, if it is not there and the document is none of these
 */
export async function writtenBy<D extends Versioned>(
  collection: Collection<D>,
  key: mongoose.mongo.Filter<D>,
  op: ObjectId,
  options: mongoose.mongo.FindOptions & { maxTimeMS: number },
  keeping: Document = {},
): Promise<D | null> {
  const without = { ops: { $ne: op }, ...keeping }
  const filter = { ...key, $nor: [without] } as mongoose.mongo.Filter<D>
  const { maxTimeMS, session } = options
  const terms = { maxTimeMS, ...(session && { session }) }
  const { matchedCount } = await collection.updateOne(filter, [{ $set: { version: '$version' } }], terms)
  const found = matchedCount === 0 ? null : ((await collection.findOne(key, options)) as D | null)
  if (!found) return null
  const since = found.ops?.findIndex((one) => one.equals(op)) ?? -1
  if (since < 0) throw forgotten()
  return { ...found, version: found.version - since }
}

const forgotten = () =>
  new DialogueStoreError(
    'UNAVAILABLE',
    "The server's reply was lost, and others have written the same so often since that nothing tells whether the call " +
      'was applied. Read what is stored before repeating it.',
    { outcome: 'unknown', retryable: false },
  )

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
