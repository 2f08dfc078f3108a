import type { Field } from './fields.ts'

export type Side = 'store' | 'google'

/** Who wrote what last: what both have in the end must be one of these. */
export function createEdits() {
  const last = new Map<string, Partial<Record<Side, string>>>()
  const deleted = new Set<string>()
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
  }
}

export type Edits = ReturnType<typeof createEdits>
