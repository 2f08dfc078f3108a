import type { Retention } from '../config.ts'
import type { Database } from '../db/database.ts'
import type { ModelDefinition } from '../db/definition.ts'

export interface MigrationContext {
  database: Database
  /** What the store was opened with: a new message collection is created so. */
  retention: Retention | undefined
}

/** A change of the database's shape. `up` may run again after a crash in the middle of it. */
export interface Migration {
  name: string
  /** The models whose collections it brings. Before it has run, a collection of that name is somebody else's. */
  creates: readonly ModelDefinition[]
  up(context: MigrationContext): Promise<void>
  down(context: MigrationContext): Promise<void>
}
