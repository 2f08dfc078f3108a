import { createProgress } from '../../lib/progress.ts'
import type { Line, Verbs } from './peer.ts'

const BATCH = 1000
/** Shorter filling shows nothing. */
const LONG = 10_000

/** Gives somebody a history, by the peer's own verb for many lines. */
export async function fillHistory(
  { nextText }: { nextText(): string },
  verbs: Verbs,
  user: number,
  length: number,
  lineOf: (index: number) => Partial<Line> = () => ({}),
): Promise<void> {
  const progress =
    length >= LONG ? createProgress({ total: length, label: 'Filling', unit: 'messages' }) : undefined
  try {
    for (let from = 0; from < length; from += BATCH) {
      const lines = Array.from({ length: Math.min(BATCH, length - from) }, (_, i) => ({
        sender: (from + i) % 2 ? 'assistant' : 'user',
        content: nextText(),
        ...lineOf(from + i),
      }))
      await verbs.storeLines?.(user, lines)
      progress?.add(lines.length)
    }
  } finally {
    progress?.stop()
  }
}
