import type { DialogueStore } from '../../../../src/index.ts'
import { openDatabase, type TortureDatabase } from '../../database.ts'
import type { Attempt, Part } from '../../part.ts'
import { FAULTS } from './plants.ts'
import { DAYS, MINUTES, playRound, type Scene } from './round.ts'
import { startWriter } from './writers.ts'

const WRITERS = 3
const KIB = 1024

export const clocks: Part = {
  name: 'clocks',
  about: 'Processes with different clocks write one history, in the past and the future, while it is read.',
  minutes: 3,
  plants: {
    swapped: 'a page has two messages in the wrong order',
    missing: 'a page lacks one',
  },
  run,
}

async function run(attempt: Attempt): Promise<void> {
  const { over, random, tally, plant } = attempt
  const ordinary = await openDatabase('clocks', attempt)
  const small = await openDatabase('clocks-small', attempt)
  const stores = [
    await ordinary.open({ retention: { kind: 'rolling' } }),
    /* A few hundred messages: what a round begins with is gone before it ends. */
    await small.open({ retention: { kind: 'capped', sizeBytes: 64 * KIB } }),
  ]
  const where = { uri: ordinary.uri, dbNames: [ordinary.dbName, small.dbName] }
  const writers = await Promise.all(Array.from({ length: WRITERS }, () => startWriter(where, attempt)))
  const sceneOf = ({ db }: TortureDatabase, database: number): Scene => ({
    ...{ db, database, writers, random, tally },
    store: faulty(stores[database], plant),
    isWhole: database === 0,
  })
  const scenes = [sceneOf(ordinary, 0), sceneOf(small, 1)]
  for (let round = 0; round === 0 || !over.aborted; round++) {
    const scene = scenes[round % scenes.length]
    if (scene) await playRound(scene, round % 3 === 2 ? DAYS : MINUTES)
    if (plant !== undefined) return
  }
}

function faulty(store: DialogueStore | undefined, plant: string | undefined): DialogueStore {
  if (!store) throw new Error('There is no store')
  return plant === undefined ? store : (FAULTS[plant]?.(store) ?? store)
}
