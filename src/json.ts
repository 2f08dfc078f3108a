import { type InputIssue, invalidInput } from './errors.ts'

export type JsonValue = null | boolean | number | string | JsonValue[] | JsonObject
export type JsonObject = { [key: string]: JsonValue }

/** BSON nests to about a hundred levels, and documents around the value take some of them. */
export const MAX_DEPTH = 90

type Path = (string | number)[]

class Refused extends Error {
  readonly issue: InputIssue
  constructor(path: Path, reason: string) {
    super(reason)
    this.issue = { path: [...path], reason }
  }
}

/**
 * A deep copy of `value` that MongoDB gives back exactly as it went in.
 * `undefined` properties count as absent.
 * @throws DialogueStoreError `INVALID_INPUT` naming the path of whatever JSON cannot say or BSON would change
 */
export function exactJson(value: object, at: Path = []): JsonObject {
  const checked = checkJson(value)
  if ('issue' in checked) throw invalidInput([{ ...checked.issue, path: [...at, ...checked.issue.path] }])
  return checked.json
}

/** The same without throwing, for schemas that collect their issues. */
export function checkJson(value: unknown): { json: JsonObject } | { issue: InputIssue } {
  try {
    if (!isPlainObject(value)) throw new Refused([], 'must be a plain object')
    return { json: copyObject(value, [], 1) }
  } catch (error) {
    if (error instanceof Refused) return { issue: error.issue }
    throw error
  }
}

function copyValue(value: unknown, path: Path, depth: number): JsonValue {
  switch (typeof value) {
    case 'string':
      if (!value.isWellFormed()) throw new Refused(path, 'has a lone surrogate, which UTF-8 cannot say')
      return value
    case 'boolean':
      return value
    case 'number':
      if (!Number.isFinite(value)) throw new Refused(path, 'is a number that JSON cannot say')
      return value
    case 'object':
      if (value === null) return null
      if (depth > MAX_DEPTH) throw new Refused(path, `is nested deeper than ${MAX_DEPTH} levels`)
      if (Array.isArray(value)) return copyArray(value, path, depth)
      if (isPlainObject(value)) return copyObject(value, path, depth)
      throw new Refused(path, 'is an object of a class, which JSON cannot say')
    default:
      throw new Refused(path, `is ${typeof value}, which JSON cannot say`)
  }
}

function copyArray(array: unknown[], path: Path, depth: number): JsonValue[] {
  if (Object.keys(array).length !== array.length)
    throw new Refused(path, 'is a sparse array, or has named properties')
  const copy: JsonValue[] = []
  for (let i = 0; i < array.length; i++) {
    path.push(i)
    copy.push(copyValue(array[i], path, depth + 1))
    path.pop()
  }
  return copy
}

function copyObject(object: object, path: Path, depth: number): JsonObject {
  if (Object.getOwnPropertySymbols(object).length > 0) throw new Refused(path, 'has a symbol as a key')
  const copy: JsonObject = {}
  for (const [key, value] of Object.entries(object)) {
    if (value === undefined) continue
    path.push(key)
    checkKey(key, path)
    setOwn(copy, key, copyValue(value, path, depth + 1))
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

/** An object literal of any realm: structuredClone and vm contexts bring other `Object.prototype`s. */
export function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  const proto: unknown = Object.getPrototypeOf(value)
  return proto === null || Object.getPrototypeOf(proto) === null
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
