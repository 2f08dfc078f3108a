import { DialogueStoreError, type InputIssue, invalidInput, tooLarge } from './errors.ts'

export type JsonValue = null | boolean | number | string | JsonValue[] | JsonObject
export type JsonObject = { [key: string]: JsonValue }

/** BSON nests to about a hundred levels, and documents around the value take some of them. */
export const MAX_DEPTH = 90

/** Of 16 MiB, what is left to the other fields of a document, and to the command that it travels in. */
const ROOM_BYTES = 128 * 2 ** 10
export const MAX_BYTES = 16 * 2 ** 20 - ROOM_BYTES

type Path = (string | number)[]

class Refused extends Error {
  readonly issue: InputIssue
  constructor(path: Path, reason: string) {
    super(reason)
    this.issue = { path: [...path], reason }
  }
}

/** Where the copying stands. */
interface Walk {
  path: Path
  /** What BSON takes for all that was copied so far. */
  bytes: number
}

/**
 * A deep copy of `value` that MongoDB gives back exactly as it went in.
 * `undefined` properties count as absent.
 * @throws DialogueStoreError `INVALID_INPUT` naming the path of whatever JSON cannot say or BSON would change,
 *   `TOO_LARGE` for what no document has room for
 */
export function exactJson(value: unknown, at: Path = []): JsonObject {
  const checked = checkJson(value)
  if ('issue' in checked) throw invalidInput([{ ...checked.issue, path: [...at, ...checked.issue.path] }])
  return checked.json
}

/** The same for schemas that collect their issues. What is too large is thrown: it is none of them. */
export function checkJson(value: unknown): { json: JsonObject } | { issue: InputIssue } {
  const walk: Walk = { path: [], bytes: 0 }
  try {
    if (!isPlainObject(value)) throw new Refused([], 'must be a plain object')
    return { json: copyObject(value, walk, 1) }
  } catch (error) {
    if (error instanceof Refused) return { issue: error.issue }
    if (error instanceof DialogueStoreError) throw error
    return { issue: { path: walk.path, reason: 'cannot be read: a getter or a proxy throws' } }
  }
}

/** Counting while copying ends what would never end: an object that holds another one twice, that holds … */
function spend(walk: Walk, bytes: number): void {
  walk.bytes += bytes
  if (walk.bytes > MAX_BYTES) throw tooLarge()
}

/** The driver sends such numbers as int32, and all others as doubles. */
const isInt32 = (value: number): boolean => (value | 0) === value && !Object.is(value, -0)

/** Reads a property once. It may be a getter, which runs code of the caller's. */
const read = (object: object, key: string | number): unknown =>
  (object as Record<string | number, unknown>)[key]

function copyValue(value: unknown, walk: Walk, depth: number): JsonValue {
  switch (typeof value) {
    case 'string':
      if (!value.isWellFormed()) throw new Refused(walk.path, 'has a lone surrogate, which UTF-8 cannot say')
      spend(walk, 5 + Buffer.byteLength(value))
      return value
    case 'boolean':
      spend(walk, 1)
      return value
    case 'number':
      if (!Number.isFinite(value)) throw new Refused(walk.path, 'is a number that JSON cannot say')
      spend(walk, isInt32(value) ? 4 : 8)
      return value
    case 'object':
      if (value === null) return null
      if (depth > MAX_DEPTH) throw new Refused(walk.path, `is nested deeper than ${MAX_DEPTH} levels`)
      if (Array.isArray(value)) return copyArray(value, walk, depth)
      if (isPlainObject(value)) return copyObject(value, walk, depth)
      throw new Refused(walk.path, 'is an object of a class, which JSON cannot say')
    default:
      throw new Refused(walk.path, `is ${typeof value}, which JSON cannot say`)
  }
}

function copyArray(array: unknown[], walk: Walk, depth: number): JsonValue[] {
  const { path } = walk
  const { length } = array
  if (Object.keys(array).length !== length || Object.getOwnPropertySymbols(array).length > 0)
    throw new Refused(path, 'is a sparse array, or has named properties')
  spend(walk, 5)
  const copy: JsonValue[] = []
  for (let i = 0; i < length; i++) {
    path.push(i)
    spend(walk, 2 + String(i).length)
    copy.push(copyValue(read(array, i), walk, depth + 1))
    path.pop()
  }
  return copy
}

function copyObject(object: object, walk: Walk, depth: number): JsonObject {
  const { path } = walk
  if (Object.getOwnPropertySymbols(object).length > 0) throw new Refused(path, 'has a symbol as a key')
  spend(walk, 5)
  const copy: JsonObject = {}
  for (const key of Object.keys(object)) {
    path.push(key)
    const value = read(object, key)
    if (value !== undefined) {
      checkKey(key, path)
      spend(walk, 2 + Buffer.byteLength(key))
      setOwn(copy, key, copyValue(value, walk, depth + 1))
    }
    path.pop()
  }
  if (Object.hasOwn(copy, '$ref') && Object.hasOwn(copy, '$id')) {
    throw new Refused(path, 'has $ref with $id, which BSON takes for a reference')
  }
  return copy
}

function checkKey(key: string, path: Path): void {
  if (key === '_bsontype') throw new Refused(path, 'is a key that BSON takes for a type of its own')
  if (key.includes('\0')) throw new Refused(path, 'has NUL in its key')
  if (!key.isWellFormed()) throw new Refused(path, 'has a lone surrogate in its key')
}

/** Sets an own property, `__proto__` too. */
export function setOwn(object: JsonObject, key: string, value: JsonValue): void {
  if (key === '__proto__') {
    Object.defineProperty(object, key, { value, enumerable: true, configurable: true, writable: true })
  } else {
    object[key] = value
  }
}

/** An object literal of any realm: vm contexts bring other `Object.prototype`s, known by what only they have. */
export function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  const proto: object | null = Object.getPrototypeOf(value)
  if (proto === null || proto === Object.prototype) return true
  return Object.getPrototypeOf(proto) === null && Object.hasOwn(proto, 'isPrototypeOf')
}

/** A copy of what was checked, or read: whoever has the one cannot change the other. */
export function copyJson(object: JsonObject): JsonObject {
  const copy: JsonObject = {}
  for (const [key, value] of Object.entries(object)) setOwn(copy, key, copyOf(value))
  return copy
}

const copyOf = (value: JsonValue): JsonValue => {
  if (Array.isArray(value)) return value.map(copyOf)
  return isPlainObject(value) ? copyJson(value) : value
}

/** JSON Merge Patch, RFC 7396: `null` removes, objects merge, everything else replaces. */
export function mergePatch(target: JsonValue | undefined, patch: JsonObject): JsonObject {
  const merged: JsonObject = {}
  if (isPlainObject(target)) for (const [key, value] of Object.entries(target)) setOwn(merged, key, value)
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete merged[key]
    else if (isPlainObject(value)) {
      setOwn(merged, key, mergePatch(Object.hasOwn(merged, key) ? merged[key] : undefined, value))
    } else setOwn(merged, key, value)
  }
  return merged
}

/**
 * What a patch makes of what is stored, checked as a whole: halves that pass one by one may not pass together.
 * @throws DialogueStoreError like `exactJson`
 */
export const mergeJson = (stored: JsonObject, patch: JsonObject, at: Path): JsonObject =>
  exactJson(mergePatch(stored, patch), at)
