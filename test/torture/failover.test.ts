import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { createClosers } from '../../scripts/lib/run.ts'
import { startPart } from '../../scripts/torture/attempt.ts'
import { createFailover, failover, openStage } from '../../scripts/torture/parts/failover/index.ts'
import { AT_FAULTS } from '../../scripts/torture/parts/failover/plants.ts'
import type { Stage } from '../../scripts/torture/parts/failover/round.ts'
import type { Row } from '../../scripts/torture/tally.ts'

const { defer, close } = createClosers()
let stage: Stage
/** A set of one, where nothing befalls it. */
let calm: Stage
beforeAll(async () => {
  /* Other tests keep the machine busy meanwhile. */
  const options = { mostMs: 6000 }
  ;[stage, calm] = await Promise.all([
    openStage(defer, options),
    openStage(defer, { ...options, members: 1 }),
  ])
}, 120_000)
afterAll(close)

const lossesIn = (rows: Row[]) => rows.filter(({ lost }) => lost > 0)

const CALLS = 'calls during these, each without an error'
const WRITES = 'acknowledged writes, each there once'
const FOLLOWED = 'followed messages, each given once'

test('one fail-over of each kind: no error, nothing lost, and soon over', async () => {
  const rows = await startPart(
    createFailover(async () => stage),
    { ms: 1, seed: 1 },
  ).ended
  expect(lossesIn(rows)).toEqual([])
  expect(rows.every(({ tried }) => tried > 0)).toBe(true)
  expect(rows.map(({ what }) => what)).toEqual(
    expect.arrayContaining(['step-down of the primary', CALLS, WRITES, FOLLOWED]),
  )
  expect(rows.length).toBe(6)
}, 300_000)

/** In which row each fault is found. */
const FOUND: Record<keyof typeof failover.plants, string> = {
  'error-seen': CALLS,
  slow: 'step-down of the primary',
  stale: WRITES,
  lost: WRITES,
  doubled: WRITES,
  reverted: WRITES,
  left: WRITES,
  skipped: FOLLOWED,
  repeated: FOLLOWED,
}

test.each(Object.keys(failover.plants))(
  '%s is found',
  async (plant) => {
    const rows = await startPart(
      createFailover(async () => (plant in AT_FAULTS ? stage : calm)),
      { ms: 1, seed: 1, plant },
    ).ended
    expect(lossesIn(rows).map(({ what }) => what)).toEqual([FOUND[plant]])
  },
  120_000,
)
