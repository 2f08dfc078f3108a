import { fateOf, idsHeard, isAnswered, told, type Write } from '../account.ts'

/** Ids of documents, by the key of what was written in them. */
export type Found = ReadonlyMap<string, readonly string[]>

/**
 * What is wrong with one write, or nothing.
 *
 * @param ids of the documents that hold it
 * @param mayBeEvicted it need not be there any more
 */
export function wrongWith(write: Write, ids: readonly string[], mayBeEvicted = false): string | undefined {
  const fate = fateOf(write)
  const [id] = ids
  const heard = idsHeard(write)
  if (ids.length > 1) return `is stored ${ids.length} times, as ${ids.join(', ')}`
  if (fate === 'there' && id === undefined && !mayBeEvicted) return 'is gone'
  if (fate === 'absent' && id !== undefined) return `was refused, and is stored as ${id}`
  if (heard.length > 1) return `was acknowledged under ${heard.length} ids`
  if (id !== undefined && heard.some((one) => one !== id)) return `is stored as ${id}`
  if (timesCreated(write) > 1) return 'was created more than once, as its callers heard'
  return undefined
}

const timesCreated = ({ calls }: Write): number =>
  calls.filter(({ heard }) => isAnswered(heard) && heard.created).length

/** What is wrong with writes of which each has to be there once at most: a line each. */
export function wrongAmong(writes: Iterable<Write>, found: Found, mayBeEvicted = false): string[] {
  const wrong: string[] = []
  for (const write of writes) {
    const what = wrongWith(write, found.get(write.key) ?? [], mayBeEvicted)
    if (what) wrong.push(`${told(write)} ${what}`)
  }
  return wrong
}

/** What nobody has written. */
export const unwritten = (known: ReadonlySet<string>, keys: Iterable<string>): string[] =>
  [...keys].filter((key) => !known.has(key)).map((key) => `${key} is stored, and nobody has written it`)
