import { ENTITIES, OWNERS } from '../entity.ts'
import { toObjectId } from '../ids.ts'
import { glance } from '../input.ts'

/** What is not checked yet may go round in circles. */
const DEEPEST = 3

/** What a verb's result is about, or its first argument: ids and identities, as keys. */
export const subjectsOf = (values: readonly unknown[]): string[] => glance(() => namedIn(values, 0)) ?? []

function namedIn(values: readonly unknown[], depth: number): string[] {
  if (depth > DEEPEST) return []
  return values.flatMap((value) => {
    if (Array.isArray(value)) return namedIn(value, depth + 1)
    const id = toObjectId(value)
    return id ? [id.toHexString()] : subjectsIn(value, depth)
  })
}

/**
 * What a call is about. Of the arguments after the first, only identities that a user is given and the id that an
 * identity is created with: the rest may be the caller's own JSON, which names whomever it likes.
 */
export const subjectsOfCall = ([first, second]: readonly unknown[]): string[] => [
  ...subjectsOf([first]),
  ...(glance(() => subjectsBeside(first, second)) ?? []),
]

function subjectsBeside(first: unknown, second: unknown): string[] {
  const { addIdentities, id } = fieldsOf(second)
  const isIdentity = typeof fieldsOf(first).provider === 'string'
  return subjectsOf([Array.isArray(addIdentities) ? addIdentities : [], isIdentity ? id : []])
}

/** What an object is, has under the name of an entity, or is somebody's; and identities. */
function subjectsIn(value: unknown, depth: number): string[] {
  const fields = fieldsOf(value)
  const { id, provider, identities } = fields
  if (typeof provider === 'string') return typeof id === 'string' ? [`${provider} ${id}`] : []
  return namedIn([id, identities, ...[...OWNERS, ...ENTITIES].map((name) => fields[name])], depth + 1)
}

const fieldsOf = (value: unknown): Record<string, unknown> =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
