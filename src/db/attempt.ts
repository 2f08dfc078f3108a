import { setTimeout as sleep } from 'node:timers/promises'
import type mongoose from 'mongoose'
import type { Outcome } from '../errors.ts'
import {
  asUnsure,
  isExpired,
  isTransient,
  isUnreachable,
  isUnsure,
  timedOut,
  toStoreError,
  unwrapped,
} from './failure.ts'

/** When a verb has to be done, its waiting included. */
export interface Deadline {
  /** Milliseconds that are left, 0 when it is over. */
  remaining(): number
  /** The transaction that the verb's commands belong to, if any. */
  readonly transaction?: Transaction
  /**
   * The driver repeats writes on its own, too, and tells only what became of its last attempt. That it found no server
   * then does not mean that it never found one.
   */
  readonly isRepeated?: boolean
  /** Is told of every write that is sent: it may still be under way when nobody waits for it any more. */
  onWrite?(reply: Promise<unknown>): void
}

/** What sends the commands of a transaction: one after the other, and none after the first that failed. */
export interface Transaction {
  /** A command has failed: the server has ended the transaction. */
  failed(): boolean
  send<T>(command: (terms: Terms) => Promise<T>): Promise<T>
}

/** On which terms a command is sent: options that every method of the driver takes. */
export interface Terms {
  maxTimeMS: number
  session?: mongoose.mongo.ClientSession
}

/**
 * The same, for reading what a majority has: for versions that somebody will compare, since after a crash that took
 * one back, another write gets it. A transaction reads so anyway.
 */
export const sure = (terms: Terms): Terms & { readConcern?: 'majority' } =>
  terms.session ? terms : { ...terms, readConcern: 'majority' }

/** A command that the driver has no method for. */
export const runCommand = (
  db: mongoose.mongo.Db,
  command: mongoose.mongo.Document,
  { maxTimeMS, session }: Terms,
): Promise<mongoose.mongo.Document> =>
  db.command({ ...command, maxTimeMS }, { ignoreUndefined: false, ...(session && { session }) })

export function deadlineIn(ms: number): Deadline {
  const end = performance.now() + ms
  return { remaining: () => Math.max(0, Math.round(end - performance.now())) }
}

/** A deadline that has as long again, after the caller's own function took its time; in a transaction its own. */
export const renewed = (deadline: Deadline, ms: number): Deadline =>
  deadline.transaction ? deadline : { ...deadline, ...deadlineIn(ms) }

/** Of those who share a command, the one who has most time. */
export const latest = (deadlines: Deadline[]): Deadline =>
  deadlines.reduce((a, b) => (b.remaining() > a.remaining() ? b : a))

/** The same deadline for one command that shall take no longer than `ms`. */
export const soon = (deadline: Deadline, ms: number): Deadline => {
  const { remaining } = deadlineIn(Math.min(ms, deadline.remaining()))
  return { ...deadline, remaining }
}

/** The same deadline for commands that are no part of the transaction. */
export const outside = ({ transaction: _, ...deadline }: Deadline): Deadline => deadline

const FIRST_PAUSE_MS = 10
export const LONGEST_PAUSE_MS = 500

/** Waits with full jitter, longer from time to time; false when the deadline leaves no room to go on. */
export async function backOff(round: number, deadline: Deadline): Promise<boolean> {
  const pause = Math.random() * Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** round)
  if (deadline.remaining() <= pause) return false
  await sleep(pause)
  return true
}

/**
 * Sends a command until it goes through, fails for good, or the deadline is over. The command must be safe
 * to repeat: a read, an insert by a chosen `_id`, a write that knows its own operation id. In a transaction it
 * is sent once, since the transaction is repeated as a whole.
 * @param command gets the terms on which to send it, how often it was tried before, and whether one of these tries may
 *   have been applied
 * @throws DialogueStoreError with `outcome: 'unknown'` when a write may have been applied
 * @throws the driver's error as it is when the server refused: what it means, the verb knows
 */
export async function attempt<T>(
  deadline: Deadline,
  effect: 'read' | 'write',
  command: (terms: Terms, repeats: number, mayBeDone: boolean) => Promise<T>,
): Promise<T> {
  if (deadline.transaction) return deadline.transaction.send((terms) => command(terms, 0, false))
  let outcome: Outcome = 'not-applied'
  for (let round = 0; ; round++) {
    const left = deadline.remaining()
    if (left === 0) throw timedOut(outcome)
    try {
      const reply = command({ maxTimeMS: left }, round, outcome === 'unknown')
      if (effect === 'write') deadline.onWrite?.(reply)
      return await within(left, reply, () => timedOut(effect === 'write' ? 'unknown' : outcome))
    } catch (thrown) {
      const error = unwrapped(thrown)
      const mayBeDone = isUnsure(error) || (deadline.isRepeated && isUnreachable(error))
      if (effect === 'write' && mayBeDone) outcome = 'unknown'
      if (isExpired(error)) throw timedOut(outcome)
      if (!isTransient(error)) throw outcome === 'unknown' ? asUnsure(error) : error
      if (isHopeless(error, left, deadline) || !(await backOff(round, deadline)))
        throw toStoreError(error, outcome)
    }
  }
}

/**
 * Begins work anew while what it meets may pass, until the deadline. It must be safe to repeat as a whole, and may
 * take longer than the deadline once it gets on.
 * @throws the driver's error as it is
 */
export async function persist<T>(deadline: Deadline, work: () => Promise<T>): Promise<T> {
  for (let round = 0; ; round++) {
    try {
      return await work()
    } catch (error) {
      if (!isTransient(error) || !(await backOff(round, deadline))) throw error
    }
  }
}

/**
 * No server was found, and less time is left than that took: another search would be cut off, and could not say
 * whether the command was sent.
 * @param left when the search began
 */
export const isHopeless = (error: unknown, left: number, deadline: Deadline): boolean =>
  isUnreachable(error) && deadline.remaining() < left - deadline.remaining()

/** Waits for work, but no longer than `ms`, and keeps no process alive for it. */
export async function atMost(ms: number, work: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const enough = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms).unref()
  })
  await Promise.race([work, enough]).finally(() => clearTimeout(timer))
}

/** Gives up waiting after `ms`: a frozen server answers nothing, and maxTimeMS is the server's to honour. */
export async function within<T>(ms: number, work: Promise<T>, late: () => Error): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(late()), ms)
  })
  try {
    return await Promise.race([work, timeout])
  } finally {
    clearTimeout(timer)
  }
}
