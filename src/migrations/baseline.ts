import type mongoose from 'mongoose'
import { contexts } from '../contexts/schema.ts'
import type { Database } from '../db/database.ts'
import { type ModelDefinition, validatorOf } from '../db/definition.ts'
import { codeOf } from '../db/failure.ts'
import { events } from '../events/schema.ts'
import { creationOptions } from '../messages/retention.ts'
import { messages, seen } from '../messages/schema.ts'
import { locks } from '../users/lock.ts'
import { users } from '../users/schema.ts'
import type { Migration } from './migration.ts'

/** Every model, in the order of creation. */
export const MODELS: ModelDefinition[] = [users, contexts, messages, seen, events, locks]

const NAMESPACE_EXISTS = 48

/** Creates a collection with its validator and indexes; what an interrupted run left is completed. */
export async function createCollection(
  database: Database,
  model: ModelDefinition,
  options: mongoose.mongo.CreateCollectionOptions = {},
): Promise<void> {
  const name = database.nameOf(model.collection)
  const validator = validatorOf(model)
  try {
    await database.db.createCollection(name, { ...options, validator })
  } catch (error) {
    if (codeOf(error) !== NAMESPACE_EXISTS) throw error
    await database.db.command({ collMod: name, validator })
  }
  await database.model(model).createIndexes()
}

/** Collections, validators and indexes. */
export const baseline: Migration = {
  name: '0001-baseline',
  async up({ database, retention }) {
    for (const model of MODELS) {
      await createCollection(database, model, model === messages ? creationOptions(retention) : {})
    }
  },
  /** Drops everything that is stored. */
  async down({ database }) {
    for (const model of MODELS.toReversed()) await database.internal(model.collection).drop()
  },
}
