import { commandLine } from '../db/command-line.ts'
import type { Database } from '../db/database.ts'
import { DialogueStoreError } from '../errors.ts'
import { META } from '../meta.ts'
import { baseline } from './baseline.ts'
import { calendar } from './calendar.ts'
import { createHistory, type Lease, type MigrationRecord } from './history.ts'
import type { Migration, MigrationContext } from './migration.ts'
import { sessions } from './sessions.ts'

/** All migrations, in their order. */
export const MIGRATIONS: readonly Migration[] = [baseline, calendar, sessions]

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

/**
 * Those that have still to run.
 * @throws DialogueStoreError `MIGRATION_MISMATCH` also where a collection of somebody else has the name of one to come
 */
export async function findPending(database: Database): Promise<Migration[]> {
  const records = await readRecords(database)
  const there = await findAny(database, namesToCome(database, records))
  if (!there) return pendingOf(records)
  /* A migration may have begun meanwhile: its record is there before its collections. */
  const late = await readRecords(database)
  if (namesToCome(database, late).includes(there)) throw foreign(there)
  return pendingOf(late)
}

/** What migrations will create that never ran. */
const namesToCome = ({ nameOf }: Database, records: MigrationRecord[]): string[] =>
  MIGRATIONS.filter(({ name }) => !records.some((record) => record.name === name)).flatMap(({ creates }) =>
    creates.map(({ collection }) => nameOf(collection)),
  )

/** @throws DialogueStoreError `MIGRATION_PENDING`, `MIGRATION_MISMATCH` unless the database is as the code expects it */
export async function requireMigrated(database: Database): Promise<void> {
  const pending = await findPending(database)
  if (pending.length > 0) throw lacking(database, pending)
}

/**
 * Runs one migration up or down. The record comes first, so that an interrupted one is known, and run again; while it
 * is being reverted it is no longer applied.
 * @throws DialogueStoreError `TIMEOUT` when another process has gone on with this
 */
export async function begin(
  migration: Migration,
  direction: 'up' | 'down',
  context: MigrationContext,
  lease: Lease,
): Promise<void> {
  await lease.check()
  const history = createHistory(context.database)
  await (direction === 'up' ? history.begin(migration.name) : history.record(migration.name, 'running'))
  await migration[direction](context)
}

/** Brings the database up to the code, or refuses to. */
export async function ensureMigrated(context: MigrationContext, mode: 'apply' | 'check'): Promise<void> {
  const { database } = context
  const history = createHistory(database)
  const pending = await findPending(database)
  if (pending.length === 0) return
  if (mode === 'check') throw lacking(database, pending)
  await history.exclusively({ deadline: database.deadline() }, async (lease) => {
    for (const migration of await findPending(database)) {
      await begin(migration, 'up', context, lease)
      await lease.check()
      await history.record(migration.name, 'applied')
    }
  })
}

const lacking = (database: Database, pending: Migration[]) =>
  new DialogueStoreError(
    'MIGRATION_PENDING',
    `The database lacks ${pending.map(({ name }) => name).join(', ')}. Run: ${commandLine(database, 'up')}`,
  )

const foreign = (name: string) =>
  new DialogueStoreError(
    'MIGRATION_MISMATCH',
    `The collection ${name} exists and is not this library's. It was not touched; open the store with another prefix.`,
  )

/** @throws DialogueStoreError `MIGRATION_MISMATCH` for a collection of somebody else that has the name of ours */
async function readRecords(database: Database): Promise<MigrationRecord[]> {
  const { records, foreign: isForeign } = await createHistory(database).look()
  if (isForeign) throw foreign(database.nameOf(META))
  return records
}

async function findAny({ db }: Database, names: string[]): Promise<string | undefined> {
  if (names.length === 0) return undefined
  const [found] = await db.listCollections({ name: { $in: names } }, { nameOnly: true }).toArray()
  return found?.name
}
