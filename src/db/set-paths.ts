import type { JsonObject, JsonValue } from '../json.ts'
import { isPlainObject } from '../json.ts'

/** Each nested object is a path in the condition too, and nobody writes so many by hand. */
const MAX_PATHS = 200
const MAX_PATH_LENGTH = 500

/** A merge by `$set` and `$unset`, and what has to be stored for it to come out right. */
export interface PathMerge {
  change: { values: Record<string, JsonValue>; unset: string[] }
  condition: { $expr?: unknown }
}

/**
 * JSON Merge Patch (RFC 7396) by the paths of what changes: the server writes them in place, where an expression
 * makes it calculate and compare the whole document. The condition takes care that the operators never fail, and that
 * keys come in the order in which `mergeJson` puts them.
 * @param field where the object is stored
 * @returns undefined for a patch that paths cannot say
 */
export function setPaths(field: string, patch: JsonObject): PathMerge | undefined {
  const conditions: unknown[] = []
  const values: Record<string, JsonValue> = {}
  const unset: string[] = []
  let left = MAX_PATHS

  function walk(parent: string, patch: JsonObject): boolean {
    let last = ''
    return Object.entries(patch).every(([key, value]) => {
      const path = `${parent}.${key}`
      if (--left < 0 || path.length > MAX_PATH_LENGTH || !isName(key)) return false
      if (value === null) return unset.push(path) > 0
      /* New keys come in the server's order. One that comes too late for it must be there already, and stays. */
      const mayBeNew = isBefore(last, key)
      if (mayBeNew) last = key
      if (isPlainObject(value)) {
        conditions.push(isOfType(path, mayBeNew && isMade(value) ? ['object', 'missing'] : ['object']))
        return walk(path, value)
      }
      if (!mayBeNew) conditions.push({ $not: isOfType(path, ['missing']) })
      values[path] = value
      return true
    })
  }

  if (!walk(field, patch)) return undefined
  return {
    change: { values, unset },
    condition: conditions.length > 0 ? { $expr: { $and: conditions } } : {},
  }
}

/** `$type` of an expression sees arrays as what they are, where a query would look into them. */
const isOfType = (path: string, types: string[]) => ({ $in: [{ $type: `$${path}` }, types] })

/** What a path may hold as a key: dots part it, `$` is an operator's, and digits may be the place in an array. */
const isName = (key: string): boolean => /^[^$\d.][^.]*$/su.test(key)

/** The server adds new keys in the order of their UTF-8 bytes, level by level. */
const isBefore = (one: string, other: string): boolean => Buffer.from(one).compare(Buffer.from(other)) < 0

/** Setting what is in it creates the object too. */
const isMade = (patch: JsonObject): boolean => Object.values(patch).some((value) => value !== null)
