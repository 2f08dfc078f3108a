import type { Deadline } from '../db/attempt.ts'
import { toStoreError } from '../db/failure.ts'
import { nextId, type ObjectId } from '../ids.ts'
import { tellRepeat } from './answer.ts'
import type { Claims } from './claims.ts'
import type { Presence } from './presence.ts'
import type { Tidying } from './tidy.ts'
import { earliest, inTime, messagesOf, patientAmong, refuse, type Traveller, usersOf } from './traveller.ts'

interface Needs {
  claims: Claims
  presence: Presence
  tidying: Tidying
  /** Sends on those who are claimed for a flight: all of them, or none. */
  board(travellers: Traveller[], flight: ObjectId): void
}

/** How long a batch waits for its external ids. */
const HELD_MS = 1000
/** A batch that has to wait is parted into so many, and one as small as `FEW` into single messages, so many at once. */
const PARTS = 16
const FEW = 64
const AT_ONCE = 4

/**
 * The way of messages with external ids to the lane: claims what was not stored before, for a flight of their own, while
 * the flight before is under way. Those of repeats are told here what was stored.
 */
export function createClaiming({ claims, presence, tidying, board }: Needs) {
  /** Gives what still has to be inserted, under the first one's `_id`. */
  async function claim(
    travellers: Traveller[],
    flight: ObjectId,
    deadline: Deadline,
    heldMs: number,
  ): Promise<Traveller[]> {
    const strangers = await presence.checkStrangers(usersOf(travellers), deadline)
    const known = refuse(travellers, strangers)
    if (known.length === 0) return []
    const earlier = await claims.claim(messagesOf(known), flight, deadline, heldMs)
    /* What is inserted is checked beside it. What is not may be of somebody who is being erased. */
    const repeats = known.filter(({ message }) => earlier.get(message)?.stored)
    refuse(repeats, await presence.check(usersOf(repeats), deadline))
    return known.filter((traveller) => {
      const first = earlier.get(traveller.message)
      if (!first) return true
      traveller.message._id = first.messageId
      if (first.stored) tellRepeat(traveller, first.message)
      return !first.stored
    })
  }

  /**
   * A transaction under way may hold an external id, and its process may be frozen. So those that have to wait go
   * on alone, each for its own, and nobody else waits for them. A server that is slow looks the same: so only the
   * commands that can be held have so little time, and a batch is parted by steps, most of which travel together.
   */
  async function claimSoon(
    travellers: Traveller[],
    flight: ObjectId,
    deadline: Deadline,
  ): Promise<Traveller[]> {
    if (travellers.length === 1) return claim(travellers, flight, deadline, Number.POSITIVE_INFINITY)
    try {
      return await claim(travellers, flight, deadline, HELD_MS)
    } catch (error) {
      if (deadline.remaining() === 0 || toStoreError(error).code !== 'TIMEOUT') throw error
      void (travellers.length > FEW ? flushParts(travellers) : flushAlone(travellers))
      return []
    }
  }

  async function flushParts(travellers: Traveller[]): Promise<void> {
    const size = Math.ceil(travellers.length / PARTS)
    const parts = Array.from({ length: PARTS }, (_, i) => travellers.slice(i * size, (i + 1) * size))
    await Promise.all(parts.map(flush))
  }

  async function flushAlone(travellers: Traveller[]): Promise<void> {
    const waiting = [...travellers]
    const work = async () => {
      for (let next = waiting.shift(); next; next = waiting.shift()) await flush([next])
    }
    await Promise.all(Array.from({ length: AT_ONCE }, work))
  }

  async function flush(batch: Traveller[]): Promise<void> {
    for (let rest = inTime(batch); rest.length > 0; ) {
      const flight = nextId()
      const writes: Promise<unknown>[] = []
      const onWrite = (reply: Promise<unknown>) => void writes.push(reply)
      try {
        const left = await claimSoon(rest, flight, { ...earliest(rest), onWrite })
        if (left.length > 0) board(left, flight)
        return
      } catch (error) {
        const patient = patientAmong(rest, error)
        tidying.after(messagesOf(rest), writes)
        rest = patient
      }
    }
  }

  return flush
}
