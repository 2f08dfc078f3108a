import type { Clock } from './clock.ts'
import { overQuota } from './refusals.ts'

const MINUTE = 60_000

export interface QuotaOptions {
  /** Requests that one user may send in a minute. */
  perMinute?: number
  /** Both are published. */
  status?: 403 | 429
}

/** A sliding window for each user. A refused request does not count. */
export function createQuota(clock: Clock, { perMinute = 600, status = 403 }: QuotaOptions = {}) {
  const times = new Map<string, number[]>()
  return {
    /** @throws Refusal */
    take(email: string): void {
      const now = clock.now()
      const recent = times.get(email) ?? []
      times.set(email, recent)
      while (recent[0] !== undefined && recent[0] <= now - MINUTE) recent.shift()
      if (recent.length >= perMinute) throw overQuota(status)
      recent.push(now)
    },
  }
}

export type Quota = ReturnType<typeof createQuota>
