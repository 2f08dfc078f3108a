import { sessions as model } from '../sessions/schema.ts'
import { createCollections } from './collections.ts'
import type { Migration } from './migration.ts'

/** A home for what frameworks keep. */
export const sessions: Migration = {
  name: '0003-sessions',
  creates: [model],
  async up({ database }) {
    await createCollections(database, [model])
  },
  /** Drops what frameworks have kept. */
  async down({ database }) {
    await database.internal(model.collection).drop()
  },
}
