import { expect, test } from '@jest/globals'
import { startPart } from '../../scripts/torture/attempt.ts'
import { failpoints } from '../../scripts/torture/parts/failpoints/index.ts'
import { expectNothingLost } from './support/attempts.ts'

const TIMEOUT_MS = 180_000

test(
  'whatever command fails, and however, callers hear what is so, and nothing is left behind',
  async () => {
    expect(await expectNothingLost(failpoints, 12_000)).toHaveLength(10)
  },
  TIMEOUT_MS,
)

test.each([
  ['silent', 'said that it was done, and nothing is'],
  ['half', 'is done otherwise'],
  ['untyped', 'no DialogueStoreError'],
])(
  'a fault is reported: %s',
  async (plant, said) => {
    const rows = await startPart(failpoints, { ms: 1, seed: 1, plant }).ended
    expect(rows.flatMap(({ details }) => details)).toContainEqual(expect.stringContaining(said))
  },
  TIMEOUT_MS,
)
