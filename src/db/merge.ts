import type { JsonObject } from '../json.ts'
import { isPlainObject, setOwn } from '../json.ts'

/*
 * The server takes about 200 levels of BSON in a command. A step costs two of them, a level four to five, and
 * values add their own.
 */
const MAX_LEVELS = 20
const MAX_STEPS = 60
const MAX_NESTING = 150

/**
 * JSON Merge Patch (RFC 7396) as an aggregation expression, so that a merge is one atomic write.
 * @param target an expression for what is stored, e.g. `'$data'`
 * @returns undefined for a patch that cannot be said so: read, merge, compare-and-swap then
 */
export function mergeExpression(target: unknown, patch: JsonObject): unknown {
  if (sizeOf(patch, 1) > MAX_STEPS) return undefined
  const expression = merge(target, patch, 0)
  return nestingOf(expression) > MAX_NESTING ? undefined : expression
}

/** How many steps the expression will have; infinitely many where it must not be made. */
function sizeOf(patch: JsonObject, level: number): number {
  if (level > MAX_LEVELS || halfAReference(patch)) return Number.POSITIVE_INFINITY
  return stepsOf(patch).reduce<number>(
    (sum, step) => sum + 1 + ('plain' in step || step.value === null ? 0 : sizeOf(step.value, level + 1)),
    0,
  )
}

/** With the other half, which may be stored, BSON would take it for a reference: the result has to be looked at. */
const halfAReference = (patch: JsonObject): boolean =>
  Object.hasOwn(patch, '$ref') || Object.hasOwn(patch, '$id')

const nestingOf = (value: unknown): number =>
  typeof value === 'object' && value !== null
    ? 1 + Object.values(value).reduce<number>((most, inner) => Math.max(most, nestingOf(inner)), 0)
    : 0

function merge(target: unknown, patch: JsonObject, level: number): unknown {
  const here = `t${level}`
  const merged = stepsOf(patch).reduce<unknown>((input, step) => {
    if ('plain' in step) return { $mergeObjects: [input, { $literal: step.plain }] }
    const { key, value } = step
    const field = { $literal: key }
    if (value === null) return { $unsetField: { field, input } }
    const inner = merge({ $getField: { field, input: `$$${here}` } }, value, level + 1)
    return { $setField: { field, input, value: inner } }
  }, `$$${here}`)
  const asObject = { $cond: [{ $eq: [{ $type: target }, 'object'] }, target, { $literal: {} }] }
  return { $let: { vars: { [here]: asObject }, in: merged } }
}

/** One step for neighbours that merely replace, so that all keys come in the patch's order. */
type Step = { plain: JsonObject } | { key: string; value: JsonObject | null }

function stepsOf(patch: JsonObject): Step[] {
  const steps: Step[] = []
  for (const [key, value] of Object.entries(patch)) {
    const last = steps.at(-1)
    if (value === null || isPlainObject(value)) steps.push({ key, value })
    else if (last && 'plain' in last) setOwn(last.plain, key, value)
    else {
      const plain: JsonObject = {}
      setOwn(plain, key, value)
      steps.push({ plain })
    }
  }
  return steps
}
