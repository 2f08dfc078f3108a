import { isDeepStrictEqual } from 'node:util'
import type { Deadline } from '../db/attempt.ts'
import { createKeyedQueue } from '../db/queue.ts'
import { isBy, KEPT_OPS } from '../db/versioned.ts'
import { versionConflict } from '../errors.ts'
import { nextId, type ObjectId } from '../ids.ts'
import { exactJson, type JsonValue } from '../json.ts'
import { callback } from '../log.ts'
import { COLLISION, mergeThree } from './merge.ts'
import type { SessionDocument } from './schema.ts'
import { createSeen, type Seen } from './seen.ts'
import type { Sessions, Stand } from './sessions.ts'
import { createWriting, type Owners } from './writing.ts'

type Value = JsonValue | undefined

interface Needs {
  sessions: Sessions
  namespace: string
  owners: Owners
  /** What becomes of a value that two have changed in the same place. */
  onConflict: ((ours: Value, theirs: Value) => unknown) | undefined
  deadline(): Deadline
}

/** Of one kind, wherever it comes from: they are compared. */
const copied = (value: unknown): Value => exactJson({ value }, []).value
const standOf = ({ _id, version }: Stand): Stand => ({ _id, version })
const seenIn = (document: SessionDocument | null): Seen => ({
  stand: document && standOf(document),
  value: copied(document?.data.value),
  ops: document?.ops,
})

/**
 * Values under keys, for frameworks that read one, change it, and write it back without saying what they had read. It is
 * remembered here, so that what another process has changed in between stays.
 */
export function createKeyed({ sessions, namespace, owners, onConflict, deadline }: Needs) {
  const writing = createWriting({ sessions, namespace, owners })
  const seen = createSeen()
  const queue = createKeyedQueue()
  const look = async (key: string): Promise<Seen> => seenIn(await sessions.find(writing.placeOf(key)))

  async function read(key: string): Promise<Value> {
    const now = await look(key)
    seen.keep(key, { ...now, value: copied(now.value) }, now.value)
    return now.value
  }

  /** @returns what is there then; undefined if somebody was faster */
  async function tryWrite(
    key: string,
    base: Seen | undefined,
    value: Value,
    op: ObjectId,
  ): Promise<Seen | undefined> {
    if (value === undefined)
      return (await writing.remove(key, base?.stand)) ? { stand: null, value } : undefined
    const written = await writing.put(key, base?.stand, value, op)
    return written ? { stand: standOf(written), value, ops: written.ops } : undefined
  }

  async function bring(base: Seen, ours: Value, theirs: Seen): Promise<Value> {
    const isKnown = isSame(base, theirs) && !mayBeForgotten(base, theirs)
    const merged = isKnown ? mergeThree(lastSaid(base, theirs), ours, theirs.value) : COLLISION
    if (merged !== COLLISION) return merged
    if (!onConflict) throw versionConflict(base.stand?.version ?? 0, theirs.stand?.version ?? 0)
    const decided = await callback(() => onConflict(ours, copied(theirs.value)))
    return copied(decided)
  }

  /** @returns what is stored then, which has more than what was wanted if somebody was faster */
  async function write(key: string, read: Seen | undefined, wanted: Value, op: ObjectId): Promise<Seen> {
    let [base, value] = [read, wanted]
    while (true) {
      const now = await tryWrite(key, base, value, op)
      if (now) return now
      const theirs = await look(key)
      if (base) {
        value = await bring(base, value, theirs)
        base = theirs
      }
    }
  }

  const inTurn = (key: string, wanted: Value, given?: unknown): Promise<void> =>
    queue.run(
      key,
      async () => {
        const base = seen.of(key, given)
        if (base && !base.tried && isDeepStrictEqual(base.value, wanted)) return
        const op = nextId()
        const now = await write(key, base, wanted, op).catch((error: unknown) => {
          const tried = [...(base?.tried ?? []), { op, value: wanted }].slice(-KEPT_OPS)
          if (base) seen.keep(key, { ...base, tried }, given)
          throw error
        })
        /* Whoever goes on from what they gave knows nothing of what others have put there. */
        const stand = now.value === wanted ? now.stand : behind(now.stand)
        seen.keep(key, { ...now, stand, value: wanted }, given)
      },
      deadline(),
    )

  return {
    /* Behind a write that is under way: its framework has forgotten the value by then. */
    read: (key: string): Promise<Value> => queue.run(key, () => read(key), deadline()),
    /** @throws DialogueStoreError `VERSION_CONFLICT` when another process has changed the same since it was read */
    write: (key: string, value: unknown): Promise<void> => inTurn(key, copied(value), value),
    remove: (key: string): Promise<void> => inTurn(key, undefined),
    has: async (key: string): Promise<boolean> => (await look(key)).stand !== null,
    async *entries(): AsyncGenerator<[key: string, value: JsonValue]> {
      for await (const document of sessions.list(namespace))
        yield [document.key, seenIn(document).value ?? null]
    },
  }
}

/** What was deleted and began anew, be it of somebody who was erased and came back, is not the same. */
const isSame = ({ stand: was }: Seen, { stand: is }: Seen): boolean => !was || !is || is._id.equals(was._id)

/** Something of ours may have arrived, and others have written too often since to tell. */
function mayBeForgotten({ tried = [], ops: before = [] }: Seen, { ops = [] }: Seen): boolean {
  if (tried.length === 0 || ops.length < KEPT_OPS) return false
  return ![...before.slice(0, 1), ...tried.map(({ op }) => op)].some((op) => isBy(op, { ops }))
}

/** What of ours has arrived last: a write whose operation is there, a deletion where there is nothing, or what was read. */
function lastSaid({ value, tried = [] }: Seen, theirs: Seen): Value {
  if (!theirs.stand) return tried.some((one) => one.value === undefined) ? undefined : value
  const arrived = theirs.ops?.map((op) => tried.find((one) => one.op.equals(op))).find(Boolean)
  return arrived ? arrived.value : value
}

/** Of a version that is never there. */
const behind = (stand: Stand | null): Stand => ({ _id: stand?._id ?? nextId(), version: 0 })

export type Keyed = ReturnType<typeof createKeyed>
