import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { jsonObject } from '../../scripts/lib/json-values.ts'
import { createRandom } from '../../scripts/lib/random.ts'
import { differenceOf } from '../../scripts/torture/parts/json/difference.ts'
import { json } from '../../scripts/torture/parts/json/index.ts'
import { isNamed, judge, judgeObject, mergePatch } from '../../scripts/torture/parts/json/oracle.ts'
import { ODDITIES, POISONS, plantIn } from '../../scripts/torture/parts/json/poisons.ts'
import { expectNothingLost, lossesOf } from './support/attempts.ts'

test(
  'every value comes back exactly, or is refused before anything is sent',
  () => expectNothingLost(json, 6000),
  120_000,
)

test.each(Object.keys(json.plants))(
  'a fault is found: %s',
  async (plant) => {
    expect(await lossesOf(json, plant)).not.toEqual([])
  },
  120_000,
)

describe('the oracle', () => {
  test('takes what JSON says, as JSON says it', () => {
    fc.assert(
      fc.property(jsonObject, (value) => {
        expect(judge(value).offences).toEqual([])
        expect(differenceOf(value, judge(value).value)).toBeUndefined()
      }),
    )
  })

  test.each(Object.entries(POISONS))('has something against %s, wherever it is', (_, make) => {
    const random = createRandom(1)
    for (const value of fc.sample(jsonObject, { numRuns: 20, seed: 1 })) {
      const place = plantIn(value, make(), random)
      const { offences } = judgeObject(value)
      expect(offences.length).toBeGreaterThan(0)
      for (const offence of offences) expect(offence.place.slice(0, place.length)).toEqual(place)
    }
  })

  test.each(Object.entries(ODDITIES))('has nothing against %s', (_, make) => {
    expect(judge({ odd: make() }).offences).toEqual([])
  })

  test('merges as the examples of RFC 7396 do', () => {
    expect(mergePatch({ a: { b: 'c' } }, { a: { b: 'd', c: null } })).toEqual({ a: { b: 'd' } })
    expect(mergePatch([1, 2], { a: 'b', c: null })).toEqual({ a: 'b' })
    expect(mergePatch({ e: null }, { a: 1 })).toEqual({ e: null, a: 1 })
    expect(mergePatch({}, { a: { bb: { ccc: null } } })).toEqual({ a: { bb: {} } })
    expect(mergePatch({ a: 'foo' }, 'bar')).toBe('bar')
  })

  test('knows the place that a refusal has to name', () => {
    const [offence] = judge({ ok: 1, bad: [{}, { date: new Date() }] }).offences
    expect(offence?.place).toEqual(['bad', 1, 'date'])
    expect(isNamed([{ place: ['bad', 1], why: '' }], ['bad', 1, 'date'])).toBe(false)
    expect(isNamed([{ place: ['bad', 1], why: '', orInside: true }], ['bad', 1, 'date'])).toBe(true)
  })
})

test.each([
  [
    { a: 1, b: 2 },
    { b: 2, a: 1 },
  ],
  [{ a: 0 }, { a: -0 }],
  [{ a: [] }, { a: {} }],
  [{ a: {} }, {}],
  [{ a: null }, { a: undefined }],
  [{ a: [1] }, { a: [1, 2] }],
  [{ a: {} }, { a: Object.create({ b: 1 }) }],
  [JSON.parse('{"__proto__":{}}'), {}],
])('%j and %j differ', (one, other) => {
  expect(differenceOf(one, other)).toBeDefined()
  expect(differenceOf(one, one)).toBeUndefined()
})
