import type mongoose from 'mongoose'
import { contexts } from '../contexts/schema.ts'
import { attempt } from '../db/attempt.ts'
import type { Database } from '../db/database.ts'
import { type ModelDefinition, validatorOf } from '../db/definition.ts'
import { codeOf, DUPLICATE_KEY } from '../db/failure.ts'
import { inTransaction } from '../db/transaction.ts'
import { events } from '../events/schema.ts'
import { nextId, ObjectId } from '../ids.ts'
import { MODELS } from '../migrations/baseline.ts'
import { ALIVE, users } from '../users/schema.ts'
import { LAST_ERROR, REFUSED, toRefused } from './calendar.ts'
import { brokenCounters, newCount, renewableIn } from './counters.ts'
import { type Finding, type Found, type Kind, type Scan, tell, toShown } from './finding.ts'

type Document = mongoose.mongo.Document
type Row = Document & { _id: unknown }
/** What the server picks out of a page, by name. */
type Picked = Record<string, Row[]>

const PAGE = 2000

const UNMARKED = { data: { $exists: true }, filledBy: { $exists: false } } as const
const MARKED = { data: { $exists: false }, filledBy: { $exists: true } } as const

/** Every document of every collection, looked at once. */
export async function* checkDocuments(scan: Scan): AsyncGenerator<Finding> {
  const { database, progress } = scan
  const totals = MODELS.map(({ collection }) => database.internal(collection).estimatedDocumentCount())
  progress.begin(
    'documents',
    (await Promise.all(totals)).reduce((sum, total) => sum + total, 0),
  )
  for (const model of MODELS) {
    for await (const page of pagesOf(scan, model)) {
      const { broken = [], invalid = [], living = [], unmarked = [], marked = [], refused = [] } = page
      yield* ofCounters(scan, model, broken)
      const known = new Set(broken.map(({ _id }) => toShown(_id)))
      const others = invalid.filter(({ _id }) => !known.has(toShown(_id)))
      yield* tell(scan, named('document-invalid', model, others))
      yield* ofMarks(scan, 'context-unmarked', unmarked)
      yield* ofMarks(scan, 'context-marked', marked)
      yield* ofMissingContexts(scan, living)
      yield* tell(scan, refused.map(toRefused))
    }
  }
}

const named = (kind: Kind, { collection }: ModelDefinition, rows: Row[]) =>
  rows.map(({ _id }) => ({ kind, collection, id: toShown(_id), _id }))

/** What is wrong with a document of itself is for the server to tell. */
function picksOf(model: ModelDefinition): Record<string, Document[]> {
  const broken = brokenCounters(model)
  const pick = (filter: Document, projection: Document = { _id: 1 }) => [
    { $match: filter },
    { $project: projection },
  ]
  return {
    ...(broken && { broken: pick(broken, { version: 1, touches: 1, erasedAt: 1 }) }),
    invalid: pick({ $nor: [validatorOf(model)] }),
    ...(model === users && { living: pick(ALIVE) }),
    ...(model === events && { refused: pick(REFUSED, LAST_ERROR) }),
    ...(model === contexts && { unmarked: pick(UNMARKED), marked: pick(MARKED) }),
  }
}

/** Pages in the order of ids, of any type, up to the last one that is there now. */
async function* pagesOf(scan: Scan, model: ModelDefinition): AsyncGenerator<Picked> {
  const collection = scan.database.internal<Row>(model.collection)
  const [last] = await collection
    .find({}, { projection: { _id: 1 } })
    .sort({ _id: -1 })
    .limit(1)
    .toArray()
  if (!last) return
  const within = (after: Row | undefined) => [
    { $lte: ['$_id', { $literal: last._id }] },
    ...(after ? [{ $gt: ['$_id', { $literal: after._id }] }] : []),
  ]
  const end = [{ $group: { _id: null, size: { $sum: 1 }, last: { $max: '$_id' } } }]
  let after: Row | undefined
  do {
    scan.signal?.throwIfAborted()
    const pipeline = [
      { $match: { $expr: { $and: within(after) } } },
      { $sort: { _id: 1 } },
      { $limit: PAGE },
      { $facet: { ...picksOf(model), end } },
    ]
    const [page] = await attempt(scan.database.deadline(), 'read', (terms) =>
      collection.aggregate<Picked>(pipeline, terms).toArray(),
    )
    const [reached] = page?.end ?? []
    after = reached && { _id: reached.last }
    scan.progress.looked(reached?.size ?? 0)
    if (page) yield page
  } while (after)
}

