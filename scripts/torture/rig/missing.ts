/** They end a store or a sync, or go on until the end. */
const APART = ['close', 'calendar.stop', 'calendar.start']

/**
 * Verbs that nobody tries.
 * @param tried what is tried: a verb, and what of it it is about, as `updateUser, of a version`
 */
export function missingFrom(tried: readonly string[], verbs: readonly string[]): string[] {
  const known = new Set([...APART, ...tried.map((name) => name.split(/,? /)[0])])
  return verbs.filter((verb) => !known.has(verb))
}
