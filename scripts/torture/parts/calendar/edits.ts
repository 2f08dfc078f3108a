import type { Field } from './fields.ts'

export type Side = 'store' | 'google'

/** Who wrote what last: what both have in the end must be one of these. */
export function createEdits() {
  const last = new Map<string, Partial<Record<Side, string>>>()
  const deleted = new Set<string>()
  const ended = new Set<string>()
  const keyOf = (id: string, { name }: Field) => `${id} ${name}`
  return {
    /** @param id Google's */
    wrote(side: Side, id: string, field: Field, value: string): void {
      const key = keyOf(id, field)
      last.set(key, { ...last.get(key), [side]: value })
    },
    /** What it may be. Undefined: nobody ever wrote it. */
    expected(id: string, field: Field): string[] | undefined {
      const known = last.get(keyOf(id, field))
      return known && Object.values(known)
    },
    /** In the store, for good. */
    removed: (id: string): unknown => deleted.add(id),
    wasRemoved: (id: string): boolean => deleted.has(id),
    /** By somebody on either side; an instance with its series, whose id its own begins with. */
    ended: (id: string): unknown => ended.add(id),
    wasEnded: (id: string): boolean => ended.has(id) || ended.has(id.split('_')[0] ?? ''),
  }
}

export type Edits = ReturnType<typeof createEdits>
