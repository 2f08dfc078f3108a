import { idOf, timedIdOf } from '../ids.ts'
import type { LocalTimes } from '../local-times.ts'
import type { Header } from './header.ts'

/** When something was said, and what tells it from what was said at the same time. */
export interface Moment {
  timestamp: Date
  /** The same id for the same words at that time, in this export and in others; for the second of equal ones another. */
  idOf(...name: string[]): string
}

/** So many times back, a line may still come late. */
const REMEMBERED = 1000

/**
 * Times of an export are minutes, or seconds. What was said in one of them is a millisecond apart, so that history keeps
 * the order. An export may begin in the middle of one: so its first one is counted from the middle on, and what an earlier
 * export had of it stays before what is new, as what an export that began earlier adds does.
 */
export function createMoments(localTimes: LocalTimes): (header: Header, day: number) => Moment {
  const remembered = new Map<number, { position: number; equal: Map<string, number> }>()
  let first: number | undefined

  const at = (wallTime: number) => {
    const known = remembered.get(wallTime) ?? { position: 0, equal: new Map<string, number>() }
    remembered.set(wallTime, known)
    const [oldest] = remembered.keys()
    if (remembered.size > REMEMBERED && oldest !== undefined) remembered.delete(oldest)
    return known
  }

  return (header, day) => {
    const wallTime = day + header.timeMs
    const half = header.hasSeconds ? 500 : 30_000
    first ??= wallTime
    const known = at(wallTime)
    const offset = Math.min(known.position++, half - 1) + (wallTime === first ? half : 0)
    return {
      timestamp: new Date(localTimes(wallTime).getTime() + offset),
      idOf(...name) {
        const text = idOf(...name)
        const earlier = known.equal.get(text) ?? 0
        known.equal.set(text, earlier + 1)
        return timedIdOf(new Date(wallTime), undefined, text, wallTime, earlier)
      },
    }
  }
}
