import { forWhoever } from '../erased.ts'
import { nextId, type ObjectId } from '../ids.ts'
import type { JsonValue } from '../json.ts'
import type { SessionDocument } from './schema.ts'
import type { Place, Sessions, Stand } from './sessions.ts'

/** What is expected under a key: null for nothing, undefined for whatever is there. */
export type Expected = Stand | null | undefined

/** Whose session a key is; undefined for nobody's. */
export interface Owners {
  /** Who is not known yet is created. */
  ensure(key: string): Promise<ObjectId | undefined>
  find(key: string): Promise<ObjectId | undefined>
}

interface Needs {
  sessions: Sessions
  namespace: string
  owners: Owners
}

/** Writes of values whose key tells whose they are. Each is one attempt, for who was read or expected. */
export function createWriting({ sessions, namespace, owners }: Needs) {
  const placeOf = (key: string): Place => ({ namespace, key })

  const begin = (key: string, value: JsonValue, op: ObjectId) =>
    forWhoever(
      () => owners.ensure(key),
      (userId) => sessions.insert(placeOf(key), { data: { value }, userId, op }),
    )

  /**
   * Before it is written: it may have begun when nobody knew whose it is, or their identity is somebody else's by now.
   * Who is erased is not called back for what is gone with them.
   */
  async function own(key: string): Promise<void> {
    const there = await sessions.find(placeOf(key))
    if (!there) return
    await forWhoever(
      () => (there.userId ? owners.find(key) : owners.ensure(key)),
      async (userId) => {
        if (userId && !there.userId?.equals(userId)) await sessions.belong(placeOf(key), userId)
      },
    )
  }

  return {
    placeOf,

    /** @returns what is stored then; null if it is not what was expected */
    async put(
      key: string,
      expected: Expected,
      value: JsonValue,
      op = nextId(),
    ): Promise<SessionDocument | null> {
      const place = placeOf(key)
      if (expected !== null) await own(key)
      const updated = expected === null ? null : await sessions.update(place, expected, { value }, op)
      return updated ?? (expected ? null : begin(key, value, op))
    },

    /** @returns false if it is not what was expected */
    async remove(key: string, expected: Expected): Promise<boolean> {
      const place = placeOf(key)
      const stand = expected ?? (await sessions.find(place))
      if (!stand) return true
      return expected !== null && sessions.remove(place, stand)
    },
  }
}
