import { isDeepStrictEqual } from 'node:util'
import { isPlainObject, type JsonObject, type JsonValue, setOwn } from '../json.ts'

type Value = JsonValue | undefined

/** Both sides have changed the same. */
export const COLLISION = Symbol('collision')

/**
 * Brings two changes of one value together: what only one side has changed, and what both have added to a list. Absent
 * is undefined.
 */
export function mergeThree(base: Value, ours: Value, theirs: Value): Value | typeof COLLISION {
  if (isDeepStrictEqual(ours, theirs) || isDeepStrictEqual(ours, base)) return theirs
  if (isDeepStrictEqual(theirs, base)) return ours
  if (isPlainObject(ours) && isPlainObject(theirs))
    return mergeObjects(isPlainObject(base) ? base : {}, ours, theirs)
  if (Array.isArray(base) && Array.isArray(ours) && Array.isArray(theirs))
    return beginsWith(ours, base) && beginsWith(theirs, base)
      ? [...theirs, ...ours.slice(base.length)]
      : COLLISION
  return COLLISION
}

function mergeObjects(base: JsonObject, ours: JsonObject, theirs: JsonObject): JsonObject | typeof COLLISION {
  const merged: JsonObject = {}
  for (const key of new Set([...Object.keys(theirs), ...Object.keys(ours)])) {
    const value = mergeThree(own(base, key), own(ours, key), own(theirs, key))
    if (value === COLLISION) return COLLISION
    if (value !== undefined) setOwn(merged, key, value)
  }
  return merged
}

const own = (object: JsonObject, key: string): Value => (Object.hasOwn(object, key) ? object[key] : undefined)

const beginsWith = (list: JsonValue[], begin: JsonValue[]): boolean =>
  isDeepStrictEqual(list.slice(0, begin.length), begin)
