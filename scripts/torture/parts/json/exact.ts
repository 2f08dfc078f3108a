import { DialogueStoreError } from '../../../../src/index.ts'
import type { Attempt } from '../../part.ts'
import { differenceOf } from './difference.ts'
import { type Merge, type MergeRoad, merge } from './merges.ts'
import { judge, judgeObject } from './oracle.ts'
import type { Road } from './roads.ts'
import type { Scene } from './scene.ts'
import { type Doubtful, objects, odd, sample } from './values.ts'

type Needs = Pick<Attempt, 'random' | 'tally'> & { scene: Scene }

/** Values of chance take a road: they come back as they went in, and were not touched. */
export async function carryObjects({ what, most, carry }: Road, { scene, random, tally }: Needs) {
  const values = objects(most, random)
  const wanted = values.map((value) => judgeObject(value).value)
  const shown = await carry(scene, values)
  for (const { by, values: came } of [...shown, { by: 'the input itself, afterwards', values }]) {
    for (const [i, value] of wanted.entries()) {
      const difference = differenceOf(value, came[i])
      if (difference) tally.lost(what, `by ${by}, ${difference}; put in was ${excerpt(value)}`)
    }
  }
  tally.tried(what, values.length)
}

/** The same for what is odd, but JSON: what comes back is what JSON says of it. */
export async function carryOddities({ carry, most }: Road, { scene, random, tally }: Needs) {
  const what = 'odd objects that JSON can say'
  const values = odd(Math.min(most, 16), random)
  const shown = await carry(
    scene,
    values.map(({ value }) => value),
  )
  for (const { by, values: came } of shown) {
    for (const [i, { kind, value }] of values.entries()) {
      const { offences, value: wanted } = judgeObject(value)
      const difference = offences[0]?.why ?? differenceOf(wanted, came[i])
      if (difference) tally.lost(what, `${kind}, by ${by}, ${difference}`)
    }
  }
  tally.tried(what, values.length)
}

/** What nobody knows to be JSON, and turned out to be. */
export async function carryDoubtful(
  { carry }: Road,
  doubtful: Doubtful[],
  { scene, tally }: Needs,
): Promise<void> {
  const what = 'anything at all, if JSON can say it'
  if (doubtful.length === 0) return
  const values = doubtful.map(({ value }) => value)
  for (const { by, values: came } of await carry(scene, values)) {
    for (const [i, value] of values.entries()) {
      const difference = differenceOf(judge(value).value, came[i])
      if (difference) tally.lost(what, `by ${by}, ${difference}`)
    }
  }
  tally.tried(what, values.length)
}

/** Patches of chance make of what is stored what RFC 7396 says, unless that may not be stored. */
export async function carryMerges(road: MergeRoad, { scene, random, tally }: Needs): Promise<void> {
  const merges = sample(merge, road.most, random).filter(({ target }) => judge(target).offences.length === 0)
  const outcomes = await road.carry(scene, merges)
  for (const [i, one] of merges.entries()) {
    const wrong = wrongWith(road, one, outcomes[i])
    if (wrong) tally.lost(road.what, `${wrong}; ${excerpt(one)}`)
  }
  tally.tried(road.what, merges.length)
}

function wrongWith(
  { expected }: MergeRoad,
  merge: Merge,
  outcome: PromiseSettledResult<unknown> | undefined,
): string | undefined {
  const wanted = expected(merge)
  const isRefused = [merge.patch, wanted].some((one) => judge(one).offences.length > 0)
  if (outcome?.status === 'fulfilled')
    return isRefused ? 'it was taken, and had to be refused' : differenceOf(wanted, outcome.value)
  const error: unknown = outcome?.reason
  const isTyped = error instanceof DialogueStoreError && error.code === 'INVALID_INPUT'
  return isRefused && isTyped ? undefined : `it ended with ${error}`
}

const LONGEST = 600

/** Of a value of chance, to be looked at. */
const excerpt = (value: unknown): string => JSON.stringify(value).slice(0, LONGEST)
