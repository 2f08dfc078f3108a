import type mongoose from 'mongoose'
import { type Position, placeAfter, placeBefore } from '../cursor.ts'
import type { ObjectId } from '../ids.ts'
import { MOST_KEYS } from './count.ts'
import {
  earlier,
  type Interval,
  intervalOf,
  later,
  NEWEST_FIRST,
  OLDEST_FIRST,
  range,
  type Scope,
  sieve,
} from './query.ts'
import type { MessageFilter } from './schema.ts'

/** What a page is cut from. */
export interface Cut {
  scope: Scope
  filter: MessageFilter
  interval: Interval
  backward: boolean
  limit: number
  /** The place the page begins at, if one was given: what lies on its other side is looked for too. */
  origin: Position | undefined
  /** Fails when the page is larger than 16 MiB, instead of reading it whole. */
  small?: boolean
}

export function toCut(given: {
  userId: ObjectId
  filter: MessageFilter
  limit: number
  origin: Position | undefined
  backward: boolean
}): Cut {
  const { userId, filter, limit, origin, backward } = given
  const whole = intervalOf(filter)
  const interval = backward
    ? { after: whole.after, before: earlier(whole.before, origin) }
    : { after: later(whole.after, origin), before: whole.before }
  return {
    scope: { userId, conversationId: filter.conversationId },
    filter,
    interval,
    backward,
    limit,
    origin,
  }
}

/** The end of a whole history. */
export const isNewest = ({ scope, filter, interval, backward, origin }: Cut): boolean =>
  backward &&
  !origin &&
  !interval.after &&
  !interval.before &&
  scope.conversationId === undefined &&
  !sieve(filter)

/** The interval up to and with the horizon. */
export const until = ({ interval, backward }: Cut, end: Position | undefined): Interval => {
  if (!end) return interval
  return backward
    ? { ...interval, after: later(interval.after, placeBefore(end)) }
    : { ...interval, before: earlier(interval.before, placeAfter(end)) }
}

export function pagePipeline({ scope, filter, interval, backward, limit }: Cut): mongoose.mongo.Document[] {
  const sifted = sieve(filter)
  const found = range(scope, interval)
  return [
    { $match: sifted ? { $and: [found, sifted] } : found },
    { $sort: backward ? NEWEST_FIRST : OLDEST_FIRST },
    { $limit: limit + 1 },
  ]
}

/** What the filter's interval has on the other side of the origin, itself included. */
export function otherSide({ filter, backward }: Cut, origin: Position): Interval {
  const whole = intervalOf(filter)
  return backward
    ? { after: later(whole.after, placeBefore(origin)), before: whole.before }
    : { after: whole.after, before: earlier(whole.before, placeAfter(origin)) }
}

/** Whether anything lies there. */
export function beyondPipeline(cut: Cut, origin: Position): mongoose.mongo.Document[] {
  const { scope, filter, backward } = cut
  const interval = otherSide(cut, origin)
  const sifted = sieve(filter)
  return [
    { $match: range(scope, interval) },
    { $sort: backward ? OLDEST_FIRST : NEWEST_FIRST },
    ...(sifted ? [{ $limit: MOST_KEYS }, { $project: { sender: 1, type: 1 } }, { $match: sifted }] : []),
    { $limit: 1 },
    { $project: { _id: 1 } },
  ]
}
