import type { Random } from '../lib/random.ts'
import type { Defer } from '../lib/run.ts'

/** One way to break the store, and a check of what is left. */
export interface Part {
  /** For `--only`. */
  name: string
  about: string
  /** How long it goes on where nobody says. */
  minutes: number
  /** Faults that it can commit itself, by name, so that its check has something to find: for `--plant`. */
  plants: Readonly<Record<string, string>>
  /** Goes on until its time is over, but for one round at least. Throws only what it did not expect. */
  run(attempt: Attempt): Promise<void>
}

export interface Attempt {
  /** Aborted when the time of the part is over: what goes on comes to its end, is checked, and that was it. */
  over: AbortSignal
  /** From the seed. */
  random: Random
  /** The fault to commit, one of the part's own. */
  plant: string | undefined
  /** Says how to close what was opened. It happens when the part has ended, in whatever way. */
  defer: Defer
  tally: Tally
}

/** What was tried, how often, and what was lost. */
export interface Tally {
  tried(what: string, times?: number): void
  /** Something that must not be: an acknowledged message that is gone, a text that shows. */
  lost(what: string, detail: string): void
  /** What else one may want to know of it; the last one said stays. */
  remark(what: string, text: string): void
}
