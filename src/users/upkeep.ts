import type mongoose from 'mongoose'
import { attempt } from '../db/attempt.ts'
import type { Collection, Database } from '../db/database.ts'
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

  const idsOf = (filter: mongoose.mongo.Filter<TombstoneDocument>): Promise<TombstoneDocument[]> =>
    attempt(database.deadline(), 'read', (terms) =>
      tombstones.find(filter, { projection: { _id: 1, erasedAt: 1 }, ...terms }).toArray(),
    )

  async function removeAll(kind: Kind, userId: ObjectId): Promise<void> {
    for (let ids = await kind.find(userId, BATCH); ids.length > 0; ids = await kind.find(userId, BATCH))
      await kind.remove(userId, ids)
  }

  /** What comes late was never acknowledged, so no receipt counts it. */
  async function sweep(userId: ObjectId): Promise<void> {
    await removeAll(messages, userId)
    await removeAll(events, userId)
    await messages.removeTraces(userId)
  }

  /** Those that have come to one of the ages since the last sweep. */
  async function sweepDue(isOver: () => boolean): Promise<void> {
    const now = Date.now()
    const last = await attempt(database.deadline(), 'read', (terms) => meta.findOne({ _id: 'upkeep' }, terms))
    const since = last?.sweptAt?.getTime() ?? now - FIRST_LOOK_MS
    const windows = AGES_MS.map((age) => ({
      erasedAt: { $gt: new Date(since - age), $lte: new Date(now - age) },
    }))
    for (const { _id } of await idsOf({ $or: windows })) {
      if (isOver()) return
      await sweep(_id)
    }
    const swept = { $set: { sweptAt: new Date(now) } }
    await attempt(database.deadline(), 'write', (terms) =>
      meta.updateOne({ _id: 'upkeep' }, swept, { upsert: true, ...terms }),
    )
  }

  /** @param opening whoever was erasing may just have crashed */
  return async function upkeep(opening: boolean, isOver: () => boolean): Promise<void> {
    const before = new Date(Date.now() - (opening ? 0 : STALLED_MS))
    for (const { _id, erasedAt } of await idsOf({ 'erasing.step': { $exists: true } })) {
      if (isOver()) return
      if (erasedAt <= before) await drain(_id, isOver)
    }
    await sweepDue(isOver)
  }
}
