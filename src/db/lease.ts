import type mongoose from 'mongoose'
import type { ObjectId } from '../ids.ts'
import type { Collection } from './database.ts'
import { codeOf, DUPLICATE_KEY } from './failure.ts'

/** A document that is somebody's until a time on the server's clock: a claim is one atomic write. */
export interface LeaseDocument extends mongoose.mongo.Document {
  owner?: ObjectId
  until?: Date
}

/** So many milliseconds from now, by the server's clock. */
export const untilIn = (ms: number) => ({ $add: ['$$NOW', ms] })
/** The fields that say whose something is, and until when. */
interface Fields {
  owner: string
  until: string
}
const FIELDS: Fields = { owner: '$owner', until: '$until' }

/** Nobody has it, or not any more; or it is the owner's already, whose claim was sent again. */
export const isFreeFor = (owner: ObjectId | string, fields = FIELDS) => ({
  $or: [
    { $eq: [fields.owner, { $literal: owner }] },
    { $lt: [{ $ifNull: [fields.until, new Date(0)] }, '$$NOW'] },
  ],
})

/**
 * Takes a lease if it is free or expired; true as well if it is the owner's already.
 * @param options with `upsert: false` there is none where there is no document
 */
export async function takeLease<D extends LeaseDocument>(
  collection: Collection<D>,
  _id: D['_id'],
  owner: ObjectId,
  ms: number,
  options: { maxTimeMS?: number; upsert?: boolean } = {},
): Promise<boolean> {
  const free = isFreeFor(owner)
  const set = { owner: { $cond: [free, owner, '$owner'] }, until: { $cond: [free, untilIn(ms), '$until'] } }
  const filter: mongoose.mongo.Filter<LeaseDocument> = { _id }
  try {
    const lease = await collection.findOneAndUpdate(filter as mongoose.mongo.Filter<D>, [{ $set: set }], {
      upsert: true,
      ...options,
      returnDocument: 'after',
    })
    return lease?.owner?.equals(owner) ?? false
  } catch (error) {
    /* Two upserts at once: the other one was faster. */
    if (codeOf(error) === DUPLICATE_KEY) return false
    throw error
  }
}

/** Prolongs a lease that is still the owner's. It never takes it anew: somebody may have had it in between. */
export async function renewLease<D extends LeaseDocument>(
  collection: Collection<D>,
  _id: D['_id'],
  owner: ObjectId,
  ms: number,
  options: { maxTimeMS?: number } = {},
): Promise<boolean> {
  const filter: mongoose.mongo.Filter<LeaseDocument> = { _id, owner }
  const pipeline = [{ $set: { until: untilIn(ms) } }]
  const { matchedCount } = await collection.updateOne(filter as mongoose.mongo.Filter<D>, pipeline, options)
  return matchedCount === 1
}
