import { expect, test } from '@jest/globals'
import { soak } from '../../scripts/torture/parts/soak/index.ts'
import { expectNothingLost, lossesOf } from './support/attempts.ts'

const TIMEOUT_MS = 120_000

test(
  'real conversations with faults lose nothing, and nothing grows',
  () => expectNothingLost(soak, 10_000),
  TIMEOUT_MS,
)

/* One after the other: they share a heap, and one of them weighs it. */
test.each([
  ['lost', /history of/],
  ['changed', /context of/],
  ['leak', /heap held grew/],
  ['cursors', /cursors grew/],
])(
  'a fault is found: %s',
  async (plant, what) => {
    expect(await lossesOf(soak, plant)).toContainEqual(expect.stringMatching(what))
  },
  TIMEOUT_MS,
)
