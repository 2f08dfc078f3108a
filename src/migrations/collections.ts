import type mongoose from 'mongoose'
import type { Database } from '../db/database.ts'
import { type ModelDefinition, validatorOf } from '../db/definition.ts'
import { codeOf } from '../db/failure.ts'

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
