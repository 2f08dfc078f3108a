import { contexts } from '../contexts/schema.ts'
import type { ModelDefinition } from '../db/definition.ts'
import { events } from '../events/schema.ts'
import { journal } from '../messages/entry.ts'
import { creationOptions } from '../messages/retention.ts'
import { messages, seen } from '../messages/schema.ts'
import { locks } from '../users/lock.ts'
import { users } from '../users/schema.ts'
import { createCollection, messageCollections } from './collections.ts'
import type { Migration } from './migration.ts'

/** Every model. */
export const MODELS: ModelDefinition[] = [users, contexts, messages, seen, journal, events, locks]

/** Collections, validators and indexes. */
export const baseline: Migration = {
  name: '0001-baseline',
  async up({ database, retention }) {
    /* Side by side; and all of them have ended before somebody else has the turn. */
    const created = await Promise.allSettled(
      MODELS.map((model) =>
        createCollection(database, model, model === messages ? creationOptions(retention) : {}),
      ),
    )
    for (const result of created) if (result.status === 'rejected') throw result.reason
  },
  /** Drops everything that is stored. */
  async down({ database }) {
    const { copies } = await messageCollections(database)
    for (const { name } of copies) await database.db.dropCollection(name)
    for (const model of MODELS.toReversed()) await database.internal(model.collection).drop()
  },
}
