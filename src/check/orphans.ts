import type mongoose from 'mongoose'
import { contexts } from '../contexts/schema.ts'
import { attempt } from '../db/attempt.ts'
import type { Database } from '../db/database.ts'
import type { ModelDefinition } from '../db/definition.ts'
import { feeds } from '../events/feed.ts'
import { events } from '../events/schema.ts'
import { ObjectId } from '../ids.ts'
import { journal } from '../messages/entry.ts'
import { UNSETTLED } from '../messages/journal.ts'
import { messages, seen } from '../messages/schema.ts'
import { sessions } from '../sessions/schema.ts'
import { locks } from '../users/lock.ts'
import { users } from '../users/schema.ts'
import { type Finding, type Found, IN_PARTS, inBatches, isPast, type Scan, tell } from './finding.ts'
import type { Fate, Tools } from './tools.ts'

type Filter = mongoose.mongo.Document

/** A collection of what users own. */
interface Belonging {
  model: ModelDefinition
  /** Everybody who owns something here, from an index. */
  owners(database: Database): AsyncIterable<ObjectId>
  /** What a user owns here. */
  owned(userId: ObjectId): Filter
  /** They are told as one, and go as one. */
  asOne?: true
  /** When their owner has come to this, these are orphans. */
  isOrphaned(fate: Fate): boolean
  remove(tools: Tools, database: Database, userId: ObjectId, ids: ObjectId[]): Promise<void>
}

const isGone = (fate: Fate): boolean => fate === 'gone'

/** By a field that an index begins with: the server jumps from one user to the next. */
const byField = (model: ModelDefinition, field: string) =>
  async function* (database: Database): AsyncGenerator<ObjectId> {
    const distinct = [{ $group: { _id: `$${field}` } }]
    const cursor = database.internal(model.collection).aggregate<{ _id: unknown }>(distinct, IN_PARTS)
    for await (const { _id } of cursor) if (_id instanceof ObjectId) yield _id
  }

/** Claims are keyed by user, so one user's are neighbours. Flights have no user. */
async function* ownersOfClaims(database: Database): AsyncGenerator<ObjectId> {
  const claims = database.internal<{ _id: string }>(seen.collection)
  const range = { _id: { $gte: '0', $lt: 'flight:' } }
  let last = ''
  for await (const { _id } of claims.find(range, { projection: { _id: 1 }, ...IN_PARTS }).sort({ _id: 1 })) {
    const user = /^([0-9a-f]{24}):/.exec(_id)?.[1] ?? last
    if (user !== last) yield ObjectId.createFromHexString(user)
    last = user
  }
}

async function removeByIds({ collection }: ModelDefinition, database: Database, filter: Filter) {
  await attempt(database.deadline(), 'write', (terms) =>
    database.internal(collection).deleteMany(filter, terms),
  )
}

