import mongoose from 'mongoose'
import { ObjectId } from '../../../../src/ids.ts'
import { freshId, type Person } from './scene.ts'

const { BSON } = mongoose.mongo

/** What a payload is, as far as an argument may have to take it. */
export type Kind =
  | 'absent'
  | 'text'
  | 'number'
  | 'boolean'
  | 'date'
  | 'id'
  | 'function'
  | 'json'
  | 'array'
  | 'empty array'
  | 'empty object'
  /** Of a class, and without a property that anybody asks for: as options it says nothing. */
  | 'thing'
  /** Nothing takes it. */
  | 'odd'

export interface Payload {
  name: string
  kind: Kind
  make(bystander: Person, attacker: Person): unknown
}

const payloads = (kind: Kind, all: Record<string, Payload['make']>): Payload[] =>
  Object.entries(all).map(([name, make]) => ({ name, kind, make }))

/** Not a type of BSON's, though it says so. */
const mark = (type: string, fields: object) => ({ _bsontype: type, ...fields })
const BYTES = Buffer.alloc(12, 7)

const operators = payloads('json', {
  $ne: () => ({ $ne: null }),
  $gt: () => ({ $gt: '' }),
  $exists: () => ({ $exists: true }),
  '$in of regexes': () => ({ $in: ['', null, true] }),
  $regex: () => ({ $regex: '.*', $options: 's' }),
  $not: () => ({ $not: { $eq: 1 } }),
  $where: () => ({ $where: 'return true' }),
  $expr: () => ({ $expr: { $eq: [1, 1] } }),
  $function: () => ({ $function: { body: 'function() { return true }', args: [], lang: 'js' } }),
  $set: () => ({ $set: { name: 'changed' } }),
  $unset: () => ({ $unset: { name: '' } }),
  $merge: () => ({ $merge: { into: 'dialogue_users' } }),
  $literal: () => ({ $literal: 1 }),
  '$date of extended JSON': () => ({ $date: '2030-01-01T00:00:00Z' }),
  '$oid of extended JSON': ({ userId }) => ({ $oid: userId }),
  $comment: () => ({ $comment: 'x', $natural: 1 }),
  'a flow that is an operator': () => ({ registration: { $ne: '' } }),
  '__proto__, own': () => JSON.parse('{"__proto__":{"polluted":true}}'),
  'constructor.prototype': () => ({ constructor: { prototype: { polluted: true } } }),
})

const bson = payloads('thing', {
  'a Binary': () => new BSON.Binary(BYTES),
  Code: () => new BSON.Code('return true'),
  'a DBRef': () => new BSON.DBRef('users', new BSON.ObjectId()),
  'a Timestamp': () => new BSON.Timestamp(1n),
  'a MinKey': () => new BSON.MinKey(),
  'a MaxKey': () => new BSON.MaxKey(),
  'a Long': () => BSON.Long.fromNumber(1),
  'a Decimal128': () => BSON.Decimal128.fromString('1'),
  'a BSONRegExp': () => new BSON.BSONRegExp('.*'),
  'a RegExp': () => /.*/s,
  'marked as Code': () => mark('Code', { code: 'return true' }),
  'marked as MinKey': () => mark('MinKey', {}),
  'marked as a text of BSON': () => mark('BSONSymbol', { value: 'x' }),
  'marked as an ObjectId, no bytes': () => mark('ObjectId', { id: 'x'.repeat(12) }),
  'marked as an ObjectId, getters': () =>
    Object.defineProperty(mark('ObjectId', {}), 'id', { get: fail, enumerable: true }),
  'an heir of a Date': () => Object.create(Date.prototype),
  'a proxy of a Date': () => new Proxy(new Date(), {}),
  'a boxed number': () => Object(1),
  'no Date': () => new Date(Number.NaN),
  'a Map': () => new Map([['$ne', null]]),
  'a Promise': () => Promise.resolve({ $ne: null }),
})

function fail(): never {
  throw new Error('a trap of the caller')
}

