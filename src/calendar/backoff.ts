import type { GoogleFailure } from './failure.ts'

const FIRST_MS = 1000
/** What has just failed is not tried again by the same push. */
const LEAST_MS = 200
const LONGEST_MS = 60 * 60_000
/** Somebody has to give the access again: that takes a while. */
const WITHOUT_ACCESS_MS = 5 * 60_000

/** Full jitter, longer from time to time, and never sooner than Google asks for. */
export function waitAfter({ meaning, retryAfterMs = 0 }: GoogleFailure, attempts: number): number {
  const first = meaning === 'access' ? WITHOUT_ACCESS_MS : FIRST_MS
  const most = Math.min(LONGEST_MS, first * 2 ** Math.min(attempts, 20))
  return retryAfterMs + LEAST_MS + Math.random() * most
}
