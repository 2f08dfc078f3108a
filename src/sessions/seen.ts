import type { ObjectId } from '../ids.ts'
import type { JsonValue } from '../json.ts'
import type { Stand } from './sessions.ts'

/** A write, or without a value a deletion. */
interface Try {
  op: ObjectId
  value: JsonValue | undefined
}

/** A value as it was when it was read or written here last. */
export interface Seen {
  /** null: there was none. */
  stand: Stand | null
  value: JsonValue | undefined
  /** The operations that have led to it lately, the latest first. */
  ops?: ObjectId[] | undefined
  /** What was written since, without an answer: any of it may be there. */
  tried?: Try[]
}

/** Handlers are under way for so long, and so many at once: what is forgotten is written as if nobody had read it. */
const LIFE_MS = 2 * 60_000
const MOST_SEEN = 1000

/**
 * What was seen under keys. An object that comes back to be written is known from its own reading: handlers of one
 * process may have read one key at different times.
 */
export function createSeen() {
  const latest = new Map<string, { seen: Seen; at: number }>()
  const byObject = new WeakMap<object, { key: string; seen: Seen }>()

  return {
    of(key: string, given: unknown): Seen | undefined {
      const own = isObject(given) ? byObject.get(given) : undefined
      if (own?.key === key) return own.seen
      const last = latest.get(key)
      return last && performance.now() - last.at < LIFE_MS ? last.seen : undefined
    },
    keep(key: string, seen: Seen, given: unknown): void {
      if (isObject(given)) byObject.set(given, { key, seen })
      latest.delete(key)
      const now = performance.now()
      latest.set(key, { seen, at: now })
      for (const [oldest, { at }] of latest) {
        if (latest.size <= MOST_SEEN && now - at < LIFE_MS) break
        latest.delete(oldest)
      }
    },
  }
}

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null