async function* ofCounters(scan: Scan, model: ModelDefinition, rows: Row[]): AsyncGenerator<Finding> {
  for (const row of rows) {
    const fields = renewableIn(model, row)
    const [found] = named('counter-broken', model, [row])
    if (!found) continue
    const told = fields.length > 0 ? { ...found, detail: fields.join(', ') } : found
    yield* tell(scan, [told], fields.length > 0 ? () => renew(scan, model, row._id, fields) : undefined)
  }
}

/** If nobody was faster. What else is wrong with the document, its validator says. */
async function renew(
  { database, tools }: Scan,
  model: ModelDefinition,
  _id: unknown,
  fields: string[],
): Promise<boolean> {
  const deadline = database.deadline()
  const collection = database.internal<Row>(model.collection)
  const filter: Document = { _id, ...brokenCounters(model) }
  const change = { $set: Object.fromEntries(fields.map((field) => [field, newCount()])) }
  await tools.retention.throughFence(deadline, () =>
    attempt(deadline, 'write', (terms) => collection.updateOne(filter, change, terms)),
  )
  const left = await attempt(deadline, 'read', (terms) => collection.findOne(filter, terms))
  return left === null
}

/** A context's mark is an operation of its own; one that nobody knows is as good. */
async function* ofMarks(
  scan: Scan,
  kind: 'context-unmarked' | 'context-marked',
  rows: Row[],
): AsyncGenerator<Finding> {
  const { database } = scan
  const [filter, change] =
    kind === 'context-unmarked'
      ? [UNMARKED, { $set: { filledBy: nextId() } }]
      : [MARKED, { $unset: { filledBy: 1 as const } }]
  for (const found of named(kind, contexts, rows))
    yield* tell(scan, [found], async () => {
      const marked: Document = { _id: found._id, ...filter }
      await attempt(database.deadline(), 'write', (terms) =>
        database.internal(contexts.collection).updateOne(marked, change, terms),
      )
      return true
    })
}

async function* ofMissingContexts(scan: Scan, living: Row[]): AsyncGenerator<Finding> {
  const ids = living.map(({ _id }) => _id).filter((_id) => _id instanceof ObjectId)
  if (ids.length === 0) return
  const without = await withoutContext(scan.database, ids)
  if (without.length === 0) return
  /* An erasure deletes a context in the same transaction that ends the user. */
  const fates = await scan.tools.fates(without)
  for (const userId of without.filter((one) => fates(one) === 'alive')) {
    const found: Found = { kind: 'context-missing', collection: users.collection, id: userId.toHexString() }
    yield* tell(scan, [found], () => createContext(scan, userId))
  }
}

async function withoutContext(database: Database, ids: ObjectId[]): Promise<ObjectId[]> {
  const found = await attempt(database.deadline(), 'read', (terms) =>
    database
      .collection(contexts)
      .find({ userId: { $in: ids } }, { projection: { _id: 0, userId: 1 }, ...terms })
      .toArray(),
  )
  const having = new Set(found.map(({ userId }) => userId.toHexString()))
  return ids.filter((id) => !having.has(id.toHexString()))
}

/** With a write to the user, so that it conflicts with an erasure. */
async function createContext({ database, tools }: Scan, userId: ObjectId): Promise<boolean> {
  try {
    await inTransaction(database, database.deadline(), async (inside) => {
      await tools.directory.touch(userId, inside)
      await tools.createContext(userId, inside)
    })
  } catch (error) {
    /* Somebody else has created it. */
    if (codeOf(error) !== DUPLICATE_KEY) throw error
  }
  return true
}
