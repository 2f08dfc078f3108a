import { shuffle } from 'simple-statistics'
import type { Load, Sample } from './sample.ts'

export interface Contestant {
  name: string
  sample(load: Load): Promise<Sample>
  close?(): Promise<void>
}

export interface Rounds {
  rounds: number
  /** Of one contestant in one round. */
  ms: number
}

/** The samples of every contestant, round by round. */
export type Results = Map<string, Sample[]>

/**
 * Lets contestants take turns, in another order each round, so that what slows the machine down for a while slows
 * all of them. A first round, of half the time, warms up and does not count.
 */
export async function compete(
  contestants: Contestant[],
  { rounds, ms, callers }: Rounds & { callers: number },
  onSample: () => void = () => {},
): Promise<Results> {
  const results: Results = new Map(contestants.map(({ name }) => [name, []]))
  for (let round = 0; round <= rounds; round++) {
    for (const contestant of shuffle(contestants)) {
      const sample = await contestant.sample({ callers, ms: round === 0 ? ms / 2 : ms })
      if (round > 0) results.get(contestant.name)?.push(sample)
      onSample()
    }
  }
  return results
}
