import { expect, test } from '@jest/globals'
import { startPart } from '../../scripts/torture/attempt.ts'
import { leaks } from '../../scripts/torture/parts/leaks/index.ts'

const TIMEOUT_MS = 180_000

test(
  'no text of a user and no password shows, whatever fails',
  async () => {
    const rows = await startPart(leaks, { ms: 1, seed: 20260601 }).ended
    expect(rows.flatMap(({ details }) => details)).toEqual([])
    expect(rows.length).toBe(9)
    for (const { what, tried } of rows) expect([what, tried > 0]).toEqual([what, true])
  },
  TIMEOUT_MS,
)

test.each([
  ['error', 'each error code'],
  ['log', 'each error code'],
  ['password', 'passwords in URIs'],
])(
  'a fault is reported: %s',
  async (plant, where) => {
    const rows = await startPart(leaks, { ms: 1, seed: 1, plant }).ended
    const lost = rows.filter((row) => row.lost > 0)
    expect(lost).toMatchObject([{ what: where }])
    expect(lost[0]?.details[0]).toMatch(/shows a mark/)
  },
  TIMEOUT_MS,
)
