import { contexts } from '../contexts/schema.ts'
import type { ModelDefinition } from '../db/definition.ts'
import { farewells, removals } from '../events/farewell.ts'
import { feeds } from '../events/feed.ts'
import { events } from '../events/schema.ts'
import { messageCollections } from '../messages/copies.ts'
import { journal } from '../messages/entry.ts'
import { creationOptions } from '../messages/retention.ts'
import { messages, seen } from '../messages/schema.ts'
import { sessions } from '../sessions/schema.ts'
import { locks } from '../users/lock.ts'
import { users } from '../users/schema.ts'
import { createCollections } from './collections.ts'
import type { Migration } from './migration.ts'

const FIRST_MODELS: ModelDefinition[] = [users, contexts, messages, seen, journal, events, locks]

/** What a calendar elsewhere needs: bookkeeping of events. */
export const CALENDAR_MODELS: ModelDefinition[] = [removals, farewells, feeds]

/** Every model. */
export const MODELS: ModelDefinition[] = [...FIRST_MODELS, ...CALENDAR_MODELS, sessions]

/** What is deleted in the transaction that erases its user. */
export const ERASED_AT_ONCE = MODELS.filter(({ ownErasure }) => !ownErasure)

/** Collections, validators and indexes. */
export const baseline: Migration = {
  name: '0001-baseline',
  creates: FIRST_MODELS,
  async up({ database, retention }) {
    await createCollections(database, FIRST_MODELS, (model) =>
      model === messages ? creationOptions(retention) : {},
    )
  },
  /** Drops everything that is stored. */
  async down({ database }) {
    const { copies } = await messageCollections(database)
    for (const { name } of copies) await database.db.dropCollection(name)
    for (const model of FIRST_MODELS.toReversed()) await database.internal(model.collection).drop()
  },
}
