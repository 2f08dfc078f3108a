import { isDeepStrictEqual } from 'node:util'
import { isPlainObject, type JsonObject, type JsonValue, setOwn } from '../json.ts'

type Value = JsonValue | undefined

/** Both sides have changed the same. */
export const COLLISION = Symbol('collision')

/**
 * Brings two changes of one value together: what only one side has changed, what both have added to a list, and what both
 * have made the same, but for numbers. Absent is undefined.
 */
export function mergeThree(base: Value, ours: Value, theirs: Value): Value | typeof COLLISION {
  if (isDeepStrictEqual(ours, base)) return theirs
  if (isDeepStrictEqual(theirs, base)) return ours
  if (isPlainObject(ours) && isPlainObject(theirs))
    return mergeObjects(isPlainObject(base) ? base : {}, ours, theirs)
  const haveGrown = Array.isArray(base) && beginsWith(ours, base) && beginsWith(theirs, base)
  if (haveGrown) return [...(theirs as JsonValue[]), ...(ours as JsonValue[]).slice(base.length)]
  /* Two that have counted from three have both come to four. What began just now is what a bot begins with. */
  const mayBeCounts = typeof ours === 'number' && base !== undefined
  return isDeepStrictEqual(ours, theirs) && !mayBeCounts ? theirs : COLLISION
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

const beginsWith = (list: Value, begin: JsonValue[]): boolean =>
  Array.isArray(list) && isDeepStrictEqual(list.slice(0, begin.length), begin)
