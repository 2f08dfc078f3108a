import { expect, test } from '@jest/globals'
import { startPart } from '../../scripts/torture/attempt.ts'
import { failpoints } from '../../scripts/torture/parts/failpoints/index.ts'

const TIMEOUT_MS = 180_000
const SHORT = { ms: 12_000, seed: 20260601 }

test(
  'whatever command fails, and however, callers hear what is so, and nothing is left behind',
  async () => {
    const rows = await startPart(failpoints, SHORT).ended
    expect(rows.flatMap(({ details }) => details)).toEqual([])
    expect(rows.length).toBe(10)
    for (const { what, tried } of rows) expect([what, tried > 0]).toEqual([what, true])
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