const objects = payloads('odd', {
  'toString that lies': ({ userId }) => ({ toString: () => userId }),
  'valueOf that lies': () => ({ valueOf: () => 1 }),
  'toJSON that lies': () => ({ toJSON: () => ({ $ne: null }) }),
  'toString that throws': () => ({ toString: fail, valueOf: fail, toJSON: fail }),
  'getters that throw': () =>
    Object.defineProperties(
      {},
      Object.fromEntries(
        ['userId', 'id', 'provider', 'limit'].map((key) => [key, { get: fail, enumerable: true }]),
      ),
    ),
  'a proxy that throws at everything': () => new Proxy({}, everyTrap(fail)),
  'a revoked proxy': () => revoked(),
  'a boxed string': ({ messageId }) => Object(messageId),
  'a symbol': () => Symbol('x'),
  'a BigInt': () => 1n,
  NaN: () => Number.NaN,
  Infinity: () => Number.POSITIVE_INFINITY,
  'a Buffer': () => BYTES,
})

function everyTrap(trap: () => never): ProxyHandler<object> {
  return { get: trap, has: trap, ownKeys: trap, getPrototypeOf: trap, getOwnPropertyDescriptor: trap }
}

function revoked(): object {
  const { proxy, revoke } = Proxy.revocable({}, {})
  revoke()
  return proxy
}

const plain = [
  ...payloads('absent', { undefined: () => undefined, null: () => null }),
  ...payloads('boolean', { true: () => true, false: () => false }),
  ...payloads('number', {
    '-1': () => -1,
    0: () => 0,
    1.5: () => 1.5,
    '2^53': () => 2 ** 53,
    1e308: () => 1e308,
  }),
  ...payloads('date', {
    'the first Date': () => new Date(-8.64e15),
    'the last Date': () => new Date(8.64e15),
  }),
  ...payloads('id', {
    'an id of nobody': () => new ObjectId(),
    'an heir of an ObjectId': () => Object.create(ObjectId.prototype),
    'an ObjectId of another bson': () => ({ _bsontype: 'ObjectId', id: new Uint8Array(12).fill(7) }),
    'a proxy of an ObjectId': () => new Proxy(new ObjectId(), {}),
  }),
  ...payloads('empty object', {
    'an empty object': () => ({}),
    'an object without a prototype': () => Object.create(null),
    'a transparent proxy': () => new Proxy({}, {}),
    'a frozen object': () => Object.freeze({}),
    'Symbol.toPrimitive that lies': ({ userId }) => ({ [Symbol.toPrimitive]: () => userId }),
  }),
  ...payloads('function', { 'a function': () => async () => ({ data: {} }) }),
  ...payloads('empty array', { 'no items': () => [] }),
  ...payloads('array', {
    'an operator in an array': () => [{ $ne: null }],
    'a RegExp in an array': () => [/.*/],
    'an array in an array': () => [[]],
    'very many items': () => Array(1001).fill('x'),
    'a sparse array': () => Array(3),
  }),
]

const texts = payloads('text', {
  'no text': () => '',
  'JSON of an operator': () => '{"$ne":null}',
  'a path of a document': () => '$email',
  'a variable of an expression': () => '$$ROOT',
  'what removes a field': () => '$$REMOVE',
  'an operator': () => '$where',
  code: () => "'; return true; var x='",
  'a path': () => 'states.registration',
  __proto__: () => '__proto__',
  constructor: () => 'constructor',
  NUL: () => 'a\0b',
  'a lone surrogate': () => '\ud800',
  'text of other scripts': () => '‮שלום 👩‍👩‍👧 مرحبا',
  'a very long text': () => 'x'.repeat(70_000),
  'an id of nobody, as text': () => freshId(),
  'an id in capitals': () => freshId().toUpperCase(),
  'an id that is too long': () => `${freshId()}0`,
  'a number, as text': () => '1',
  'a path of a file': () => '../../etc/passwd',
  'a URI': () => 'mongodb://127.0.0.1:1/?replicaSet=rs0',
})

/** Every payload that is tried at each place of each verb. */
export const PAYLOADS: readonly Payload[] = [...operators, ...bson, ...objects, ...plain, ...texts]
