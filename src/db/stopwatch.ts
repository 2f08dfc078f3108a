import type { Deadline } from './attempt.ts'

/** A deadline that stands still while the caller's own function runs, and calls no verb. */
export interface Stopwatch extends Deadline {
  /** Runs the caller's function: its time does not count. */
  aside<T>(work: () => Promise<T>): Promise<T>
  /** Runs a verb that it calls: this time does. */
  counted<T>(verb: () => Promise<T>): Promise<T>
}

export function createStopwatch(ms: number): Stopwatch {
  let spent = 0
  let underWay = 1
  let since = performance.now()
  const running = () => (underWay > 0 ? performance.now() - since : 0)

  function start(): void {
    if (underWay++ === 0) since = performance.now()
  }
  function stop(): void {
    if (--underWay === 0) spent += performance.now() - since
  }
  return {
    remaining: () => Math.max(0, Math.round(ms - spent - running())),
    aside: (work) => {
      stop()
      return work().finally(start)
    },
    counted: (verb) => {
      start()
      return verb().finally(stop)
    },
  }
}
