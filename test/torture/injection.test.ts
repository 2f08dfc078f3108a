import { describe, expect, test } from '@jest/globals'
import { injection } from '../../scripts/torture/parts/injection/index.ts'
import { PAYLOADS } from '../../scripts/torture/parts/injection/payloads.ts'
import { missingFrom, TEMPLATES } from '../../scripts/torture/parts/injection/table/index.ts'
import { expectNothingLost, lossesOf } from './support/attempts.ts'

test(
  'nothing of a bystander is read or changed, and every error is typed',
  () => expectNothingLost(injection, 1),
  240_000,
)

test.each(Object.keys(injection.plants))(
  'a fault is found: %s',
  async (plant) => {
    expect(await lossesOf(injection, plant)).not.toEqual([])
    expect(Reflect.get({}, 'polluted')).toBeUndefined()
  },
  120_000,
)

describe('the table', () => {
  test('would miss a verb that nobody tries', () => {
    expect(missingFrom(TEMPLATES, ['getUser', 'close', 'forgetUser'])).toEqual(['forgetUser'])
  })

  test('has payloads of many kinds', () => {
    expect(PAYLOADS.length).toBeGreaterThan(80)
    expect(new Set(PAYLOADS.map(({ name }) => name)).size).toBe(PAYLOADS.length)
  })
})
