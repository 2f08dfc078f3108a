import type { JsonValue } from '../json.ts'
import type { Stand } from './sessions.ts'

/** A value as it was when it was read or written here last. */
export interface Seen {
  /** null: there was none. */
  stand: Stand | null
  value: JsonValue | undefined
}

/** Of handlers that are under way: what is forgotten is written as if nobody had read it. */
const MOST_SEEN = 5000

/**
 * What was seen under keys. An object that comes back to be written is known from its own reading: handlers of one
 * process may have read one key at different times.
 */
export function createSeen() {
  const latest = new Map<string, Seen>()
  const byObject = new WeakMap<object, { key: string; seen: Seen }>()

  return {
    of(key: string, given: unknown): Seen | undefined {
      const own = isObject(given) ? byObject.get(given) : undefined
      return own?.key === key ? own.seen : latest.get(key)
    },
    keep(key: string, seen: Seen, given: unknown): void {
      if (isObject(given)) byObject.set(given, { key, seen })
      latest.delete(key)
      latest.set(key, seen)
      const [oldest] = latest.keys()
      if (latest.size > MOST_SEEN && oldest !== undefined) latest.delete(oldest)
    },
  }
}

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null
