import type { JsonObject } from '../json.ts'
import { isPlainObject } from '../json.ts'

/* Nested expressions fail on the server somewhere beyond 60 levels, long ones beyond 100 keys. */
const MAX_LEVELS = 20
const MAX_KEYS = 60

/**
 * JSON Merge Patch (RFC 7396) as an aggregation expression, so that a merge is one atomic write.
 * @param target an expression for what is stored, e.g. `'$data'`
 * @returns undefined for a patch too large to say so: read, merge, compare-and-swap then
 */
export function mergeExpression(target: unknown, patch: JsonObject): unknown {
  return sizeOf(patch, 1) > MAX_KEYS ? undefined : merge(target, patch, 0)
}

/** How many keys the expression will set; beyond the depth limit: infinitely many. */
function sizeOf(patch: JsonObject, level: number): number {
  if (level > MAX_LEVELS) return Number.POSITIVE_INFINITY
  return Object.values(patch).reduce<number>(
    (sum, value) => sum + 1 + (isPlainObject(value) ? sizeOf(value, level + 1) : 0),
    0,
  )
}

function merge(target: unknown, patch: JsonObject, level: number): unknown {
  const here = `t${level}`
  const merged = Object.entries(patch).reduce<unknown>((input, [key, value]) => {
    const field = { $literal: key }
    if (value === null) return { $unsetField: { field, input } }
    if (!isPlainObject(value)) return { $setField: { field, input, value: { $literal: value } } }
    const inner = merge({ $getField: { field, input: `$$${here}` } }, value, level + 1)
    return { $setField: { field, input, value: inner } }
  }, `$$${here}`)
  const asObject = { $cond: [{ $eq: [{ $type: target }, 'object'] }, target, { $literal: {} }] }
  return { $let: { vars: { [here]: asObject }, in: merged } }
}
