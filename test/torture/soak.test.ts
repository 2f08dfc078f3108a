import { beforeAll, describe, expect, test } from '@jest/globals'
import { startPart } from '../../scripts/torture/attempt.ts'
import { soak } from '../../scripts/torture/parts/soak/index.ts'
import { expectNothingLost, lostIn } from './support.ts'

test('real conversations with faults lose nothing, and nothing grows', async () => {
  expectNothingLost(await startPart(soak, { ms: 10_000, seed: 1 }).ended)
})

describe('a fault that is planted is found', () => {
  const found = { lost: /history of/, changed: /context of/, leak: /heap held grew/, cursors: /cursors grew/ }
  const plants = Object.keys(found)
  let lost: Record<string, string[]>

  /* Side by side: most of it is waiting. */
  beforeAll(async () => {
    const runs = plants.map(async (plant) => [
      plant,
      lostIn(await startPart(soak, { ms: 1000, seed: 1, plant }).ended),
    ])
    lost = Object.fromEntries(await Promise.all(runs))
  })

  test('every one has a test', () => {
    expect(Object.keys(soak.plants)).toEqual(plants)
  })

  test.each(Object.entries(found))('%s', (plant, what) => {
    expect(lost[plant]).toContainEqual(expect.stringMatching(what))
  })
})
