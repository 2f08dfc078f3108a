import { toObjectId } from '../ids.ts'

/** What a verb's arguments, or its result, are about: ids and identities, as keys. */
export function subjectsOf(values: readonly unknown[]): string[] {
  return values.flatMap((value) => {
    if (Array.isArray(value)) return subjectsOf(value)
    const id = toObjectId(value)
    return id ? [id.toHexString()] : subjectsIn(value)
  })
}

/** Of an object: the user or event that it is, or names, and identities. */
function subjectsIn(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return []
  const { id, userId, creatorId, user, event, provider, identities, addIdentities } = value as Record<
    string,
    unknown
  >
  if (typeof provider === 'string') return [`${provider} ${String(id)}`]
  return subjectsOf([id, userId, creatorId, user, event, identities, addIdentities])
}
