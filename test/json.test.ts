import { runInNewContext } from 'node:vm'
import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import mongoose from 'mongoose'
import { jsonObject, nested, written } from '../scripts/lib/json-values.ts'
import { DialogueStoreError } from '../src/index.ts'
import { checkJson, exactJson, type JsonValue, MAX_BYTES, MAX_DEPTH } from '../src/json.ts'

/** Where, and why, a value is refused; undefined if it is not. */
function refusal(value: unknown): string | undefined {
  const checked = checkJson(value)
  return 'issue' in checked ? checked.issue.path.join('.') : undefined
}

describe('what JSON says', () => {
  test('is copied exactly, whatever the keys and values', () => {
    fc.assert(
      fc.property(jsonObject, (value) => {
        expect(written(exactJson(value))).toBe(written(value))
      }),
    )
  })

  test('may have keys that objects inherit, empty ones, and ones that look like operators', () => {
    const value = JSON.parse(
      '{"__proto__":{"a":1},"constructor":null,"toJSON":"x","hasOwnProperty":[],"":{"":0},"a.b":{"$set":{}},"$where":1,"id":1,"_id":2}',
    )
    const copy = exactJson(value)
    expect(Object.keys(copy)).toEqual(Object.keys(value))
    expect(JSON.stringify(copy)).toBe(JSON.stringify(value))
    expect(Object.getPrototypeOf(copy)).toBe(Object.prototype)
  })

  test.each([-0, 1e308, -1e308, 5e-324, 2 ** 53 + 1, 2 ** 31, -(2 ** 31) - 1, 0.1])(
    'may be the number %p',
    (n) => {
      expect(Object.is(exactJson({ n }).n, n)).toBe(true)
    },
  )

  test('leaves out undefined properties, and nothing else', () => {
    expect(exactJson({ a: undefined, b: { c: undefined, d: null } })).toStrictEqual({ b: { d: null } })
  })

  test('is read from objects without a prototype, of other realms, sealed, and behind a proxy', () => {
    const bare = Object.assign(Object.create(null), { a: [Object.create(null)] })
    expect(exactJson(bare)).toStrictEqual({ a: [{}] })
    expect(exactJson(runInNewContext('({ a: [{ b: 1 }] })'))).toStrictEqual({ a: [{ b: 1 }] })
    expect(exactJson(Object.freeze({ a: Object.freeze([1]) }))).toStrictEqual({ a: [1] })
    expect(exactJson(new Proxy({ a: 1 }, {}))).toStrictEqual({ a: 1 })
    expect(exactJson(structuredClone({ a: {} }))).toStrictEqual({ a: {} })
  })

  test('shares nothing with what it was copied from', () => {
    const value = { list: [{ a: 1 }] }
    const copy = exactJson(value)
    value.list[0] = { a: 2 }
    value.list.push({ a: 3 })
    expect(copy).toStrictEqual({ list: [{ a: 1 }] })
  })

  test('may hold the same object twice', () => {
    const shared = { a: [1] }
    expect(exactJson({ x: shared, y: [shared, shared] })).toStrictEqual({ x: shared, y: [shared, shared] })
  })

  test('reads every getter once', () => {
    let reads = 0
    const list = Object.defineProperty([0], 0, { enumerable: true, get: () => ++reads })
    const value = {
      list,
      get once() {
        return ++reads
      },
    }
    expect(exactJson(value)).toStrictEqual({ list: [1], once: 2 })
    expect(reads).toBe(2)
  })

  test.each([
    ['objects', (depth: number) => nested(depth, (inner) => ({ a: inner }))],
    ['arrays', (depth: number) => ({ a: nested(depth - 1, (inner) => [inner]) })],
  ])('is nested to 90 levels of %s, and no deeper', (_, make) => {
    expect(MAX_DEPTH).toBe(90)
    expect(refusal(make(90))).toBeUndefined()
    expect(refusal(make(91))?.split('.')).toHaveLength(90)
  })
})