/** In this order: an entry would bring messages. */
const BELONGINGS: Belonging[] = [
  {
    model: journal,
    owners: byField(journal, 'userId'),
    owned: (userId) => ({ userId, ...UNSETTLED, ...isPast('createdAt') }),
    isOrphaned: isGone,
    async remove(tools, database, userId) {
      await tools.messages.close(userId, database.deadline())
      await tools.messages.quiet(userId)
    },
  },
  {
    model: contexts,
    owners: byField(contexts, 'userId'),
    owned: (userId) => ({ userId }),
    /* It goes in the very transaction that leaves the tombstone. */
    isOrphaned: (fate) => fate !== 'alive',
    remove: (_tools, database, userId, ids) => removeByIds(contexts, database, { _id: { $in: ids }, userId }),
  },
  {
    model: messages,
    owners: byField(messages, 'userId'),
    owned: (userId) => ({ userId, ...isPast('createdAt') }),
    isOrphaned: isGone,
    remove: (tools, _database, userId, ids) => tools.messages.remove(userId, ids),
  },
  {
    model: events,
    owners: byField(events, 'creatorId'),
    owned: (creatorId) => ({ creatorId, ...isPast('createdAt') }),
    isOrphaned: isGone,
    remove: (tools, _database, userId, ids) => tools.events.remove(userId, ids),
  },
  {
    model: sessions,
    owners: byField(sessions, 'userId'),
    owned: (userId) => ({ userId }),
    isOrphaned: isGone,
    remove: (tools, _database, userId) => tools.sessions.removeAll(userId),
  },
  {
    model: seen,
    owners: ownersOfClaims,
    owned: (userId) => ({
      _id: { $gte: `${userId.toHexString()}:`, $lt: `${userId.toHexString()};` },
      ...isPast('createdAt'),
    }),
    isOrphaned: isGone,
    asOne: true,
    remove: (tools, _database, userId) => tools.messages.removeTraces(userId),
  },
  {
    model: feeds,
    owners: byField(feeds, 'creatorId'),
    owned: (creatorId) => ({ creatorId }),
    isOrphaned: isGone,
    asOne: true,
    remove: (tools, _database, userId) => tools.events.removeTraces(userId),
  },
  {
    model: locks,
    owners: byField(locks, '_id'),
    owned: (_id) => ({ _id, ...isPast('until') }),
    isOrphaned: isGone,
    remove: (_tools, database, _id) => removeByIds(locks, database, { _id, ...isPast('until') }),
  },
]

/** Documents whose user does not exist, or is a tombstone. */
export async function* checkOrphans(scan: Scan): AsyncGenerator<Finding> {
  scan.progress.begin('owners', await countOwners(scan.database))
  for (const belonging of BELONGINGS) {
    for await (const batch of inBatches(belonging.owners(scan.database))) {
      scan.signal?.throwIfAborted()
      scan.progress.looked(batch.length)
      const fates = await scan.tools.fates(batch)
      for (const userId of batch)
        if (belonging.isOrphaned(fates(userId))) yield* ofUser(scan, belonging, userId)
    }
  }
}

/** At most: not everybody has everything. Who is gone may have left a context. */
async function countOwners(database: Database): Promise<number> {
  const sizeOf = ({ collection }: ModelDefinition) => database.internal(collection).estimatedDocumentCount()
  const everybody = Math.max(...(await Promise.all([sizeOf(users), sizeOf(contexts)])))
  const sizes = await Promise.all(BELONGINGS.map(({ model }) => sizeOf(model)))
  return sizes.reduce((sum, size) => sum + Math.min(size, everybody), 0)
}

/** Looked for after what became of the user is known: what an erasure has removed by then is no orphan. */
async function* ofUser(scan: Scan, belonging: Belonging, userId: ObjectId): AsyncGenerator<Finding> {
  const { database, tools } = scan
  const { model, isOrphaned, asOne } = belonging
  const cursor = database
    .internal<{ _id: ObjectId | string }>(model.collection)
    .find(belonging.owned(userId), { projection: { _id: 1 }, ...(asOne && { limit: 1 }), ...IN_PARTS })
  for await (const batch of inBatches(cursor)) {
    const found = batch.map(({ _id }) => toFound(model, _id, userId))
    yield* tell(scan, found, async () => {
      /* They may have been created meanwhile, under this id. */
      const fate = (await tools.fates([userId]))(userId)
      if (!isOrphaned(fate)) return false
      const ids = batch.map(({ _id }) => _id).filter((_id) => _id instanceof ObjectId)
      await belonging.remove(tools, database, userId, ids)
      return true
    })
  }
}

function toFound({ collection }: ModelDefinition, _id: ObjectId | string, userId: ObjectId): Found {
  const user = userId.toHexString()
  const id = _id instanceof ObjectId ? _id.toHexString() : user
  return { kind: 'orphan', collection, id, ...(id !== user && { detail: `of user ${user}` }) }
}
