import { createRandom } from '../lib/random.ts'
import { createClosers } from '../lib/run.ts'
import type { Part } from './part.ts'
import { createTally, type Row } from './tally.ts'

export interface AttemptOptions {
  ms: number
  /** The same one makes the same choices, as far as time and the server let it. */
  seed: number
  plant?: string | undefined
}

/** Runs one part for its time. What it throws is a loss too. */
export function startPart(part: Part, { ms, seed, plant }: AttemptOptions) {
  const tally = createTally()
  const { defer, close } = createClosers()
  async function run(): Promise<Row[]> {
    try {
      const over = AbortSignal.timeout(Math.ceil(ms))
      await part.run({ over, random: createRandom(seed), plant, defer, tally })
    } catch (error) {
      tally.lost('the part itself', error instanceof Error ? (error.stack ?? error.message) : String(error))
    } finally {
      await close()
    }
    return tally.rows()
  }
  return { ended: run(), rows: tally.rows, close }
}
