import type mongoose from 'mongoose'
import { attempt } from '../../db/attempt.ts'
import type { Database } from '../../db/database.ts'
import type { ObjectId } from '../../ids.ts'
import { type MessageDocument, messages } from '../../messages/schema.ts'
import type { ConversionMeta } from '../../meta.ts'
import { onlyFitting, toRefusal } from './cap.ts'
import type { Job } from './job.ts'

type Filter = mongoose.mongo.Filter<MessageDocument>

/** By time of storing, which is the order in which a capped collection evicts. */
export const ORDER = { createdAt: 1, _id: 1 } as const
export const ORDER_INDEX = 'conversion_order'

export interface Place {
  createdAt: Date
  _id: ObjectId
}

const MOST = 1000
const BATCH_BYTES = 8 * 2 ** 20

/** How many messages of this size go into one command. */
export const batchOf = (averageBytes: number): number =>
  Math.max(1, Math.min(MOST, Math.floor(BATCH_BYTES / Math.max(1, averageBytes))))

/** Everything between two places, the second one included. Exact ranges: the server reads no other key. */
function between(after: Place | undefined, end: Place): Filter {
  if (after?.createdAt.getTime() === end.createdAt.getTime())
    return { createdAt: end.createdAt, _id: { $gt: after._id, $lte: end._id } }
  const branches: Filter[] = [
    { createdAt: { ...(after && { $gt: after.createdAt }), $lt: end.createdAt } },
    { createdAt: end.createdAt, _id: { $lte: end._id } },
  ]
  if (after) branches.push({ createdAt: after.createdAt, _id: { $gt: after._id } })
  return { $or: branches }
}

export const upTo = (place: Place): Filter => between(undefined, place)

/**
 * Copies messages inside the server, so that every BSON value stays exactly what it is. What is there already
 * is replaced.
 * @throws DialogueStoreError `INVALID_INPUT` for a message that the cap has no room for
 */
export async function merge(
  { database, copy, follower, state: { to } }: Job,
  filter: Filter,
  whenNotMatched: 'insert' | 'discard',
  hint?: typeof ORDER,
): Promise<void> {
  const into = { into: copy, on: '_id', whenMatched: 'replace', whenNotMatched }
  const pipeline = [{ $match: filter }, { $sort: ORDER }, ...onlyFitting(to), { $merge: into }]
  const options = { ...follower.upToDate, bypassDocumentValidation: true, ...(hint && { hint }) }
  await attempt(database.deadline(), 'write', (terms) =>
    database
      .collection(messages)
      .aggregate(pipeline, { ...options, ...terms })
      .toArray(),
  ).catch((error: unknown) => {
    throw toRefusal(error, to)
  })
}

/** Copies the next messages before an end, and gives how far that went. */
export async function copyBatch(
  job: Job,
  end: Place,
  size: number,
): Promise<Required<Pick<ConversionMeta, 'copied' | 'place'>>> {
  const { place: after, copied } = job.state
  const next = await endOfBatch(job, end, size)
  const range = between(after, next ?? end)
  const count = next ? size : await countOf(job.database, range)
  await merge(job, range, 'insert', ORDER)
  job.report.copied(count)
  return { copied: copied + count, place: next ?? end }
}

/** Undefined if fewer are left. */
async function endOfBatch(
  { database, follower, state }: Job,
  end: Place,
  size: number,
): Promise<Place | undefined> {
  const options = { projection: ORDER, hint: ORDER, ...follower.upToDate }
  const [last] = await attempt(database.deadline(), 'read', (terms) =>
    database
      .collection(messages)
      .find(between(state.place, end), { ...options, ...terms })
      .sort(ORDER)
      .skip(size - 1)
      .limit(1)
      .toArray(),
  )
  return last && placeOf(last)
}

const placeOf = ({ createdAt, _id }: MessageDocument): Place => ({ createdAt, _id })

export function hasReached(place: Place | undefined, end: Place): boolean {
  if (!place) return false
  const ahead = place.createdAt.getTime() - end.createdAt.getTime()
  return ahead > 0 || (ahead === 0 && place._id.toHexString() >= end._id.toHexString())
}

const NEWEST = { sort: { createdAt: -1, _id: -1 }, hint: ORDER } as const

/** The place of the message that was stored last; undefined if there is none. */
export async function newest({ database, follower }: Job): Promise<Place | undefined> {
  const last = await attempt(database.deadline(), 'read', (terms) =>
    database
      .collection(messages)
      .findOne({}, { ...NEWEST, projection: ORDER, ...follower.upToDate, ...terms }),
  )
  return last ? placeOf(last) : undefined
}

/** How many are still to be copied. */
export const countLeft = ({ database, state }: Job, end: Place): Promise<number> =>
  countOf(database, between(state.place, end))

const countOf = (database: Database, range: Filter): Promise<number> =>
  attempt(database.deadline(), 'read', (terms) =>
    database.collection(messages).countDocuments(range, { hint: ORDER, ...terms }),
  )
