import type mongoose from 'mongoose'
import { contexts } from '../contexts/schema.ts'
import { attempt } from '../db/attempt.ts'
import type { Database } from '../db/database.ts'
import { type ModelDefinition, ownedBy } from '../db/definition.ts'
import { feeds } from '../events/feed.ts'
import { events } from '../events/schema.ts'
import { ObjectId } from '../ids.ts'
import { journal } from '../messages/entry.ts'
import { UNSETTLED } from '../messages/journal.ts'
import { messages, seen } from '../messages/schema.ts'
import { ERASED_AT_ONCE } from '../migrations/baseline.ts'
import { locks } from '../users/lock.ts'
import { users } from '../users/schema.ts'
import { type Finding, type Found, IN_PARTS, inBatches, isPast, type Scan, tell } from './finding.ts'
import type { Fate, Tools } from './tools.ts'

type Filter = mongoose.mongo.Document

/** A collection of what users own. */
interface Belonging {
  model: ModelDefinition
  /** What can be an orphan: the rest is under way. */
  among?: Filter
  /** They are told as one, and go as one. */
  asOne?: true
  /** They go in the very transaction that leaves the tombstone, not in the steps that follow it. */
  atOnce?: true
  /** In the model's own way. */
  remove?(tools: Tools, database: Database, userId: ObjectId, ids: ObjectId[]): Promise<void>
}

/** In this order: an entry would bring messages. */
const BELONGINGS: Belonging[] = [
  {
    model: journal,
    among: { ...UNSETTLED, ...isPast('createdAt') },
    async remove(tools, database, userId) {
      await tools.messages.close(userId, database.deadline())
      await tools.messages.quiet(userId)
    },
  },
  ...[contexts, ...ERASED_AT_ONCE].map((model): Belonging => ({ model, atOnce: true })),
  {
    model: messages,
    among: isPast('createdAt'),
    remove: (tools, _database, userId, ids) => tools.messages.remove(userId, ids),
  },
  {
    model: events,
    among: isPast('createdAt'),
    remove: (tools, _database, userId, ids) => tools.events.remove(userId, ids),
  },
  {
    model: seen,
    among: isPast('createdAt'),
    asOne: true,
    remove: (tools, _database, userId) => tools.messages.removeTraces(userId),
  },
  {
    model: feeds,
    asOne: true,
    remove: (tools, _database, userId) => tools.events.removeTraces(userId),
  },
  { model: locks, among: isPast('until') },
]

const ownersOf = (database: Database, model: ModelDefinition): AsyncIterable<ObjectId> =>
  model.owner === 'prefix' ? ownersInIds(database, model) : ownersInField(database, model, model.owner)

/** By a field that an index begins with: the server jumps from one user to the next. */
async function* ownersInField(database: Database, { collection }: ModelDefinition, field: string) {
  const distinct = [{ $group: { _id: `$${field}` } }]
  const cursor = database.internal(collection).aggregate<{ _id: unknown }>(distinct, IN_PARTS)
  for await (const { _id } of cursor) if (_id instanceof ObjectId) yield _id
}

/** One user's are neighbours. What begins otherwise is nobody's; flights come after all that begin with a user's id. */
async function* ownersInIds(database: Database, { collection }: ModelDefinition) {
  const documents = database.internal<{ _id: string }>(collection)
  const range = { _id: { $gte: '0', $lt: 'fg' } }
  let last = ''
  for await (const { _id } of documents
    .find(range, { projection: { _id: 1 }, ...IN_PARTS })
    .sort({ _id: 1 })) {
    const user = /^([0-9a-f]{24}):/.exec(_id)?.[1] ?? last
    if (user !== last) yield ObjectId.createFromHexString(user)
    last = user
  }
}

/** What a user has there, and is not under way. */
const ownedOf = ({ model, among = {} }: Belonging, userId: ObjectId): Filter => ({
  ...among,
  ...ownedBy(model, userId),
})

const isOrphaned = ({ atOnce }: Belonging, fate: Fate): boolean =>
  atOnce ? fate !== 'alive' : fate === 'gone'

async function remove({ database, tools }: Scan, belonging: Belonging, userId: ObjectId, ids: ObjectId[]) {
  if (belonging.remove) return belonging.remove(tools, database, userId, ids)
  const theirs = { $and: [{ _id: { $in: ids } }, ownedOf(belonging, userId)] }
  await attempt(database.deadline(), 'write', (terms) =>
    database.internal(belonging.model.collection).deleteMany(theirs, terms),
  )
}

/** Documents whose user does not exist, or is a tombstone. */
export async function* checkOrphans(scan: Scan): AsyncGenerator<Finding> {
  scan.progress.begin('owners', await countOwners(scan.database))
  for (const belonging of BELONGINGS) {
    for await (const batch of inBatches(ownersOf(scan.database, belonging.model))) {
      scan.signal?.throwIfAborted()
      scan.progress.looked(batch.length)
      const fates = await scan.tools.fates(batch)
      for (const userId of batch)
        if (isOrphaned(belonging, fates(userId))) yield* ofUser(scan, belonging, userId)
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
  const { model, asOne } = belonging
  const cursor = database
    .internal<{ _id: ObjectId | string }>(model.collection)
    .find(ownedOf(belonging, userId), { projection: { _id: 1 }, ...(asOne && { limit: 1 }), ...IN_PARTS })
  for await (const batch of inBatches(cursor)) {
    const found = batch.map(({ _id }) => toFound(model, _id, userId))
    yield* tell(scan, found, async () => {
      /* They may have been created meanwhile, under this id. */
      const fate = (await tools.fates([userId]))(userId)
      if (!isOrphaned(belonging, fate)) return false
      const ids = batch.map(({ _id }) => _id).filter((_id) => _id instanceof ObjectId)
      await remove(scan, belonging, userId, ids)
      return true
    })
  }
}

function toFound({ collection }: ModelDefinition, _id: ObjectId | string, userId: ObjectId): Found {
  const user = userId.toHexString()
  const id = _id instanceof ObjectId ? _id.toHexString() : user
  return { kind: 'orphan', collection, id, ...(id !== user && { detail: `of user ${user}` }) }
}
