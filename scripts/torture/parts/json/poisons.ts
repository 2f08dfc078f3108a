import { runInNewContext } from 'node:vm'
import mongoose from 'mongoose'
import type { JsonObject, JsonValue } from '../../../../src/index.ts'
import { nested } from '../../../lib/json-values.ts'
import type { Random } from '../../../lib/random.ts'
import { define, type Place } from './oracle.ts'

const { BSON } = mongoose.mongo

class Point {
  x = 1
}

const fail = (): never => {
  throw new Error('nobody may see this')
}

/** What JSON cannot say, or BSON would change, each made anew. */
export const POISONS: Readonly<Record<string, () => unknown>> = {
  'a Date': () => new Date(),
  'no Date': () => new Date(Number.NaN),
  'a Map': () => new Map([['a', 1]]),
  'a Set': () => new Set([1]),
  'a WeakMap': () => new WeakMap(),
  'a RegExp': () => /x/g,
  'an Error': () => new Error('x'),
  'a Promise': () => Promise.resolve(1),
  'a Buffer': () => Buffer.from('x'),
  'a typed array': () => new Float64Array(2),
  'an ArrayBuffer': () => new ArrayBuffer(2),
  'a URL': () => new URL('http://example.org'),
  'an instance': () => new Point(),
  'an heir': () => Object.create({ a: 1 }),
  'a boxed string': () => Object('x'),
  'a boxed number': () => Object(1),
  'a boxed boolean': () => Object(false),
  'a boxed BigInt': () => Object(1n),
  'a BigInt': () => 1n,
  'a function': () => () => 1,
  'a class': () => Point,
  'a symbol': () => Symbol('x'),
  NaN: () => Number.NaN,
  Infinity: () => Number.POSITIVE_INFINITY,
  '-Infinity': () => Number.NEGATIVE_INFINITY,
  'a high surrogate': () => 'a\ud83d',
  'a low surrogate': () => '\ude00a',
  'surrogates the wrong way round': () => '\ude00\ud83d',
  'undefined in an array': () => [1, undefined],
  'a sparse array': () => Array(3),
  'an array with a hole': () => [1].concat(Array(1), [2]),
  'an array with a name': () => Object.assign([1], { name: 'x' }),
  'an array with a symbol': () => Object.assign([1], { [Symbol('x')]: 1 }),
  'an object with a symbol': () => ({ [Symbol('x')]: 1 }),
  arguments: () => argumentsOf(1),
  Math: () => Math,
  'toJSON, a function': () => ({ toJSON: () => 1 }),
  'a reference': () => ({ $ref: 'users', $id: 1 }),
  'a reference among others': () => ({ a: 1, $db: 'x', $id: null, $ref: '' }),
  'a mark of BSON': () => ({ _bsontype: 'ObjectId', id: 'x'.repeat(12) }),
  'no mark of BSON': () => ({ _bsontype: null }),
  'NUL in a key': () => ({ 'a\0b': 1 }),
  'NUL as a key': () => ({ '\0': {} }),
  'a surrogate in a key': () => ({ '\ud800': 1 }),
  'an ObjectId': () => new BSON.ObjectId(),
  'a Binary': () => new BSON.Binary(Buffer.from('x')),
  'a Long': () => BSON.Long.fromNumber(1),
  'a Decimal128': () => BSON.Decimal128.fromString('1'),
  'a Timestamp': () => new BSON.Timestamp(1n),
  'a MinKey': () => new BSON.MinKey(),
  Code: () => new BSON.Code('1'),
  'a DBRef': () => new BSON.DBRef('users', new BSON.ObjectId()),
  'too deep an object': () => nested(91, (inner) => ({ a: inner })),
  'far too deep an array': () => nested(2000, (inner) => [inner]),
  'a cycle': () => cycle({}, (self) => ({ self })),
  'a cycle of arrays': () => cycle([], (self) => [self]),
  'a long cycle': () => cycle({}, (self) => ({ list: [{ a: 1 }, { self }] })),
  'a getter that throws': () => Object.defineProperty({ a: 1 }, 'b', { enumerable: true, get: fail }),
  'an item that throws': () => Object.defineProperty([1], 0, { enumerable: true, get: fail }),
  'a revoked proxy': () => revoked(),
  'a proxy whose keys throw': () => new Proxy({ a: 1 }, { ownKeys: fail }),
  'a proxy whose prototype throws': () => new Proxy({ a: 1 }, { getPrototypeOf: fail }),
  'a proxy whose properties throw': () => new Proxy({ a: 1 }, { getOwnPropertyDescriptor: fail }),
  'a proxy of a Date': () => new Proxy(new Date(), {}),
  'a proxy of a Map': () => new Proxy(new Map(), {}),
}

