import type mongoose from 'mongoose'
import type { Retention } from './config.ts'
import type { ObjectId } from './ids.ts'

/** The collection of the library's own bookkeeping: migrations, their lease, what no collection option holds. */
export const META = 'meta'
/** What is in it besides the migrations, each of which has a document of its own. */
export const BOOKS = ['lease', 'retention', 'conversion', 'upkeep', 'calendar']

export interface RetentionMeta {
  _id: 'retention'
  /** Rolling: how many messages a user keeps. */
  maxPerUser?: number
  /** How often a conversion has fenced the messages: who finds it risen knows that collections may have been swapped. */
  fences?: number
  /** Until when writers wait, because a conversion is about to swap the collections. Server's clock. */
  fencedUntil?: Date
  /** The collection that the conversion is going to put in place of the messages. */
  fencedFor?: string
}

/** Whose turn it is to do what others left, and when late arrivals were looked for last. */
export interface UpkeepMeta {
  _id: 'upkeep'
  owner?: ObjectId
  until?: Date
  sweptAt?: Date
}

/** What all syncs with a calendar elsewhere have in common. */
export interface CalendarMeta {
  _id: 'calendar'
  /** Tells events of this database there from those of others. */
  store?: string
  /** Events that ended before it are not published. */
  since?: Date
  /** Each creator has an access of their own, which is needed to remove their events. */
  isEach?: boolean
}

/** A conversion of retention that has begun and not ended: what the next run needs to go on with it. */
export interface ConversionMeta {
  _id: 'conversion'
  to: Retention
  startedAt: Date
  /** Whose it is: a run that was taken for dead finds another one here, and stops. */
  run: ObjectId
  /** Changes of the messages are followed from here. */
  token: mongoose.mongo.ResumeToken
  /** Which collection the copy is in, whatever its name. */
  uuid?: string
  /** What it was called when it was about to be put in the messages' place. */
  copy?: string
  /** The last message copied. */
  place?: { createdAt: Date; _id: ObjectId }
  copied: number
  /** All messages of the beginning are copied: what came since, the changes bring. */
  complete?: boolean
  /** Written while writes are fenced: whoever meets it in the changes has met every write before the fence. */
  mark?: ObjectId
}
