import { describe, expect, test } from '@jest/globals'
import { startPart } from '../../scripts/torture/attempt.ts'
import { overload } from '../../scripts/torture/parts/overload/index.ts'

const TIMEOUT_MS = 120_000

describe('load beyond capacity', () => {
  test(
    'is pushed back, loses nothing that was accepted, and leaves nothing behind',
    async () => {
      const rows = await startPart(overload, { ms: 1, seed: 9 }).ended
      expect(rows.flatMap(({ details }) => details)).toEqual([])
      expect(rows.map(({ what }) => what).sort()).toEqual([
        'accepted messages, there once',
        'calls beyond capacity',
        'messages of bulks, which waited',
        'pages read meanwhile',
        'recoveries',
        'refused messages, not there',
        'samples of queue and memory, in bounds',
      ])
      for (const { what, tried } of rows) expect([what, tried]).toEqual([what, expect.any(Number)])
      expect(rows.every(({ tried }) => tried > 0)).toBe(true)
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
