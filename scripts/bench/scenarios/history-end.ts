import { createProgress } from '../../lib/progress.ts'
import type { ChosenPeer } from '../peers/index.ts'
import type { Verbs } from '../peers/peer.ts'
import type { Stage } from '../scenario.ts'

export interface End {
  /** Messages that fitted. */
  length: number
  /** What the server says to the next one. */
  why: string
}

const BATCH = 1000
/** A message takes more than 16 bytes. */
const BEYOND = 2 ** 20

/** Fills a history that is one document until it takes no more: first many at once, in the end one by one. */
export async function findEnd(stage: Stage, peer: ChosenPeer<'storeLine'>): Promise<End> {
  const verbs = await stage.open(peer, { users: 1, capBytes: 0 })
  const progress = createProgress({ total: BEYOND, label: `To the end, ${peer.name}`, unit: 'messages' })
  try {
    return await fillUp(stage, verbs, progress.add)
  } finally {
    progress.stop()
    await stage.clear()
  }
}

async function fillUp({ nextText }: Stage, verbs: Verbs, onLines: (lines: number) => void): Promise<End> {
  let length = 0
  for (let batch = BATCH; length < BEYOND; ) {
    /* Two take turns, as in every history: an answer takes more room. */
    const lines = Array.from({ length: batch }, (_, i) => ({
      sender: i % 2 ? 'assistant' : 'user',
      content: nextText(),
    }))
    const [line] = lines
    const refusal = await refusalOf(async () =>
      batch === 1 && line ? verbs.storeLine?.(0, line) : verbs.fill?.(0, lines),
    )
    if (refusal === undefined) {
      length += batch
      onLines(batch)
    } else if (batch === 1) return { length, why: refusal }
    else batch = Math.floor(batch / 2)
  }
  throw new Error('A history that is one document has no end, where 16 MiB were expected to be one')
}

/** The server's, by its message. Undefined: it did as it was told. */
async function refusalOf(work: () => Promise<unknown>): Promise<string | undefined> {
  try {
    await work()
    return undefined
  } catch (error) {
    if (error instanceof Error && 'code' in error && TOO_LARGE.some((code) => error.code === code))
      return error.message
    throw error
  }
}

/** `BSONObjectTooLarge`, and what an update says that would make it so. */
const TOO_LARGE = [10334, 17419]
