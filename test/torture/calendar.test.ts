import { expect, test } from '@jest/globals'
import { calendar } from '../../scripts/torture/parts/calendar/index.ts'
import { expectNothingLost, lossesOf } from './support/attempts.ts'

const TIMEOUT_MS = 180_000

test(
  'both sides converge, without a duplicate and without a lost edit',
  async () => {
    await expectNothingLost(calendar, 12_000)
  },
  TIMEOUT_MS,
)

test.each([
  ['differs', /has location "elsewhere" here/],
  ['orphan', /is not here/],
  ['ended', /is cancelled, and nobody did that/],
  ['reverted', /"as it was", and was last said to be/],
])(
  'a fault is found: %s',
  async (plant, what) => {
    expect(await lossesOf(calendar, plant)).toContainEqual(expect.stringMatching(what))
  },
  TIMEOUT_MS,
)
