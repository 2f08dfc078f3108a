import { MigrationError, Umzug, type UmzugStorage } from 'umzug'
import {
  createHistory,
  type Lease,
  type MigrationHistory,
  type MigrationRecord,
} from '../migrations/history.ts'
import type { MigrationContext } from '../migrations/migration.ts'
import { begin, findPending, MIGRATIONS } from '../migrations/run.ts'
import { unlessAborted } from './interrupt.ts'
import { say } from './output.ts'
import type { Result, Task } from './task.ts'

/** umzug's view of our history. `counted`: the records that mean executed. */
const createStorage = (
  history: MigrationHistory,
  lease: Lease,
  counted: MigrationRecord['state'][],
): UmzugStorage<MigrationContext> => ({
  async logMigration({ name }) {
    await lease.check()
    await history.record(name, 'applied')
  },
  async unlogMigration({ name }) {
    await lease.check()
    await history.forget(name)
  },
  async executed() {
    const records = await history.list()
    return records.filter(({ state }) => counted.includes(state)).map(({ name }) => name)
  },
})

const createUmzug = (context: MigrationContext, lease: Lease, storage: UmzugStorage<MigrationContext>) =>
  new Umzug<MigrationContext>({
    migrations: MIGRATIONS.map((migration) => ({
      name: migration.name,
      up: () => begin(migration, 'up', context, lease),
      down: () => begin(migration, 'down', context, lease),
    })),
    context,
    storage,
    logger: undefined,
  })

/** Runs work of umzug while nobody else migrates, on a database that is ours, and no newer than the code. */
async function migrate(
  { database, signal }: Task,
  counted: MigrationRecord['state'][],
  work: (umzug: Umzug<MigrationContext>, lease: Lease) => Promise<string[]>,
): Promise<string[]> {
  const history = createHistory(database)
  const onWait = () => say('Another process is migrating this database. Waiting for it.')
  return history
    .exclusively({ deadline: database.deadline(), signal, onWait }, (lease) =>
      unlessAborted(signal, async () => {
        await findPending(database)
        const storage = createStorage(history, lease, counted)
        return work(createUmzug({ database, retention: undefined }, lease, storage), lease)
      }),
    )
    .catch((error: unknown) => {
      throw error instanceof MigrationError ? error.cause : error
    })
}

const namesOf = (migrations: { name: string }[]): string[] => migrations.map(({ name }) => name)

export async function up(task: Task): Promise<Result> {
  const { dryRun, database } = task
  const names = dryRun
    ? namesOf(await findPending(database))
    : await migrate(task, ['applied'], async (umzug) => namesOf(await umzug.up()))
  const lines = names.map((name) => `${dryRun ? 'would apply' : 'applied'} ${name}`)
  return { data: { dryRun, applied: names }, lines: lines.length > 0 ? lines : ['Nothing to do.'] }
}

/** One that was interrupted on its way, up or down, can be reverted too. */
export async function down(task: Task): Promise<Result> {
  const { dryRun, database } = task
  const names = dryRun ? await lastBegun(task) : await migrate(task, ['applied', 'running'], revertLast)
  const lines = names.map((name) => `${dryRun ? 'would revert' : 'reverted'} ${name}`)
  return { data: { dryRun, reverted: names }, lines: lines.length > 0 ? lines : ['Nothing to do.'] }

  async function revertLast(umzug: Umzug<MigrationContext>, lease: Lease) {
    const reverted = namesOf(await umzug.down())
    const left = await createHistory(database).list()
    if (reverted.length > 0 && left.length === 0) await lease.forgetAll()
    return reverted
  }
}

async function lastBegun({ database }: Task): Promise<string[]> {
  await findPending(database)
  return namesOf(await createHistory(database).list()).slice(-1)
}
