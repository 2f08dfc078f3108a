/** What was asked for, and what of it was acknowledged, each by a text of its own. */
export interface Ledger {
  /** Before the call. If it fails, it may have been stored or not. */
  wanted(text: string): void
  acknowledged(text: string, id: string): void
  /** How many were acknowledged. */
  count(): number
  ids(): string[]
  /** What is wrong with what is stored. */
  compare(stored: { id: string; text: string }[]): string[]
}

export function createLedger(): Ledger {
  const texts = new Set<string>()
  const ids = new Map<string, string>()
  return {
    wanted: (text) => void texts.add(text),
    acknowledged: (text, id) => void ids.set(text, id),
    count: () => ids.size,
    ids: () => [...ids.values()],
    compare(stored) {
      const found = new Map<string, string[]>()
      for (const { text, id } of stored) found.set(text, [...(found.get(text) ?? []), id])
      const gone = [...ids]
        .filter(([text]) => !found.has(text))
        .map(([text, id]) => `"${text}" (${id}) is gone`)
      return [...gone, ...[...found].flatMap(([text, there]) => strangeness(text, there) ?? [])]
    },
  }

  function strangeness(text: string, [first = '', ...others]: string[]): string | undefined {
    const id = ids.get(text)
    if (!texts.has(text)) return `"${text}" (${first}) was never asked for`
    if (others.length > 0) return `"${text}" is there more than once: ${[first, ...others].join(', ')}`
    return id && id !== first ? `"${text}" was acknowledged as ${id}, and is there as ${first}` : undefined
  }
}
