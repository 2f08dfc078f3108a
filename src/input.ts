import { z } from 'zod'
import { DialogueStoreError, type InputIssue, invalidInput } from './errors.ts'
import { type Id, type ObjectId, toObjectId } from './ids.ts'
import { checkJson, isPlainObject, type JsonObject } from './json.ts'

/*
 * The building blocks of the models' zod schemas. `meta({ bsonType })` names what MongoDB stores where JSON
 * Schema has no word for it; db/definition.ts takes the server's validators from there.
 */

export const id = z
  .custom<Id>()
  .transform((value, ctx): ObjectId => {
    const objectId = toObjectId(value)
    if (objectId) return objectId
    ctx.issues.push({ code: 'custom', message: 'must be 24 hex characters or an ObjectId', input: value })
    return z.NEVER
  })
  .meta({ bsonType: 'objectId' })

/** A copy: the caller's own may be set to another time before it is sent. */
export const date = z
  .date({ error: 'must be a valid Date' })
  .overwrite((given) => new Date(given))
  .meta({ bsonType: 'date' })

/** Exact JSON: an object that comes back as it went in. */
export const json = z
  .custom<object>()
  .transform((value, ctx): JsonObject => {
    const checked = checkJson(value)
    if ('json' in checked) return checked.json
    const { path, reason } = checked.issue
    ctx.issues.push({ code: 'custom', message: reason, path, input: value })
    return z.NEVER
  })
  .meta({ bsonType: 'object' })

/** Text that MongoDB stores as it is: no lone surrogate. Lengths are in UTF-16 code units. */
export const text = (max: number, min = 1) =>
  z
    .string()
    .min(min)
    .max(max)
    .refine((value) => value.isWellFormed(), 'has a lone surrogate, which UTF-8 cannot say')

export const counter = z.int().min(0)

/** Of writes that compare and swap. */
export const versionOptions = z.strictObject({ ifVersion: counter.optional() }).default({})

/** What a timer can wait for. */
export const LARGEST_TIMER_MS = 2 ** 31 - 1

export const callable = <T>() => z.custom<T>((value) => typeof value === 'function', 'is not a function')

/** Of an object that is stored as it is given: `null`, as what was never given comes out, says nothing. */
export const withoutNull = <T extends object>(object: T) =>
  Object.fromEntries(Object.entries(object).filter(([, value]) => value != null)) as {
    [K in keyof T]: Exclude<T[K], null>
  }

/** @throws DialogueStoreError `INVALID_INPUT`, with every issue, each path below `at` */
export function parse<S extends z.ZodType>(
  schema: S,
  value: unknown,
  at: (string | number)[] = [],
): z.output<S> {
  try {
    return outputOf(schema.safeParse(value), at)
  } catch (error) {
    if (error instanceof DialogueStoreError) throw error
    throw invalidInput([{ path: at, reason: 'cannot be read: a getter or a proxy throws' }], error)
  }
}

/** @throws DialogueStoreError `INVALID_INPUT`, with every issue, each path below `at` */
export function outputOf<T>(result: z.ZodSafeParseResult<T>, at: (string | number)[]): T {
  if (result.success) return result.data
  throw invalidInput(result.error.issues.flatMap((issue) => toIssues(issue, at)))
}

/**
 * What a function of the caller's gave. A plain object with a function called `then` would be waited for as a promise is,
 * and for ever.
 * @throws DialogueStoreError `INVALID_INPUT`
 */
export function answered<T>(given: T, at: (string | number)[]): T {
  if (glance(() => isPlainObject(given) && typeof given.then === 'function'))
    throw invalidInput([{ path: [...at, 'then'], reason: 'is function, which JSON cannot say' }])
  return given
}

/** Looks at what nobody has checked: its getters are the caller's code. */
export function glance<T>(look: () => T): T | undefined {
  try {
    return look()
  } catch {
    return undefined
  }
}

function toIssues(issue: z.core.$ZodIssue, at: (string | number)[]): InputIssue[] {
  const path = [...at, ...issue.path.map((part) => (typeof part === 'symbol' ? String(part) : part))]
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map((key) => ({ path: [...path, key], reason: 'is not known here' }))
  const within = issuesWithin(issue)
  return within.length > 0
    ? within.flatMap((inner) => toIssues(inner, path))
    : [{ path, reason: issue.message }]
}

/** What an issue only sums up: of a record's key, or of the alternative that was meant. */
function issuesWithin(issue: z.core.$ZodIssue): z.core.$ZodIssue[] {
  if (issue.code === 'invalid_key' || issue.code === 'invalid_element') return issue.issues
  return issue.code === 'invalid_union' ? meantOf(issue.errors) : []
}

/** The issues of the one alternative whose keys fit best; none if no one does. */
function meantOf(alternatives: z.core.$ZodIssue[][]): z.core.$ZodIssue[] {
  const misfits = alternatives.map((issues) => issues.reduce((sum, issue) => sum + misfitOf(issue), 0))
  const least = Math.min(...misfits)
  const [best, ...others] = alternatives.filter((_, i) => misfits[i] === least)
  return best && others.length === 0 && least < Number.POSITIVE_INFINITY ? best : []
}

/** What is wrong below a key that is known says nothing against the alternative. */
const misfitOf = (issue: z.core.$ZodIssue): number => {
  if (issue.path.length > 0) return 0
  return issue.code === 'unrecognized_keys' ? issue.keys.length : Number.POSITIVE_INFINITY
}