describe('what JSON cannot say, or BSON would change, is refused by its path', () => {
  class Point {
    x = 1
  }
  class Bare {}
  Object.setPrototypeOf(Bare.prototype, null)

  test.each<[string, unknown]>([
    ['a Date', new Date()],
    ['an invalid Date', new Date(Number.NaN)],
    ['a Map', new Map([['a', 1]])],
    ['a Set', new Set([1])],
    ['a RegExp', /x/],
    ['an Error', new Error('x')],
    ['a Promise', Promise.resolve(1)],
    ['a Buffer', Buffer.from('x')],
    ['a typed array', new Uint8Array(2)],
    ['an instance of a class', new Point()],
    ['an instance of a class without Object', new Bare()],
    ['an object that inherits', Object.create({ a: 1 })],
    ['an object that inherits from a bare one', Object.create(Object.assign(Object.create(null), { a: 1 }))],
    ['a boxed string', Object('x')],
    ['a URL', new URL('http://example.org')],
    ['a BigInt', 1n],
    ['a function', () => 1],
    ['a class', Point],
    ['a symbol', Symbol('x')],
    ['NaN', Number.NaN],
    ['Infinity', Number.POSITIVE_INFINITY],
    ['-Infinity', Number.NEGATIVE_INFINITY],
    ['a lone high surrogate', 'a\ud83d'],
    ['a lone low surrogate', '\ude00a'],
    ['surrogates in the wrong order', '\ude00\ud83d'],
    ['a sparse array', Array(3)],
    ['an array with a name', Object.assign([1], { name: 'x' })],
    ['a sparse array with a name', Object.assign(Array(1), { name: 'x' })],
    ['an array with a symbol', Object.assign([1], { [Symbol('x')]: 1 })],
    ['an object with a symbol', { [Symbol('x')]: 1 }],
    ['a reference', { $ref: 'users', $id: 1 }],
    ['a reference with a database', { a: 1, $db: 'x', $id: null, $ref: '' }],
  ])('%s', (_, value) => {
    expect(refusal({ ok: 1, bad: value })).toMatch(/^bad/)
    expect(refusal({ ok: [{}, { bad: value }] })).toMatch(/^ok\.1\.bad/)
    expect(refusal({ ok: [[value]] })).toMatch(/^ok\.0\.0/)
  })

  test.each<[string, string]>([
    ['NUL', 'a\0b'],
    ['a lone surrogate', '\ud800'],
    ["BSON's mark of its own types", '_bsontype'],
  ])('a key with %s', (_, key) => {
    expect(refusal({ ok: { [key]: 1 } })).toBe(`ok.${key}`)
    expect(refusal({ [key]: undefined })).toBeUndefined()
  })

  test('undefined in an array, at its place', () => {
    expect(refusal({ list: [1, undefined] })).toBe('list.1')
  })

  test('a function, also where it is a toJSON that would say something else', () => {
    expect(refusal({ a: { toJSON: () => 1 } })).toBe('a.toJSON')
  })

  test('a getter that throws, with its error kept out', () => {
    const value = {
      ok: 1,
      get secret(): number {
        throw new Error('a secret')
      },
    }
    const call = () => exactJson(value, ['data'])
    expect(call).toThrow(DialogueStoreError)
    expect(call).not.toThrow(/a secret/)
    expect(refusal({ list: [value] })).toBe('list.0.secret')
  })

  test('a proxy that throws when it is looked into, wherever it is', () => {
    const fail = (): never => {
      throw new Error('a secret')
    }
    const { proxy: revoked, revoke } = Proxy.revocable({}, {})
    revoke()
    for (const bad of [
      revoked,
      new Proxy({}, { ownKeys: fail }),
      new Proxy({}, { getPrototypeOf: fail }),
      new Proxy({ a: 1 }, { getOwnPropertyDescriptor: fail }),
      new Proxy([1], { get: fail }),
    ]) {
      expect(refusal(bad)).toBe('')
      expect(refusal({ ok: 1, list: [1, { bad }] })).toBe('list.1.bad')
    }
  })

  test('a cycle, however it closes, without overflowing the stack', () => {
    const self: Record<string, unknown> = {}
    self.self = self
    const list: unknown[] = []
    list.push(list)
    const a: Record<string, unknown> = { n: 1 }
    a.b = { list: [{ a }] }
    const endless: object = new Proxy({ x: 1 }, { get: () => endless })
    for (const cycle of [self, { list }, a, endless]) {
      expect(refusal(cycle)).toBeDefined()
    }
    expect(refusal(self)).toBe(Array(90).fill('self').join('.'))
  })

  test.each([undefined, null, true, 1, 'x', [], [{}], new Date(), new Map(), () => ({})])(
    '%p, where an object is expected',
    (value) => {
      expect(refusal(value)).toBe('')
    },
  )
})

describe('what no document has room for is TOO_LARGE, and soon said', () => {
  const codeOf = (value: unknown): string => {
    try {
      exactJson(value)
      return 'none'
    } catch (error) {
      return error instanceof DialogueStoreError ? error.code : String(error)
    }
  }

  test('to the byte, as BSON counts', () => {
    fc.assert(
      fc.property(jsonObject, (mixed) => {
        const value = { mixed, padding: '' }
        value.padding = 'x'.repeat(MAX_BYTES - mongoose.mongo.BSON.calculateObjectSize(value))
        expect(codeOf(value)).toBe('none')
        value.padding += 'x'
        expect(codeOf(value)).toBe('TOO_LARGE')
      }),
      { numRuns: 10 },
    )
  })

  test('in many strings, in keys, and in characters of several bytes', () => {
    expect(codeOf({ a: Array(40).fill('x'.repeat(2 ** 19)) })).toBe('TOO_LARGE')
    expect(codeOf({ ['x'.repeat(MAX_BYTES)]: 1 })).toBe('TOO_LARGE')
    expect(codeOf({ a: 'é'.repeat(MAX_BYTES / 2) })).toBe('TOO_LARGE')
  })

  test('when few objects stand for very many', () => {
    const long = 'x'.repeat(1000)
    let value: JsonValue = {}
    for (let i = 0; i < 40; i++) value = { [long]: [value, value] }
    expect(codeOf({ value })).toBe('TOO_LARGE')
  })
})
