import { describe, expect, test } from '@jest/globals'
import { startPart } from '../../scripts/torture/attempt.ts'
import { overload } from '../../scripts/torture/parts/overload/index.ts'
import { expectNothingLost } from './support/attempts.ts'

const TIMEOUT_MS = 120_000

describe('load beyond capacity', () => {
  test(
    'is pushed back, loses nothing that was accepted, and leaves nothing behind',
    async () => {
      const tried = await expectNothingLost(overload, 1)
      expect(tried.sort()).toEqual([
        'accepted messages, there once',
        'calls beyond capacity',
        'messages of bulks, which waited',
        'pages read meanwhile',
        'recoveries',
        'refused messages, not there',
        'samples of queue and memory, in bounds',
      ])
    },
    TIMEOUT_MS,
  )

  test.each([
    ['unbounded', 'samples of queue and memory, in bounds'],
    ['lost-accepted', 'accepted messages, there once'],
  ])(
    'planted as %s is reported',
    async (plant, where) => {
      const rows = await startPart(overload, { ms: 1, seed: 9, plant }).ended
      expect(rows.filter(({ lost }) => lost > 0).map(({ what }) => what)).toEqual([where])
    },
    TIMEOUT_MS,
  )
})
