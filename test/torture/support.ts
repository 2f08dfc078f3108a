import { expect } from '@jest/globals'
import type { Row } from '../../scripts/torture/tally.ts'

/** What was lost, each in a line. */
export const lostIn = (rows: Row[]): string[] =>
  rows.flatMap(({ what, details }) => details.map((detail) => `${what}: ${detail}`))

/** Everything was tried, and nothing lost. */
export function expectNothingLost(rows: Row[]): void {
  expect(lostIn(rows)).toEqual([])
  expect(rows.length).toBeGreaterThan(0)
  for (const { what, tried } of rows) expect([what, tried]).not.toEqual([what, 0])
}
