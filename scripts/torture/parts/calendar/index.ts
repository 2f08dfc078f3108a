import { setTimeout as pause } from 'node:timers/promises'
import type { Attempt, Part } from '../../part.ts'
import { differencesOf } from './check.ts'
import { createEdits } from './edits.ts'
import { type Actor, OPERATIONS } from './operations.ts'
import { plantIn, plants } from './plants.ts'
import { disturb, makeScene, type Scene } from './scene.ts'
import { keepWorkers } from './workers.ts'

const CONVERGED = 'events that both sides have alike, and once'
/** However soon time is over. */
const LEAST_OPERATIONS = 100
const LONGEST_REST_MS = 25
const HURRY_MS = 300
const MOST_ROUNDS = 50
const OVERSLEPT = 'leases that ended before their owner was done'
const OVERSLEPT_ONE_IN = 4

export const calendar: Part = {
  name: 'calendar',
  about:
    'both sides of events change, with requests lost and workers killed: they converge, without duplicates',
  /* For ten thousand operations and more. */
  minutes: 6,
  plants,
  async run(attempt) {
    const scene = await makeScene(attempt)
    const edits = createEdits()
    const { server, store } = scene
    if (attempt.plant === undefined) disturb(attempt, server)
    const working = keepWorkers(attempt, scene)
    await Promise.all([working, act(attempt, scene, edits), hurry(attempt, scene)])
    server.judgeBy(() => 'answers')
    if (!(await bringTogether(scene))) attempt.tally.lost(CONVERGED, 'they never came to rest')
    await plantIn(scene, attempt.plant)
    const { count } = await store.retrieveEvents({ creatorId: scene.creatorId })
    attempt.tally.tried(CONVERGED, count)
    for (const difference of await differencesOf(scene, edits)) attempt.tally.lost(CONVERGED, difference)
  },
}

async function act({ over, random, tally }: Attempt, scene: Scene, edits: Actor['edits']): Promise<void> {
  let numbers = 0
  const actor: Actor = { ...scene, random, edits, next: () => ++numbers }
  const all = OPERATIONS.reduce((sum, [share]) => sum + share, 0)
  for (let done = 0; done < LEAST_OPERATIONS || !over.aborted; done++) {
    let at = random.below(all)
    const chosen = OPERATIONS.find(([share]) => {
      at -= share
      return at < 0
    })
    if (!chosen) continue
    const [, name, operation] = chosen
    if (await operation(actor)) tally.tried(name)
    await pause(random.below(LONGEST_REST_MS))
  }
}

async function hurry({ over, random, tally }: Attempt, scene: Scene): Promise<void> {
  while (!over.aborted) {
    await scene.hurry()
    if (random.below(OVERSLEPT_ONE_IN) === 0) tally.tried(OVERSLEPT, await scene.oversleep())
    await pause(HURRY_MS, undefined, { signal: over }).catch(() => {})
  }
}

/** Until neither side has anything to say. */
async function bringTogether({ sync, hurry, free }: Scene): Promise<boolean> {
  for (let round = 0; round < MOST_ROUNDS; round++) {
    await free()
    await hurry()
    const { pushed, updated, removed, conflicts } = await sync.push()
    const { applied, created, cancelled } = await sync.pull('primary')
    if (pushed + updated + removed + conflicts + applied + created + cancelled === 0) return true
  }
  return false
}
