import { expect, test } from '@jest/globals'
import { startPart } from '../../scripts/torture/attempt.ts'
import { writes } from '../../scripts/torture/parts/writes/index.ts'
import { expectNothingLost } from './support/attempts.ts'

const TIMEOUT_MS = 120_000
const SEED = 1

test(
  'writers and mongod are killed and frozen, and nothing that was acknowledged is lost or doubled',
  async () => {
    const tried = await expectNothingLost(writes, 1)
    expect(tried).toEqual(
      expect.arrayContaining(['a writer is killed', 'mongod is killed', 'turns, there whole']),
    )
  },
  TIMEOUT_MS,
)

/* Side by side: each waits most of the time, for a server or a program to begin. */
test.concurrent.each([
  ['lost', 'acknowledged messages, there once'],
  ['doubled', 'acknowledged messages, there once'],
  ['stale-context', 'versions of contexts'],
  ['torn-turn', 'turns, there whole'],
  ['hole', 'the newest, in a full capped collection'],
])(
  'planted as %s, a fault is reported',
  async (plant, where) => {
    const rows = await startPart(writes, { ms: 1, seed: SEED, plant }).ended
    expect(rows.filter(({ lost }) => lost > 0).map(({ what }) => what)).toEqual([where])
  },
  TIMEOUT_MS,
)
