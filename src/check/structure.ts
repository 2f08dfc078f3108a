import { isDeepStrictEqual } from 'node:util'
import type mongoose from 'mongoose'
import { type IndexDefinition, type ModelDefinition, validatorOf } from '../db/definition.ts'
import { isFence, readFence, refusesWrites } from '../messages/fence.ts'
import { creationOptions } from '../messages/retention.ts'
import { messages } from '../messages/schema.ts'
import { MODELS } from '../migrations/baseline.ts'
import { createCollection } from '../migrations/collections.ts'
import { createHistory } from '../migrations/history.ts'
import { type Finding, type Found, type Kind, type Scan, tell } from './finding.ts'

type Document = mongoose.mongo.Document

/** Collections, their validators and indexes, as the models define them. What is there beyond that is not ours. */
export async function* checkStructure(scan: Scan): AsyncGenerator<Finding> {
  yield* checkFence(scan)
  for (const model of MODELS) {
    const options = await optionsOf(scan, model)
    if (!options) {
      yield* tell(scan, [toFound('collection-missing', model)], () => create(scan, model))
      continue
    }
    yield* checkValidator(scan, model, options)
    yield* checkIndexes(scan, model)
  }
}

const toFound = (kind: Kind, { collection }: ModelDefinition, id = collection): Found => ({
  kind,
  collection,
  id,
})

async function optionsOf({ database }: Scan, { collection }: ModelDefinition): Promise<Document | undefined> {
  const name = database.nameOf(collection)
  const [info] = await database.db.listCollections<{ name: string; options?: Document }>({ name }).toArray()
  return info && (info.options ?? {})
}

/** Nobody else changes the database's shape meanwhile: a validator put back would lower a conversion's fence. */
const alone = (
  { database, signal }: Scan,
  model: ModelDefinition,
  work: () => Promise<unknown>,
): Promise<boolean> =>
  createHistory(database).exclusively({ deadline: database.deadline(), signal }, async () => {
    if (model === messages && (await refusesWrites(database))) return false
    await work()
    return true
  })

/** New messages are kept as in a new database. */
const create = (scan: Scan, model: ModelDefinition) =>
  alone(scan, model, () =>
    createCollection(scan.database, model, model === messages ? creationOptions(undefined) : {}),
  )

/** A conversion that is alive renews its fence. */
async function isFenceLeft({ database }: Scan): Promise<boolean> {
  /* In this order: a fence's document is there before its validator, and longer. */
  const refuses = await refusesWrites(database)
  const { standing } = await readFence(database, database.deadline())
  return standing ? standing.expired : refuses
}

async function* checkFence(scan: Scan): AsyncGenerator<Finding> {
  const { database, tools } = scan
  if (!((await isFenceLeft(scan)) && (await isFenceLeft(scan)))) return
  yield* tell(scan, [toFound('fence-left', messages)], async () => {
    /* As writers do that meet it. */
    await tools.retention.watchFences()(database.deadline())
    return !(await isFenceLeft(scan))
  })
}

async function* checkValidator(
  scan: Scan,
  model: ModelDefinition,
  options: Document,
): AsyncGenerator<Finding> {
  const { validator, validationLevel = 'strict', validationAction = 'error' } = options
  const wanted = validatorOf(model)
  const isStrict = validationLevel === 'strict' && validationAction === 'error'
  if (isStrict && isDeepStrictEqual(validator, wanted)) return
  if (model === messages && isFence(validator)) return
  yield* tell(scan, [toFound('validator-differs', model)], () =>
    alone(scan, model, () =>
      scan.database.db.command({
        collMod: scan.database.nameOf(model.collection),
        validator: wanted,
        validationLevel: 'strict',
        validationAction: 'error',
      }),
    ),
  )
}

async function* checkIndexes(scan: Scan, model: ModelDefinition): AsyncGenerator<Finding> {
  const collection = scan.database.internal(model.collection)
  const there: Document[] = await collection.indexes()
  for (const index of model.indexes) {
    const same = there.find((one) => isDeepStrictEqual(sought(one), wanted(index)))
    if (same) continue
    const other = there.find((one) => one.name === nameOf(index) || keysOf(one.key) === keysOf(index.keys))
    const found = toFound(other ? 'index-differs' : 'index-missing', model, nameOf(index))
    yield* tell(scan, [found], () => alone(scan, model, () => restore(collection, index, other)))
  }
}

/** The order of keys is part of an index. */
const keysOf = (keys: Document): string => JSON.stringify(Object.entries(keys))

/** The server's name for an index that was given none. */
const nameOf = ({ keys, options }: IndexDefinition): string =>
  options?.name ?? Object.entries(keys).flat().join('_')

/** What makes an index what it is. */
const sought = ({ key, unique, sparse, partialFilterExpression, expireAfterSeconds }: Document) => ({
  keys: keysOf(key),
  unique: Boolean(unique),
  sparse: Boolean(sparse),
  partialFilterExpression,
  expireAfterSeconds,
})

const wanted = ({ keys, options = {} }: IndexDefinition) => sought({ key: keys, ...options })

/** If the right one cannot be built, since documents are in its way, the other one is better than none. */
async function restore(
  collection: mongoose.mongo.Collection,
  { keys, options = {} }: IndexDefinition,
  other: Document | undefined,
): Promise<void> {
  if (other) await collection.dropIndex(other.name)
  try {
    await collection.createIndex(keys, options)
  } catch (error) {
    if (other) {
      const { v: _version, key, ns: _namespace, ...rest } = other
      await collection.createIndex(key, rest)
    }
    throw error
  }
}
