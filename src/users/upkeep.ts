import { attempt } from '../db/attempt.ts'
import type { Collection, Database } from '../db/database.ts'
import { removeAll } from '../db/find-ids.ts'
import type { ObjectId } from '../ids.ts'
import { META, type UpkeepMeta } from '../meta.ts'
import type { Belongings, Kind } from './erase.ts'
import { type TombstoneDocument, users } from './schema.ts'

const MINUTE_MS = 60_000
/**
 * How long after an erasure to look for late arrivals. Every writer removes its own; this is for one that was
 * frozen, woke up, and died before it could.
 */
const AGES_MS = [2 * MINUTE_MS, 15 * MINUTE_MS, 120 * MINUTE_MS, 1440 * MINUTE_MS]
/** Without a record of a sweep before. */
const FIRST_LOOK_MS = 7 * 1440 * MINUTE_MS
/** An erasure that takes longer may have lost its process. Two erasers are not in each other's way. */
const STALLED_MS = MINUTE_MS
const BATCH = 1000

interface Span {
  after: Date
  upTo: Date
}

interface Needs {
  database: Database
  belongings: Belongings
  /** Goes on with an erasure until nothing is left. */
  drain(userId: ObjectId, isOver: () => boolean): Promise<unknown>
}

/** Goes on with erasures whose process stopped, and removes what came after the end of others. */
export function createErasureUpkeep({ database, belongings, drain }: Needs) {
  const tombstones: Collection<TombstoneDocument> = database.internal(users.collection)
  const meta = database.internal<UpkeepMeta>(META)
  const { messages, events } = belongings

  /** @param spans within one of which they were erased, if they aren't being erased still */
  const find = (spans: Span[]): Promise<TombstoneDocument[]> => {
    const due = spans.map(({ after, upTo }) => ({ erasedAt: { $gt: after, $lte: upTo } }))
    const filter = { $or: [{ 'erasing.step': { $exists: true } }, ...due] }
    const projection = { _id: 1, erasedAt: 1, 'erasing.step': 1 }
    return attempt(database.deadline(), 'read', (terms) =>
      tombstones.find(filter, { projection, ...terms }).toArray(),
    )
  }

  const removeKind = ({ find, remove }: Kind, userId: ObjectId): Promise<void> =>
    removeAll(
      () => find(userId, BATCH),
      (ids) => remove(userId, ids),
    )

  /** What comes late was never acknowledged, so no receipt counts it. */
  async function sweep(userId: ObjectId): Promise<void> {
    await removeKind(messages, userId)
    await removeKind(events, userId)
    await messages.removeTraces(userId)
    await events.removeTraces(userId)
    await messages.end(userId)
    await events.end(userId)
  }

  async function lastSweep(): Promise<Date | undefined> {
    const last = await attempt(database.deadline(), 'read', (terms) => meta.findOne({ _id: 'upkeep' }, terms))
    return last?.sweptAt
  }

  const recordSweep = (sweptAt: Date) =>
    attempt(database.deadline(), 'write', (terms) =>
      meta.updateOne({ _id: 'upkeep' }, { $set: { sweptAt } }, { upsert: true, ...terms }),
    )

  /** @param opening whoever was erasing may just have crashed */
  return async function upkeep(opening: boolean, isOver: () => boolean): Promise<void> {
    const now = Date.now()
    const since = (await lastSweep())?.getTime() ?? now - FIRST_LOOK_MS
    /* When those were erased who have come to one of the ages since. */
    const spans = AGES_MS.map((age) => ({ after: new Date(since - age), upTo: new Date(now - age) }))
    const found = await find(spans)
    const before = new Date(now - (opening ? 0 : STALLED_MS))
    const stalled = found.filter(({ erasing, erasedAt }) => erasing && erasedAt <= before)
    const failed = await forEach(stalled, (userId) => drain(userId, isOver), isOver)
    /* What an erasure has still to count is not to be swept. */
    const isDue = (tombstone: TombstoneDocument) =>
      !failed.has(tombstone) &&
      spans.some(({ after, upTo }) => after < tombstone.erasedAt && tombstone.erasedAt <= upTo)
    const unswept = await forEach(found.filter(isDue), sweep, isOver)
    if (isOver()) return
    /* Where nothing was found, the next look may as well begin where this one did. */
    if (unswept.size === 0 && (found.length > 0 || now - since > MINUTE_MS)) await recordSweep(new Date(now))
    for (const error of [...failed.values(), ...unswept.values()]) throw error
  }
}

/** One that fails does not keep the others waiting. @returns those that did, and why */
async function forEach<T extends { _id: ObjectId }>(
  items: T[],
  work: (_id: ObjectId) => Promise<unknown>,
  isOver: () => boolean,
): Promise<Map<T, unknown>> {
  const failed = new Map<T, unknown>()
  for (const item of items) {
    if (isOver()) break
    await work(item._id).catch((error: unknown) => failed.set(item, error))
  }
  return failed
}
