/** The server's time: it runs like the machine's, and can be put forward. */
export interface Clock {
  now(): number
  advance(ms: number): void
  /** An RFC 3339 timestamp; each is later than the one before, so that `updated` orders changes. */
  stamp(): string
}

export function createClock(): Clock {
  let ahead = 0
  let last = 0
  const now = () => Date.now() + ahead
  return {
    now,
    advance(ms) {
      ahead += ms
    },
    stamp() {
      last = Math.max(now(), last + 1)
      return new Date(last).toISOString()
    },
  }
}
