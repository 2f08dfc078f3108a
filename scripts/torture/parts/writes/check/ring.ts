import { isAcknowledged, spanOf, told, type Write } from '../account.ts'
import { replyTo } from '../calls.ts'

/** A message, and between which moments it was stored. */
interface Kept {
  key: string
  begun: number
  ended: number
  write: Write
}

/** What was committed with a turn may be carried out later than its caller hears of it. */
const toKept = (write: Write): Kept[] => {
  const { begun, ended } = spanOf(write)
  if (write.kind !== 'turn') return [{ key: write.key, begun, ended, write }]
  return [write.key, replyTo(write.key)].map((key) => ({
    key,
    begun,
    ended: Number.POSITIVE_INFINITY,
    write,
  }))
}

/**
 * What is wrong with a full capped collection, of which the oldest go first. The order of insertion is known as far
 * as calls were not under way at the same time: what was acknowledged before another call began came before it.
 *
 * @param survivors keys, in the order of the collection
 */
export function wrongWithRing(writes: readonly Write[], survivors: readonly string[]): string[] {
  const kept = new Map(writes.flatMap(toKept).map((one) => [one.key, one]))
  const left = survivors.flatMap((key) => kept.get(key) ?? [])
  return [...holes([...kept.values()], left), ...disorder(left)]
}

/** Messages that are gone, though one that was there before them is still there. */
function holes(all: readonly Kept[], left: readonly Kept[]): string[] {
  const survivors = new Set(left)
  const oldest = left.reduce((least, { ended }) => Math.min(least, ended), Number.POSITIVE_INFINITY)
  return all
    .filter((one) => isAcknowledged(one.write) && !survivors.has(one) && one.begun > oldest)
    .map(({ key, write }) => `${key} is gone, and older ones are there: ${told(write)}`)
}

/** Messages that are behind one that came after them. */
function disorder(left: readonly Kept[]): string[] {
  const wrong: string[] = []
  let latest = Number.NEGATIVE_INFINITY
  for (const { key, begun, ended, write } of left) {
    if (ended < latest) wrong.push(`${key} is behind one that came later: ${told(write)}`)
    latest = Math.max(latest, begun)
  }
  return wrong
}
