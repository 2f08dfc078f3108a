import { expect } from '@jest/globals'
import { startPart } from '../../../scripts/torture/attempt.ts'
import type { Part } from '../../../scripts/torture/part.ts'

const SEED = 20_260_101

/** The short form of a part: everything is tried, and nothing is lost. @returns what was tried */
export async function expectNothingLost(part: Part, ms: number): Promise<string[]> {
  const rows = await startPart(part, { ms, seed: SEED }).ended
  expect(rows.flatMap(({ what, details }) => details.map((detail) => `${what}: ${detail}`))).toEqual([])
  expect(rows.length).toBeGreaterThan(0)
  for (const { what, tried } of rows) expect([what, tried > 0]).toEqual([what, true])
  return rows.map(({ what }) => what)
}

/** What a part says when it commits a fault of its own. */
export async function lossesOf(part: Part, plant: string): Promise<string[]> {
  const rows = await startPart(part, { ms: 1, seed: SEED, plant }).ended
  /* What ends the part is no finding. */
  return rows.filter(({ what }) => what !== 'the part itself').flatMap(({ details }) => details)
}
