import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { jsonObject } from '../../scripts/lib/json-values.ts'
import { exactJson, type JsonObject, type JsonValue } from '../../src/json.ts'
import { COLLISION, mergeThree } from '../../src/sessions/merge.ts'

const parsed = (text: string): JsonValue => JSON.parse(text)
const values = fc.option(
  jsonObject.map((value) => exactJson(value)),
  { nil: undefined },
)
/** Few keys, so that both sides often change the same. */
const states = fc
  .dictionary(
    fc.constantFrom('a', 'b', 'c', '__proto__', 'constructor', ''),
    fc.oneof(fc.integer({ min: 0, max: 2 }), fc.dictionary(fc.constantFrom('x', '__proto__'), fc.nat(2))),
  )
  .map((value): JsonObject => exactJson(value))

/** What a side has done to one key: set it, or taken it away. */
const changes = (prefix: string) =>
  fc.dictionary(
    fc.constantFrom('1', '2', '3').map((name) => `${prefix}${name}`),
    fc.option(fc.nat(9)),
  )
const applied = (base: JsonObject, change: Record<string, number | null>): JsonObject => {
  const after = { ...base, ...change }
  for (const [key, value] of Object.entries(change)) if (value === null) delete after[key]
  return after as JsonObject
}

test('with one side unchanged, the other one comes out', () => {
  fc.assert(
    fc.property(values, values, (base, changed) => {
      expect(mergeThree(base, changed, base)).toStrictEqual(changed)
      expect(mergeThree(base, base, changed)).toStrictEqual(changed)
    }),
  )
})

test('what both have counted, or added, is not taken for one change', () => {
  expect(mergeThree({ count: 3 }, { count: 4 }, { count: 4 })).toBe(COLLISION)
  expect(mergeThree({ list: ['a'] }, { list: ['a', 'b'] }, { list: ['a', 'b'] })).toEqual({
    list: ['a', 'b', 'b'],
  })
  expect(mergeThree({ step: 'a' }, { step: 'b' }, { step: 'b' })).toEqual({ step: 'b' })
  expect(mergeThree(undefined, { count: 1 }, { count: 1 })).toEqual({ count: 1 })
})

test('changes in different places all stay, whoever is first', () => {
  const base = changes('').chain((of) =>
    fc.constant(applied({ o1: 1, o2: 2, t1: 1, t2: 2, n: { x: 1 } }, of)),
  )
  fc.assert(
    fc.property(base, changes('o'), changes('t'), (before, our, their) => {
      const [ours, theirs] = [applied(before, our), applied(before, their)]
      const both = applied(ours, their)
      expect(mergeThree(before, ours, theirs)).toEqual(both)
      expect(mergeThree(before, theirs, ours)).toEqual(both)
      const deep = (value: JsonObject) => ({ same: true, in: { it: value } })
      expect(mergeThree(deep(before), deep(ours), deep(theirs))).toEqual(deep(both))
    }),
  )
})

test('is a collision from both sides, or from none, and invents nothing', () => {
  fc.assert(
    fc.property(states, states, states, (base, ours, theirs) => {
      const merged = mergeThree(base, ours, theirs)
      const mirrored = mergeThree(base, theirs, ours)
      if (merged === COLLISION || mirrored === COLLISION) return expect(merged).toBe(mirrored)
      expect(merged).toEqual(mirrored)
      const known = new Set([...Object.keys(ours), ...Object.keys(theirs)])
      for (const key of Object.keys(Object(merged))) expect(known).toContain(key)
    }),
  )
})

test('keys that objects inherit are keys like others', () => {
  const merged = mergeThree(
    parsed('{"__proto__":{"a":1},"n":0}'),
    parsed('{"__proto__":{"a":1,"b":2},"n":0}'),
    parsed('{"__proto__":{"a":1,"c":3},"n":0,"constructor":1}'),
  )
  expect(merged).toStrictEqual(parsed('{"__proto__":{"a":1,"b":2,"c":3},"n":0,"constructor":1}'))
  expect(Object.getPrototypeOf(merged)).toBe(Object.prototype)
  expect(mergeThree({}, parsed('{"__proto__":1}'), parsed('{"__proto__":2}'))).toBe(COLLISION)
  expect(mergeThree(parsed('{"toString":1}'), {}, parsed('{"toString":1,"a":2}'))).toStrictEqual({ a: 2 })
})

test('what both have added to a list stays; a list that was changed otherwise is a collision', () => {
  expect(mergeThree([1], [1, 2], [1, 3])).toEqual([1, 3, 2])
  expect(mergeThree([1], [2], [1, 3])).toBe(COLLISION)
  expect(mergeThree(undefined, [1], [2])).toBe(COLLISION)
  expect(mergeThree({ a: 1 }, undefined, { a: 1 })).toBeUndefined()
  expect(mergeThree({ a: 1 }, undefined, { a: 2 })).toBe(COLLISION)
})
