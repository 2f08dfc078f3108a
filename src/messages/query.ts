import type mongoose from 'mongoose'
import { type Position, placeAfter, placeBefore } from '../cursor.ts'
import { ObjectId } from '../ids.ts'
import { BY_CONVERSATION, BY_USER, type MessageDocument, type MessageFilter } from './schema.ts'

type Filter = mongoose.mongo.Filter<MessageDocument>

export const NEWEST_FIRST = { timestamp: -1, _id: -1 } as const
export const OLDEST_FIRST = { timestamp: 1, _id: 1 } as const

/** Messages of one user, and perhaps of one conversation: what an index begins with. */
export interface Scope {
  userId: ObjectId
  conversationId?: string | undefined
}

/** The part of a history between two places, both left out. */
export interface Interval {
  after?: Position | undefined
  before?: Position | undefined
}

const FIRST_ID = new ObjectId('0'.repeat(24))
const LAST_ID = new ObjectId('f'.repeat(24))

export const compare = (a: Position, b: Position): number =>
  a.timestamp.getTime() - b.timestamp.getTime() || Buffer.compare(a.id.id, b.id.id)

export const later = (a: Position | undefined, b: Position | undefined): Position | undefined =>
  a && b ? (compare(a, b) > 0 ? a : b) : (a ?? b)

export const earlier = (a: Position | undefined, b: Position | undefined): Position | undefined =>
  a && b ? (compare(a, b) < 0 ? a : b) : (a ?? b)

/** `from` inclusive, `to` exclusive, as places. */
export const intervalOf = ({ from, to }: MessageFilter): Interval => ({
  after: from && placeBefore({ timestamp: from, id: FIRST_ID }),
  before: to && { timestamp: to, id: FIRST_ID },
})

/**
 * The query for a part of a history. Where a place has an id, exact ranges side by side: the server merges
 * them in the order of the index, and reads no key that is not in the result, however many share a timestamp.
 */
export function range(scope: Scope, { after, before, upTo }: Interval & { upTo?: Position }): Filter {
  const base: Filter = {
    userId: scope.userId,
    ...(scope.conversationId !== undefined && { conversationId: scope.conversationId }),
  }
  const end = upTo ? placeAfter(upTo) : before
  if (after && end && compare(after, end) >= 0) return { ...base, timestamp: { $in: [] } }
  if (after && end && after.timestamp.getTime() === end.timestamp.getTime()) {
    return { ...base, timestamp: end.timestamp, _id: { $gt: after.id, $lt: end.id } }
  }
  const between: Filter = {
    ...base,
    ...((after || end) && {
      timestamp: { ...(after && { $gt: after.timestamp }), ...(end && { $lt: end.timestamp }) },
    }),
  }
  const branches = [between]
  if (after && !after.id.equals(LAST_ID))
    branches.push({ ...base, timestamp: after.timestamp, _id: { $gt: after.id } })
  if (end && !end.id.equals(FIRST_ID))
    branches.push({ ...base, timestamp: end.timestamp, _id: { $lt: end.id } })
  return branches.length === 1 ? between : { $or: branches }
}

/** The index that a scope's queries are made for. */
export const indexOf = ({ conversationId }: Scope) =>
  conversationId === undefined ? BY_USER : BY_CONVERSATION

/** What an index can't narrow down: it is looked at key by key. */
export const sieve = ({ senders, types }: MessageFilter): Filter | undefined =>
  senders || types
    ? { ...(senders && { sender: { $in: senders } }), ...(types && { type: { $in: types } }) }
    : undefined
