import type { Database } from '../db/database.ts'
import { DialogueStoreError } from '../errors.ts'
import { META } from '../meta.ts'
import { baseline, MODELS } from './baseline.ts'
import { createHistory, type MigrationRecord } from './history.ts'
import type { Migration, MigrationContext } from './migration.ts'

/** All migrations, in their order. */
export const MIGRATIONS: readonly Migration[] = [baseline]

/**
 * Those that have still to run.
 * @throws DialogueStoreError `MIGRATION_MISMATCH` when the database has one that this code doesn't know
 */
export function pendingOf(records: MigrationRecord[], known = MIGRATIONS): Migration[] {
  const unknown = records.find(({ name }) => !known.some((migration) => migration.name === name))
  if (unknown) {
    const text = `The database has the migration ${unknown.name}, which this version of dialogue-store does not know. Upgrade the package.`
    throw new DialogueStoreError('MIGRATION_MISMATCH', text)
  }
  const applied = new Set(records.filter(({ state }) => state === 'applied').map(({ name }) => name))
  return known.filter(({ name }) => !applied.has(name))
}

/** Runs one migration: its record comes first, so that an interrupted one is known, and run again. */
export async function runUp(migration: Migration, context: MigrationContext): Promise<void> {
  const history = createHistory(context.database)
  await history.record(migration.name, 'running')
  await migration.up(context)
  await history.record(migration.name, 'applied')
}

/** Brings the database up to the code, or refuses to. */
export async function ensureMigrated(context: MigrationContext, mode: 'apply' | 'check'): Promise<void> {
  const history = createHistory(context.database)
  await refuseForeignMeta(context.database)
  const pending = pendingOf(await history.list())
  if (pending.length === 0) return
  if (mode === 'check') {
    const text = `The database lacks ${pending.map(({ name }) => name).join(', ')}. Run: npx dialogue-store up`
    throw new DialogueStoreError('MIGRATION_PENDING', text)
  }
  await history.exclusively(context.database.deadline(), async () => {
    const records = await history.list()
    if (records.length === 0) await refuseForeign(context.database)
    for (const migration of pendingOf(records)) await runUp(migration, context)
  })
}

const foreign = (name: string) =>
  new DialogueStoreError(
    'MIGRATION_MISMATCH',
    `The collection ${name} exists and is not this library's. It was not touched; open the store with another prefix.`,
  )

/** Before anything is written: a collection of somebody else that has the name of ours. */
export async function refuseForeignMeta(database: Database): Promise<void> {
  const ours = { _id: { $not: { $regex: '^(migration:|lease$|retention$|conversion$)' } } }
  if (await database.internal<{ _id: string }>(META).findOne(ours)) throw foreign(database.nameOf(META))
}

/** No migration ever ran, so a collection that is there is somebody else's. */
async function refuseForeign(database: Database): Promise<void> {
  const names = MODELS.map(({ collection }) => database.nameOf(collection))
  const [found] = await database.db.listCollections({ name: { $in: names } }, { nameOnly: true }).toArray()
  if (found) throw foreign(found.name)
}
