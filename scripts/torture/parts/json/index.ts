import type { Attempt, Part } from '../../part.ts'
import { carryDoubtful, carryMerges, carryObjects, carryOddities } from './exact.ts'
import { carryDepths, carrySizes } from './limits.ts'
import { MERGE_ROADS } from './merges.ts'
import { judgeObject } from './oracle.ts'
import { tampering } from './plants.ts'
import { openWatched, refuseAll } from './refused.ts'
import { ROADS } from './roads.ts'
import { makeScene } from './scene.ts'
import { carryStates } from './states.ts'
import { anythings, poisoned } from './values.ts'

/** In how many rounds the largest values have their turn once: each of them takes as long as a thousand others. */
const ROUNDS_PER_SIZE = 10
/** Of a fast road, in a round. */
const REFUSED = 120
const POISONED = 'with something JSON cannot say, nothing sent'

type Needs = Parameters<typeof carryDepths>[0]

export const json: Part = {
  name: 'json',
  about: 'values of every kind that JSON has, and that it has not: exact, or refused before anything is sent',
  minutes: 4,
  plants: {
    changed: 'a value comes back with its keys in another order',
    taken: 'a value that has to be refused is stored',
    io: 'something is sent for a value that is refused',
  },
  run,
}

async function run(attempt: Attempt): Promise<void> {
  const { over, random, tally, plant } = attempt
  const opened = await makeScene(attempt)
  const watched = await openWatched(opened, attempt)
  const scene = plant === 'changed' ? tampering(opened.scene) : opened.scene
  const needs = { scene, random, tally, plant, watched }
  if (plant !== undefined) return tryFault(plant, needs)
  const start = performance.now()
  for (let round = 0; round === 0 || !over.aborted; round++) {
    const begun = performance.now()
    for (const road of ROADS) {
      await carryObjects(road, needs)
      await carryOddities(road, needs)
      if (over.aborted && round > 0) return
    }
    await refuseAll(watched, POISONED, poisoned(REFUSED, random), needs)
    await tryAnything(needs)
    for (const road of MERGE_ROADS) await carryMerges(road, needs)
    await carryStates(needs)
    if (round % ROUNDS_PER_SIZE === 0) {
      await carryDepths(needs)
      await carrySizes(needs)
    }
    await carryMost(needs, round === 0 ? 0 : performance.now() - begun, over)
    const { what } = ROADS[0] ?? { what: '' }
    tally.remark(what, `round ${round + 1}, after ${Math.round((performance.now() - start) / 1000)} s`)
  }
}

/** No more than what the fault is in. */
async function tryFault(plant: string, needs: Needs): Promise<void> {
  if (plant !== 'changed') return refuseAll(needs.watched, POISONED, poisoned(REFUSED, needs.random), needs)
  for (const road of ROADS.filter(({ what }) => what.startsWith('contexts'))) await carryObjects(road, needs)
}

/** On the fastest road for as long as all others took: one part is made while another one is on its way. */
async function carryMost(needs: Needs, ms: number, over: AbortSignal): Promise<void> {
  const [road] = ROADS
  const { scene } = needs
  const end = performance.now() + ms
  const carryOn = async (from: number) => {
    const own = { ...needs, scene: { ...scene, userIds: scene.userIds.slice(from) } }
    while (road && performance.now() < end && !over.aborted) await carryObjects(road, own)
  }
  await Promise.all([carryOn(10), carryOn(20)])
}

/** What nobody has looked at is either refused or stored, as the oracle says. */
async function tryAnything(needs: Needs) {
  const { random, watched } = needs
  const all = anythings(REFUSED, random)
  const isSayable = ({ value }: { value: object }) => judgeObject(value).offences.length === 0
  const bad = all.filter((one) => !isSayable(one))
  await refuseAll(watched, 'anything at all, if JSON cannot say it, nothing sent', bad, needs)
  await carryDoubtful(random.pick(ROADS), all.filter(isSayable).slice(0, 16), needs)
}
