import type { Retention } from '../../../../src/index.ts'

export interface BotOptions {
  uri: string
  dbName: string
  retention: Retention
  maxQueuedBytes: number
  /** The fault `unbounded`: what the store refuses, its caller keeps, and calls again. */
  keepsRefused: boolean
}

/** What a bot can be asked to do, with what, and what it answers. */
export interface Jobs {
  /** Calls from many callers, one after the other from each. */
  measure: { wants: { ms: number }; gives: { perSecond: number } }
  /** One message, while nobody else calls. */
  alone: { wants: object; gives: { ms: number } }
  /** A bulk that is larger than the queue. */
  fill: { wants: { messages: number }; gives: { perSecond: number } }
  /** Calls from nobody who waits for an answer, with bulks and readers beside them. */
  flood: { wants: { messages: number; perSecond: number }; gives: Flood }
  /** Waits for all answers, and tells them. */
  drain: { wants: object; gives: Outcomes }
  sample: { wants: object; gives: Sample }
}

export type Job = keyof Jobs
export interface Request<J extends Job = Job> {
  job: J
  wants: Jobs[J]['wants']
}

export interface Flood {
  messages: number
  perSecond: number
  samples: Sample[]
}

export interface Sample {
  /** Of messages whose `storeMessage` has neither stored nor refused them. */
  queuedBytes: number
  /** Of the heap: what something still holds. */
  heldBytes: number
  residentBytes: number
}

/** What became of all messages, by their numbers; and what should not have come of any. */
export interface Outcomes {
  stored: number[]
  refused: number[]
  /** How many of those stored were in bulks. */
  waited: number
  pages: number
  wrong: string[]
}

/** Of hexadecimal digits: each takes a byte, in memory and in the database. */
export const MESSAGE_BYTES = 16 * 2 ** 10
/** What the callers of a flood hold themselves, for a bulk: one is under way at a time. */
export const BULK = 100
