import type { DialogueStore, Retention } from '../../../../src/index.ts'
import { openDatabases, type TortureDatabase } from '../../database.ts'
import type { Attempt, Part } from '../../part.ts'
import { FAULTS } from './plants.ts'
import { MINUTES, playRound, type Scene, YEARS } from './round.ts'
import { startWriter } from './writers.ts'

const USUAL = { writers: 3, messages: 240, checks: 8 }
/** Enough to find a fault that is there. */
const FEW = { writers: 1, messages: 80, checks: 3 }
const RETENTIONS: readonly Retention[] = [
  { kind: 'rolling' },
  /* A few hundred messages: what a round begins with is gone before it ends. */
  { kind: 'capped', sizeBytes: 64 * 2 ** 10 },
]

export const clocks: Part = {
  name: 'clocks',
  about: 'processes with different clocks write one history, in the past and the future, while it is read',
  minutes: 3,
  plants: {
    swapped: 'a page has two messages in the wrong order',
    missing: 'a page lacks one',
  },
  run,
}

async function run(attempt: Attempt): Promise<void> {
  const { over, random, tally, plant } = attempt
  const databases = await openDatabases(
    RETENTIONS.map(({ kind }) => `clocks-${kind}`),
    attempt,
  )
  const stores = await Promise.all(databases.map(({ open }, i) => open({ retention: RETENTIONS[i] })))
  const where = { uri: databases[0]?.uri ?? '', dbNames: databases.map(({ dbName }) => dbName) }
  const size = plant === undefined ? USUAL : FEW
  const writers = await Promise.all(Array.from({ length: size.writers }, () => startWriter(where, attempt)))
  const repeats = { count: 0 }
  const sceneOf = ({ db }: TortureDatabase, database: number): Scene => ({
    ...{ ...size, db, database, writers, repeats, random, tally },
    store: faulty(stores[database], plant),
    isWhole: RETENTIONS[database]?.kind === 'rolling',
  })
  const scenes = databases.map(sceneOf)
  for (let round = 0; round === 0 || !over.aborted; round++) {
    const scene = scenes[round % scenes.length]
    if (scene) await playRound(scene, round % 3 === 2 ? YEARS : MINUTES)
    if (plant !== undefined) return
  }
}

function faulty(store: DialogueStore | undefined, plant: string | undefined): DialogueStore {
  if (!store) throw new Error('There is no store')
  return plant === undefined ? store : (FAULTS[plant]?.(store) ?? store)
}
