import { assemble } from './assemble.ts'
import { parseOptions, type Shapes, type StoreOptions } from './config.ts'
import { connect } from './connect.ts'
import type { DialogueStore } from './contract.ts'
import { persist } from './db/attempt.ts'
import { createDatabase } from './db/database.ts'
import { toStoreError } from './db/failure.ts'
import { createRetention } from './messages/retention.ts'
import { trimForLowerLimit } from './messages/trim.ts'
import { ensureMigrated } from './migrations/run.ts'

/**
 * Opens a store: connects, runs pending migrations, applies retention.
 * @throws DialogueStoreError `INVALID_INPUT`, `UNAVAILABLE`, `TRANSACTIONS_UNSUPPORTED`, `SERVER_UNSUPPORTED`,
 *   `MIGRATION_PENDING`, `MIGRATION_MISMATCH`, `RETENTION_MISMATCH`
 */
export async function openStore<const S extends Shapes = Shapes>(
  options: StoreOptions<S>,
): Promise<DialogueStore<S>> {
  const config = parseOptions(options)
  const { connection, release } = await connect(config)
  try {
    const database = createDatabase(connection, config.prefix, config.timeoutMs)
    const retention = createRetention(database)
    /* What a fail-over cuts off here, the next round goes on with, as the next store would. */
    await persist(database.deadline(), async () => {
      await ensureMigrated({ database, retention: config.retention }, config.migrate)
      await trimForLowerLimit(database, retention, config.retention)
      await retention.apply(config.retention)
    })
    return (await assemble({ config, database, retention, release })) as DialogueStore<S>
  } catch (error) {
    await release().catch(() => {})
    throw toStoreError(error)
  }
}