/** Odd, and all the same what JSON can say. */
export const ODDITIES: Readonly<Record<string, () => unknown>> = {
  'an object without a prototype': () => Object.assign(Object.create(null), { a: [Object.create(null)] }),
  'an object of another realm': () => runInNewContext('({ a: [{ b: 1 }] })'),
  'a frozen object': () => Object.freeze({ a: Object.freeze([1]) }),
  'a sealed object': () => Object.seal({ a: 1 }),
  'a transparent proxy': () => new Proxy({ a: new Proxy([1], {}) }, {}),
  'a getter': () => Object.defineProperty({}, 'a', { enumerable: true, get: () => [1] }),
  'a property that is not listed': () => Object.defineProperty({ a: 1 }, 'b', { value: 2 }),
  'undefined properties': () => ({ a: undefined, b: { c: undefined }, d: null, '\0': undefined }),
  'an object twice': () => {
    const shared = { a: [1] }
    return { x: shared, y: [shared, shared] }
  },
  'toJSON, a text': () => ({ toJSON: 'x', toString: 'y', valueOf: [1] }),
  'half a reference': () => [{ $ref: 'users' }, { $id: 1 }, { $ref: 'users', $id: undefined }],
  'own __proto__': () =>
    JSON.parse('{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":1}}}'),
  'numbers at the edges': () => [-0, 0, 1e308, 5e-324, 2 ** 53 + 1, -(2 ** 31) - 1, 2 ** 31, 2 ** 63, 0.1],
}

/** `arguments` looks like an object of keys 0, 1, … */
function argumentsOf(..._: unknown[]): unknown {
  // biome-ignore lint/complexity/noArguments: the object itself is wanted
  return arguments
}

function cycle<T extends object>(self: T, inside: (self: T) => object): T {
  return Object.assign(self, inside(self))
}

function revoked(): object {
  const { proxy, revoke } = Proxy.revocable({}, {})
  revoke()
  return proxy
}

/**
 * Puts something into a value, at a place of chance, in place of what is there or beside it.
 * @returns where
 */
export function plantIn(value: JsonObject, something: unknown, random: Random): Place {
  const place: (string | number)[] = []
  let holder: JsonObject | JsonValue[] = value
  while (true) {
    const inner: Entry | undefined = random.pick([undefined, ...entriesOf(holder)])
    if (!inner) break
    place.push(inner[0])
    holder = inner[1]
  }
  const key = Array.isArray(holder)
    ? random.below(holder.length + 1)
    : random.pick(['poison', ...Object.keys(holder)])
  put(holder, key, something)
  return [...place, key]
}

type Entry = [string | number, JsonObject | JsonValue[]]

const entriesOf = (holder: JsonObject | JsonValue[]): Entry[] =>
  Object.entries(holder).flatMap(([key, value]) =>
    typeof value === 'object' && value !== null ? [[Array.isArray(holder) ? Number(key) : key, value]] : [],
  )

function put(holder: JsonObject | JsonValue[], key: string | number, something: unknown): void {
  // What it takes for is wrong on purpose.
  define(holder as JsonObject, `${key}`, something as JsonValue)
}
