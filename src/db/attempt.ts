import { setTimeout as sleep } from 'node:timers/promises'
import type { Outcome } from '../errors.ts'
import { isExpired, isTransient, isUnreachable, isUnsure, timedOut, toStoreError } from './failure.ts'

/** When a verb has to be done, its waiting included. */
export interface Deadline {
  /** Milliseconds that are left, 0 when it is over. */
  remaining(): number
}

export function deadlineIn(ms: number): Deadline {
  const end = performance.now() + ms
  return { remaining: () => Math.max(0, Math.round(end - performance.now())) }
}

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
 * to repeat: a read, an insert by a chosen `_id`, a write that knows its own operation id.
 * @param command gets the milliseconds left, for its `maxTimeMS`, and how often it was tried before
 * @throws DialogueStoreError with `outcome: 'unknown'` when a write may have been applied
 * @throws the driver's error as it is when the server refused: what it means, the verb knows
 */
export async function attempt<T>(
  deadline: Deadline,
  effect: 'read' | 'write',
  command: (maxTimeMS: number, repeats: number) => Promise<T>,
): Promise<T> {
  let outcome: Outcome = 'not-applied'
  for (let round = 0; ; round++) {
    const left = deadline.remaining()
    if (left === 0) throw timedOut(outcome)
    try {
      return await within(left, command(left, round), () =>
        timedOut(effect === 'write' ? 'unknown' : outcome),
      )
    } catch (error) {
      if (effect === 'write' && isUnsure(error)) outcome = 'unknown'
      if (isExpired(error)) throw timedOut(outcome)
      if (!isTransient(error)) throw error
      if (isHopeless(error, left, deadline) || !(await backOff(round, deadline)))
        throw toStoreError(error, outcome)
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
