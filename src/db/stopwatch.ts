import type { Deadline } from './attempt.ts'

/** A deadline that goes on only while something is under way: the time in between is the caller's own. */
export interface Stopwatch extends Deadline {
  /** Something begins. @returns what ends it */
  start(): () => void
}

export function createStopwatch(ms: number): Stopwatch {
  let spent = 0
  let underWay = 0
  let since = 0
  const running = () => (underWay > 0 ? performance.now() - since : 0)
  return {
    remaining: () => Math.max(0, Math.round(ms - spent - running())),
    start() {
      if (underWay++ === 0) since = performance.now()
      return () => {
        if (--underWay === 0) spent += performance.now() - since
      }
    },
  }
}
