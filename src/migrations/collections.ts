import type mongoose from 'mongoose'
import type { Database } from '../db/database.ts'
import { type ModelDefinition, validatorOf } from '../db/definition.ts'
import { codeOf } from '../db/failure.ts'
import { messages } from '../messages/schema.ts'

const NAMESPACE_EXISTS = 48

/**
 * Creates a model's collection with its validator and indexes; what an interrupted run left is completed.
 * @param name the collection's full name, if not the model's own
 */
export async function createCollection(
  database: Database,
  definition: ModelDefinition,
  options: mongoose.mongo.CreateCollectionOptions = {},
  name = database.nameOf(definition.collection),
): Promise<void> {
  const validator = validatorOf(definition)
  try {
    await database.db.createCollection(name, { ...options, validator })
  } catch (error) {
    if (codeOf(error) !== NAMESPACE_EXISTS) throw error
    await database.db.command({ collMod: name, validator })
  }
  const indexes = definition.indexes.map(({ keys, options }) => ({ key: keys, ...options }))
  await database.db.collection(name).createIndexes(indexes)
}

/** Side by side; and all of them have ended before somebody else has the turn. */
export async function createCollections(
  database: Database,
  models: ModelDefinition[],
  optionsOf: (model: ModelDefinition) => mongoose.mongo.CreateCollectionOptions = () => ({}),
): Promise<void> {
  const created = await Promise.allSettled(
    models.map((model) => createCollection(database, model, optionsOf(model))),
  )
  for (const result of created) if (result.status === 'rejected') throw result.reason
}

/** A collection, and what stays its own when it is renamed. */
export interface Named {
  name: string
  uuid: string
}

/** Collections that conversions of retention copy the messages to begin with this. */
export const convertingPrefix = ({ nameOf }: Database): string => `${nameOf(messages.collection)}_converting_`

/** The messages, and every collection that a conversion is copying them to, or left. */
export async function messageCollections(database: Database): Promise<{ live?: Named; copies: Named[] }> {
  const live = database.nameOf(messages.collection)
  const name = { $regex: `^${live}(_converting_.*)?$` }
  const found = await database.db
    .listCollections<{ name: string; info: { uuid: mongoose.mongo.UUID } }>({ name })
    .toArray()
  const named = found.map(({ name, info }) => ({ name, uuid: info.uuid.toHexString() }))
  const own = named.find((collection) => collection.name === live)
  return { ...(own && { live: own }), copies: named.filter((collection) => collection !== own) }
}
