import { isDeepStrictEqual } from 'node:util'
import type { Deadline } from '../db/attempt.ts'
import { createKeyedQueue } from '../db/queue.ts'
import { DialogueStoreError, versionConflict } from '../errors.ts'
import type { ObjectId } from '../ids.ts'
import { exactJson, type JsonValue } from '../json.ts'
import { callback } from '../log.ts'
import { COLLISION, mergeThree } from './merge.ts'
import type { SessionDocument } from './schema.ts'
import type { Place, Sessions } from './sessions.ts'

type Value = JsonValue | undefined

/** A value as it was when it was read or written here last. */
interface Seen {
  /** 0: there was none. */
  version: number
  value: Value
}

interface Needs {
  sessions: Sessions
  namespace: string
  /** Whose session that is; undefined for nobody's. */
  userOf(key: string): Promise<ObjectId | undefined>
  /** What becomes of a value that two have changed in the same place. */
  onConflict: ((ours: Value, theirs: Value) => unknown) | undefined
  deadline(): Deadline
}

/** Of handlers that are under way: what is forgotten is written as if nobody had read it. */
const MOST_SEEN = 5000

/** Of one kind, wherever it comes from: they are compared. */
const copied = (value: unknown): Value => exactJson({ value }, []).value
const valueIn = (document: SessionDocument | null): Value => copied(document?.data.value)

/**
 * Values under keys, for frameworks that read one, change it, and write it back without saying what they had read. It is
 * remembered here, so that what another process has changed in between stays.
 */
export function createKeyed({ sessions, namespace, userOf, onConflict, deadline }: Needs) {
  const seen = new Map<string, Seen>()
  const queue = createKeyedQueue()
  const placeOf = (key: string): Place => ({ namespace, key })

  function see(key: string, now: Seen): void {
    seen.delete(key)
    seen.set(key, now)
    const [oldest] = seen.keys()
    if (seen.size > MOST_SEEN && oldest !== undefined) seen.delete(oldest)
  }

  async function read(key: string): Promise<Value> {
    const document = await sessions.find(placeOf(key))
    const value = valueIn(document)
    see(key, { version: document?.version ?? 0, value: copied(value) })
    return value
  }

  /** Who is erased meanwhile begins anew. */
  async function ofUser<T>(key: string, work: (userId: ObjectId | undefined) => Promise<T>): Promise<T> {
    while (true) {
      try {
        return await work(await userOf(key))
      } catch (error) {
        if (!(error instanceof DialogueStoreError && error.code === 'USER_NOT_FOUND')) throw error
      }
    }
  }

  /** @param version 0: there is none; undefined: whatever is there */
  async function put(key: string, version: number | undefined, value: JsonValue) {
    const place = placeOf(key)
    const data = { value }
    const updated = version === 0 ? null : await sessions.update(place, version, data)
    if (!updated) return version ? null : ofUser(key, (userId) => sessions.insert(place, { data, userId }))
    if (!updated.userId)
      await ofUser(key, async (userId) => {
        if (userId) await sessions.belong(updated, userId)
      })
    return updated
  }

  /** @returns what is there then; undefined if somebody was faster */
  async function tryWrite(key: string, version: number | undefined, value: Value): Promise<Seen | undefined> {
    if (value !== undefined) {
      const written = await put(key, version, value)
      return written ? { version: written.version, value } : undefined
    }
    const isGone = version === 0 || (await sessions.remove(placeOf(key), version)) || version === undefined
    return isGone ? { version: 0, value } : undefined
  }

  async function bring(base: Seen, ours: Value, theirs: Seen): Promise<Value> {
    const merged = mergeThree(base.value, ours, theirs.value)
    if (merged !== COLLISION) return merged
    if (!onConflict) throw versionConflict(base.version, theirs.version)
    const decided = await callback(() => onConflict(ours, copied(theirs.value)))
    return copied(decided)
  }

  async function write(key: string, wanted: Value): Promise<void> {
    let base = seen.get(key)
    if (base && isDeepStrictEqual(base.value, wanted)) return
    let value = wanted
    try {
      while (true) {
        const now = await tryWrite(key, base?.version, value)
        if (now) return see(key, { ...now, value: copied(now.value) })
        const document = await sessions.find(placeOf(key))
        const theirs = { version: document?.version ?? 0, value: valueIn(document) }
        if (base) value = await bring(base, value, theirs)
        base &&= theirs
      }
    } catch (error) {
      /* Whoever tries again reads again. */
      seen.delete(key)
      throw error
    }
  }

  const inTurn = (key: string, value: Value): Promise<void> =>
    queue.run(key, () => write(key, value), deadline())

  return {
    read,
    /** @throws DialogueStoreError `VERSION_CONFLICT` when another process has changed the same since it was read */
    write: (key: string, value: unknown): Promise<void> => inTurn(key, copied(value)),
    remove: (key: string): Promise<void> => inTurn(key, undefined),
    has: async (key: string): Promise<boolean> => (await sessions.find(placeOf(key))) !== null,
    async *entries(): AsyncGenerator<[key: string, value: JsonValue]> {
      for await (const document of sessions.list(namespace)) yield [document.key, valueIn(document) ?? null]
    },
  }
}

export type Keyed = ReturnType<typeof createKeyed>
