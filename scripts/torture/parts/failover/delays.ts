import { max, median } from 'simple-statistics'
import type { Tally } from '../../part.ts'
import type { Timed } from './load.ts'
import type { Prober } from './prober.ts'

/** A fault that is over. */
interface Course {
  name: string
  from: number
  /** When the set took writes again, and the bot could reach it. */
  back: number
  to: number
  writes: Timed[]
}

/**
 * How long writes waited at faults, though the set took writes and the bot could reach it.
 * @param mostMs more is a loss
 */
export function createDelays(prober: Prober, tally: Tally, mostMs: number) {
  const delays = new Map<string, number[]>()
  const outages = new Map<string, number[]>()

  /** Beyond what such a write takes anyway. What is wrong after the set was back may be wrong with the set once more. */
  const waitOf = ({ begun, ended, usualMs }: Timed, back: number): number =>
    Math.max(0, prober.taking(Math.max(begun, back), ended) - usualMs)

  return {
    judge({ name, from, back, to, writes }: Course): void {
      tally.tried(name)
      const waits = firstOfEach(writes, back).map((write) => ({ ...write, ms: waitOf(write, back) }))
      for (const { name: verb, begun, ended, ms } of waits)
        if (ms > mostMs)
          tally.lost(
            name,
            `${verb} took ${ms.toFixed()} ms more than the set: from ${(begun - from).toFixed()} to ` +
              `${(ended - from).toFixed()} ms after the fault began, of ${(to - from).toFixed()}`,
          )
      note(delays, name, Math.max(0, ...waits.map(({ ms }) => ms)))
      note(outages, name, back - from)
      tally.remark(name, remarkOn(delays.get(name) ?? [], outages.get(name) ?? []))
    },
  }
}

/** Those by which each caller's writes went on: they were under way when the set was back, or came next. */
function firstOfEach(writes: Timed[], back: number): Timed[] {
  const since = writes.filter(({ ended }) => ended >= back)
  return since.filter(({ name }, i) => since.findIndex((other) => other.name === name) === i)
}

const note = (times: Map<string, number[]>, name: string, ms: number) =>
  void times.set(name, [...(times.get(name) ?? []), ms])

const remarkOn = (delays: number[], outages: number[]): string =>
  `writes go on ${inSeconds(delays)} after they can, which takes ${inSeconds(outages)}`

const inSeconds = (times: number[]): string =>
  `${(median(times) / 1000).toFixed(1)} s (at most ${(max(times) / 1000).toFixed(1)})`
