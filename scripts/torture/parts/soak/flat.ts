import type mongoose from 'mongoose'
import { linearRegression, median } from 'simple-statistics'
import { heldHeap } from '../../../lib/memory.ts'
import type { Tally } from '../../part.ts'

/** What a sample tells, and by how much it may be higher at the end than near the begin. */
const BOUNDS = {
  'MiB of heap held': 24,
  /* Pools may fill up late. */
  'connections to the server': 40,
  'open cursors': 12,
  'open transactions': 8,
} as const

type Gauge = keyof typeof BOUNDS

interface Sample {
  gauges: Record<Gauge, number>
  /** In all. */
  turns: number
  at: number
}

const FLAT = 'gauges of memory, connections, cursors, transactions'
const SPEED = 'turns a second, the last tenth against the first'
/** Below that, a tenth says nothing. */
const SHORTEST_TENTH_MS = 20_000
/** What is no slower than that may be the machine's noise. */
const SLOWEST = 0.6

/** Fewer make no line. */
const LEAST_SAMPLES = 5

export type Gauges = ReturnType<typeof createGauges>

/** Samples what must not grow, and judges it at the end. */
export function createGauges(admin: mongoose.mongo.Admin) {
  const samples: Sample[] = []
  let turns = 0
  return {
    countTurn(): void {
      turns++
    },
    canJudge: () => samples.length >= LEAST_SAMPLES,
    async take(): Promise<void> {
      const { connections, metrics, transactions } = await admin.serverStatus()
      samples.push({
        gauges: {
          'MiB of heap held': heldHeap() / 2 ** 20,
          'connections to the server': connections.current,
          'open cursors': metrics.cursor.open.total,
          'open transactions': transactions.currentOpen,
        },
        turns,
        at: performance.now(),
      })
    },
    judge(tally: Tally): void {
      judgeFlat(samples, tally)
      judgeSpeed(samples, tally)
    },
  }
}

/** By the line through all samples but the first ones, in which pools and caches fill. */
function judgeFlat(samples: Sample[], tally: Tally): void {
  const settled = samples.slice(Math.floor(samples.length / 4))
  tally.tried(FLAT, samples.length)
  const said = Object.entries(BOUNDS).map(([name, bound]) => {
    const values = settled.map(({ gauges }) => gauges[name as Gauge])
    const { m } = linearRegression(values.map((value, i) => [i, value]))
    const grown = (m || 0) * (values.length - 1)
    if (grown > bound) tally.lost(FLAT, `${name} grew by ${grown.toFixed(1)}, more than ${bound}`)
    return `${name} ${Math.round(median(values))} ${grown < 0 ? '−' : '+'}${Math.abs(grown).toFixed(1)}`
  })
  tally.remark(FLAT, said.join(', '))
}

function judgeSpeed(samples: Sample[], tally: Tally): void {
  const tenth = Math.floor(samples.length / 10)
  /* Not the very first: nothing is compiled yet. */
  const [first, firstEnd] = [samples[tenth], samples[2 * tenth]]
  const [last, lastEnd] = [samples[samples.length - 1 - tenth], samples.at(-1)]
  if (tenth === 0 || !first || !firstEnd || !last || !lastEnd) return
  const before = speedBetween(first, firstEnd)
  if (before === 0) return
  const ratio = speedBetween(last, lastEnd) / before
  tally.tried(SPEED)
  tally.remark(SPEED, `${ratio.toFixed(2)} times`)
  if (firstEnd.at - first.at >= SHORTEST_TENTH_MS && ratio < SLOWEST)
    tally.lost(SPEED, `the end has ${ratio.toFixed(2)} of the begin's speed`)
}

const speedBetween = (from: Sample, to: Sample): number => (to.turns - from.turns) / (to.at - from.at)
