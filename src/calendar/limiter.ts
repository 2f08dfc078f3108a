import { setTimeout as sleep } from 'node:timers/promises'

const MINUTE_MS = 60_000

export type Limiter = ReturnType<typeof createLimiter>

/**
 * Keeps requests below a number a minute, evenly once a few are spent: a burst passes at once, what is more waits for
 * its turn.
 */
export function createLimiter(perMinute: number) {
  const restMs = MINUTE_MS / perMinute
  /** Of a minute's requests, so many may come at once. */
  const burstMs = Math.max(1, perMinute / 10) * restMs
  let free = Number.NEGATIVE_INFINITY

  return {
    async turn(): Promise<void> {
      const now = performance.now()
      free = Math.max(free, now - burstMs) + restMs
      const wait = free - now
      if (wait > 0) await sleep(wait)
    },
    /** Nobody has a turn for so long. */
    pause(ms: number): void {
      free = Math.max(free, performance.now() + ms)
    },
  }
}
