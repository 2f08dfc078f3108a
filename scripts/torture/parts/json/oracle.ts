import type { JsonObject, JsonValue } from '../../../../src/index.ts'

/*
 * What the contract says of JSON, written down without a look at how the store does it: whether a value has to be
 * taken, and as what, or refused, and at which places.
 */

export type Place = readonly (string | number)[]

export interface Offence {
  place: Place
  why: string
  /** There is no telling how far into it a reader gets. */
  orInside?: boolean
}

/** Nothing offends: `value` is what has to come back. */
export type Verdict = { offences: Offence[]; value: JsonValue | undefined }

const DEEPEST = 90

export function judge(value: unknown): Verdict {
  const offences: Offence[] = []
  const said = sayable(value, { place: [], around: [], offences })
  return { offences, value: said }
}

/** The verdict on what has to be an object. */
export function judgeObject(value: unknown): { offences: Offence[]; value: JsonObject } {
  const { offences, value: said } = judge(value)
  if (typeof said === 'object' && said !== null && !Array.isArray(said)) return { offences, value: said }
  return { offences: [...offences, { place: [], why: 'is no object' }], value: {} }
}

/** Whether a refusal names a place that offends. */
export const isNamed = (offences: Offence[], named: Place): boolean =>
  offences.some(({ place, orInside }) => {
    const begin = orInside ? named.slice(0, place.length) : named
    return JSON.stringify(begin) === JSON.stringify(place)
  })

interface Visit {
  place: Place
  /** The objects that hold this one, the outermost first. */
  around: readonly object[]
  offences: Offence[]
}

function sayable(value: unknown, visit: Visit): JsonValue | undefined {
  const { place, offences } = visit
  const offend = (why: string): undefined => {
    offences.push({ place, why })
  }
  switch (typeof value) {
    case 'boolean':
      return value
    case 'number':
      return JSON.stringify(value) === 'null' ? offend('is no number of JSON') : value
    case 'string':
      return isUtf8(value) ? value : offend('is no text of UTF-8')
    case 'object':
      return value === null ? null : sayableObject(value, visit)
    default:
      return offend(`is ${typeof value}`)
  }
}

const isUtf8 = (text: string): boolean => Buffer.from(text).toString() === text

function sayableObject(value: object, { place, around, offences }: Visit): JsonValue | undefined {
  if (around.length >= DEEPEST || around.includes(value)) {
    offences.push({ place, why: 'has no end', orInside: around.length < DEEPEST })
    return undefined
  }
  const inside = { around: [...around, value], offences }
  try {
    if (Array.isArray(value)) return sayableArray(value, place, inside)
    if (isRecord(value)) return sayableRecord(value, place, inside)
    offences.push({ place, why: 'is of a class' })
  } catch {
    /* A trap of a proxy. */
    offences.push({ place, why: 'cannot be looked into', orInside: true })
  }
  return undefined
}

/** Of any realm: only an `Object.prototype` has nothing behind it, and these. */
function isRecord(value: object): value is Record<string, unknown> {
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype === null) return true
  return (
    Object.getPrototypeOf(prototype) === null &&
    Object.getOwnPropertyNames(prototype).includes('__lookupGetter__')
  )
}

type Inside = Pick<Visit, 'around' | 'offences'>

function sayableArray(array: unknown[], place: Place, inside: Inside): JsonValue[] {
  const indexes = Array.from({ length: array.length }, (_, i) => i)
  const holes = indexes.filter((i) => !Object.getOwnPropertyDescriptor(array, i)?.enumerable)
  const isNoItem = (key: string | symbol) =>
    typeof key === 'symbol' || (!/^\d+$/.test(key) && Object.prototype.propertyIsEnumerable.call(array, key))
  if (holes.length > 0 || Reflect.ownKeys(array).some(isNoItem)) {
    inside.offences.push({ place, why: 'is more, or less, than a list', orInside: true })
    return []
  }
  return indexes.map((i) => sayable(array[i], { place: [...place, i], ...inside }) ?? null)
}

function sayableRecord(record: Record<string, unknown>, place: Place, inside: Inside): JsonObject {
  const { offences } = inside
  if (Object.getOwnPropertySymbols(record).length > 0) offences.push({ place, why: 'has a symbol' })
  const said: JsonObject = {}
  for (const key of Object.keys(record)) {
    const at = [...place, key]
    const value = readFrom(record, key, at, offences)
    if (value === undefined) continue
    if (key.includes('\0') || !isUtf8(key) || key === '_bsontype')
      offences.push({ place: at, why: 'is no key that BSON keeps' })
    const inner = sayable(value, { place: at, ...inside })
    if (inner !== undefined) define(said, key, inner)
  }
  if (Object.keys(said).filter((key) => key === '$ref' || key === '$id').length === 2)
    offences.push({ place, why: 'is what BSON takes for a reference' })
  return said
}

function readFrom(record: object, key: string, place: Place, offences: Offence[]): unknown {
  try {
    return Reflect.get(record, key)
  } catch {
    offences.push({ place, why: 'throws' })
    return undefined
  }
}

/** An own property, whatever the key. */
export const define = (object: JsonObject, key: string, value: JsonValue): void => {
  Object.defineProperty(object, key, { value, enumerable: true, configurable: true, writable: true })
}

/** What RFC 7396 says, in its own words: https://www.rfc-editor.org/rfc/rfc7396#section-2 */
export function mergePatch(target: JsonValue | undefined, patch: JsonValue): JsonValue {
  if (!isObject(patch)) return patch
  const entries = new Map(isObject(target) ? Object.entries(target) : [])
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) entries.delete(name)
    else entries.set(name, mergePatch(entries.get(name), value))
  }
  return Object.fromEntries(entries)
}

const isObject = (value: JsonValue | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
