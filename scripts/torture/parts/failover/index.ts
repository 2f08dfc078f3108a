import type { Defer } from '../../../lib/run.ts'
import type { Attempt, Part } from '../../part.ts'
import { createDelays } from './delays.ts'
import { type Fault, KINDS, STEP_DOWN } from './faults.ts'
import { AT_FAULTS, PLANTS } from './plants.ts'
import { startProber } from './prober.ts'
import { runRound, type Stage } from './round.ts'
import { HURRIED, startSet, UNHURRIED } from './set.ts'

/** Every other round at the server's own pace, whose elections take a while. */
const PACES = [HURRIED, UNHURRIED]

interface StageOptions {
  members?: 1 | 3
  /** More on a machine that has much else to do. */
  mostMs?: number
}

export async function openStage(
  defer: Defer,
  { members = 3, mostMs = 2000 }: StageOptions = {},
): Promise<Stage> {
  const set = await startSet(defer, members)
  const prober = startProber(set.direct)
  defer(prober.stop)
  return { set, prober, mostMs }
}

/** Fail-overs of a set of three members, and networks that fail, under a bot at work. */
export const createFailover = (open: (defer: Defer) => Promise<Stage>): Part => ({
  name: 'failover',
  about: 'primaries that step down, are killed, frozen, cut off: no error, nothing lost, and soon over',
  minutes: 5,
  plants: PLANTS,
  async run({ over, random, plant, defer, tally }) {
    const stage = await open(defer)
    const delays = createDelays(stage.prober, tally, stage.mostMs)
    for (let round = 0; round === 0 || !over.aborted; round++) {
      await stage.set.keepPace(PACES[round % PACES.length] ?? HURRIED)
      const faults = faultsOf(plant, random)
      await runRound({ ...stage, random, plant, tally, dbName: `failover-${round}`, faults, delays })
    }
  },
})

/** One of each kind. What is planted needs none of them, or no more than the shortest. */
function faultsOf(plant: string | undefined, random: Attempt['random']): Fault[] {
  if (plant) return plant in AT_FAULTS ? [STEP_DOWN] : []
  return random.shuffle(KINDS.map((kind) => random.pick(kind)))
}

export const failover: Part = createFailover((defer) => openStage(defer))
