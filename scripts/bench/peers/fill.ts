import { createProgress } from '../../lib/progress.ts'
import type { Stage } from '../scenario.ts'
import type { Line, Verbs } from './peer.ts'

const BATCH = 1000
/** Shorter filling shows nothing. */
const LONG = 10_000
const MIB = 2 ** 20
/** From one message of a history to the next. */
export const PAUSE_MS = 60_000

type Texts = Pick<Stage, 'nextText'>

/** Gives somebody a history, a message a minute until now, by the peer's own verb for many lines. */
export async function fillHistory(
  stage: Texts,
  verbs: Verbs,
  user: number,
  length: number,
  lineOf: (index: number) => Partial<Line> = () => ({}),
): Promise<void> {
  const progress =
    length >= LONG ? createProgress({ total: length, label: 'Filling', unit: 'messages' }) : undefined
  try {
    await put(stage, verbs, { user, length, lineOf, onLines: (lines) => progress?.add(lines) })
  } finally {
    progress?.stop()
  }
}

interface Histories {
  /** For the progress. */
  label: string
  users: number
  length: number
}

/** Gives the first `users` people a history each. */
export async function fillHistories(stage: Texts, verbs: Verbs, { label, users, length }: Histories) {
  const progress = createProgress({ total: users * length, label, unit: 'messages' })
  try {
    for (let user = 0; user < users; user++)
      await put(stage, verbs, { user, length, onLines: (lines) => progress.add(lines) })
  } finally {
    progress.stop()
  }
}

interface Lines {
  user: number
  length: number
  lineOf?(index: number): Partial<Line>
  onLines?(lines: number): void
}

async function put({ nextText }: Texts, verbs: Verbs, { user, length, lineOf, onLines }: Lines) {
  const store = verbs.fill ?? verbs.storeLines
  if (!store) throw new Error('This peer has no verb that fills')
  const begin = Date.now() - length * PAUSE_MS
  for (let from = 0; from < length; from += BATCH) {
    const lines = Array.from({ length: Math.min(BATCH, length - from) }, (_, i) => ({
      sender: (from + i) % 2 ? 'assistant' : 'user',
      content: nextText(),
      timestamp: new Date(begin + (from + i) * PAUSE_MS),
      ...lineOf?.(from + i),
    }))
    await store(user, lines)
    onLines?.(lines.length)
  }
}

/** A part of the cap, or: until the oldest are evicted. */
export type Fullness = number | 'evicting'

/** Fills a capped collection, or goes on filling it. */
export async function fillCapped(
  stage: Pick<Stage, 'nextText' | 'db'>,
  verbs: Verbs,
  { label, capBytes, upTo }: { label: string; capBytes: number; upTo: Fullness },
): Promise<void> {
  const sizeOf = await sizeReader(stage.db(verbs))
  /* No document fills the last bytes. */
  const target = 0.99 * capBytes * (upTo === 'evicting' ? 1 : upTo)
  let size = await sizeOf()
  if (size >= target && upTo !== 'evicting') return
  const progress = createProgress({ total: toMib(Math.max(0, target - size)), label, unit: 'MiB' })
  try {
    for (let grows = true, user = 0; size < target || (upTo === 'evicting' && grows); user++) {
      const before = size
      await put(stage, verbs, { user: user % 10, length: 2 * BATCH })
      size = await sizeOf()
      grows = size > before
      progress.add(Math.max(0, toMib(size) - toMib(before)))
    }
  } finally {
    progress.stop()
  }
}

const toMib = (bytes: number): number => Math.round(bytes / MIB)

/** Reads how many bytes of messages a database has. */
async function sizeReader(db: ReturnType<Stage['db']>): Promise<() => Promise<number>> {
  const names = ['messages', 'dialogue_messages']
  const [found] = await db.listCollections({ name: { $in: names } }).toArray()
  if (!found) throw new Error(`The database has none of the collections ${names.join(', ')}`)
  return async () => (await db.command({ collStats: found.name })).size
}
