import { max, median } from 'simple-statistics'
import type { Tally } from '../../part.ts'
import type { Shut } from './faults.ts'
import type { Stall } from './load.ts'
import type { Prober } from './prober.ts'

/** Beyond what the set itself needs, a write may take so long. */
const MOST_MS = 2000

interface Course {
  name: string
  from: number
  to: number
  /** When the bot could not reach a set that was well. */
  shut: Shut | undefined
  stalls: Stall[]
}

/** How long writes waited at faults, though the set took writes and the bot could reach it. */
export function createDelays(prober: Prober, tally: Tally) {
  const delays = new Map<string, number[]>()
  const silences = new Map<string, number[]>()

  /** From the fault on, and beyond what such a write takes anyway. */
  const waitOf = ({ begun, ended, usualMs }: Stall, { from, shut }: Course): number => {
    const since = Math.max(from, begun)
    const away = shut ? Math.max(0, Math.min(ended, shut.to) - Math.max(since, shut.from)) : 0
    return Math.max(0, prober.taking(since, ended) - away - usualMs)
  }

  return {
    /** Judges a fault that is over. */
    judge(course: Course): void {
      const { name, from, to, stalls } = course
      tally.tried(name)
      const waits = stalls.map((stall) => ({ ...stall, ms: waitOf(stall, course) }))
      for (const { name: write, begun, ended, ms } of waits)
        if (ms > MOST_MS)
          tally.lost(
            name,
            `${write} took ${ms.toFixed()} ms more than the set: from ${(begun - from).toFixed()} to ` +
              `${(ended - from).toFixed()} ms after the fault began, of ${(to - from).toFixed()}`,
          )
      note(delays, name, Math.max(0, ...waits.map(({ ms }) => ms)))
      note(silences, name, prober.longestSilence(from, to))
      tally.remark(name, remarkOn(delays.get(name) ?? [], silences.get(name) ?? []))
    },
  }
}

const note = (times: Map<string, number[]>, name: string, ms: number) =>
  void times.set(name, [...(times.get(name) ?? []), ms])

function remarkOn(delays: number[], silences: number[]): string {
  const own = max(silences) > 0 ? ` (which took ${inSeconds(silences)})` : ''
  return `writes go on ${inSeconds(delays)} after the set does${own}`
}

const inSeconds = (times: number[]): string =>
  `${(median(times) / 1000).toFixed(1)} s, at most ${(max(times) / 1000).toFixed(1)} s`
