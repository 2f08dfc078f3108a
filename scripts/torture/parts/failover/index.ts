import type { Defer } from '../../../lib/run.ts'
import type { Attempt, Part } from '../../part.ts'
import { createDelays } from './delays.ts'
import { type Fault, KINDS, STEP_DOWN } from './faults.ts'
import { PLANTS } from './plants.ts'
import { startProber } from './prober.ts'
import { runRound, type Stage } from './round.ts'
import { HURRIED, startSet, UNHURRIED } from './set.ts'

/** Every other round at the server's own pace, whose elections take a while. */
const PACES = [HURRIED, UNHURRIED]

export async function openStage(defer: Defer): Promise<Stage> {
  const set = await startSet(defer)
  const prober = startProber(set.direct)
  defer(prober.stop)
  return { set, prober }
}

/** Fail-overs of a set of three members, and networks that fail, under a bot at work. */
export const createFailover = (open: (defer: Defer) => Promise<Stage>): Part => ({
  name: 'failover',
  about: 'Primaries that step down, are killed, frozen, cut off: no error, nothing lost, and soon over.',
  minutes: 5,
  plants: PLANTS,
  async run({ over, random, plant, defer, tally }) {
    const stage = await open(defer)
    const delays = createDelays(stage.prober, tally)
    for (let round = 0; round === 0 || !over.aborted; round++) {
      await stage.set.keepPace(PACES[round % PACES.length] ?? HURRIED)
      const faults = faultsOf(plant, random)
      await runRound({ ...stage, random, plant, tally, dbName: `failover-${round}`, faults, delays })
    }
  },
})

/** One of each kind; where another fault is planted, what is soonest over. */
const faultsOf = (plant: string | undefined, random: Attempt['random']): Fault[] =>
  plant ? [STEP_DOWN] : random.shuffle(KINDS.map((kind) => random.pick(kind)))

export const failover: Part = createFailover(openStage)
