import { randomBytes } from 'node:crypto'
import type mongoose from 'mongoose'
import { type DialogueStore, openStore, type StoreOptions } from '../../src/index.ts'
import { type StartServerOptions, startServer } from '../../src/testing/server.ts'
import { connectDriver } from '../lib/driver.ts'
import type { Attempt } from './part.ts'

export interface TortureDatabase {
  uri: string
  dbName: string
  /** As the plain driver sees it. */
  db: mongoose.mongo.Db
  /** A store on it. */
  open(options?: Partial<StoreOptions>): Promise<DialogueStore>
}

/**
 * Databases of which nothing stays, for a part that does no harm to its server: one that is started for it, or the
 * one that `MONGODB_URI` names.
 */
export async function openDatabases(
  names: readonly string[],
  { defer }: Pick<Attempt, 'defer'>,
  server: StartServerOptions = {},
): Promise<TortureDatabase[]> {
  const { uri, stop } = await startServer(server)
  defer(stop)
  const driver = await connectDriver(uri)
  defer(() => driver.close())
  return names.map((name) => {
    const dbName = `torture-${name}-${randomBytes(4).toString('hex')}`
    const db = driver.db(dbName)
    defer(() => db.dropDatabase())
    return {
      ...{ uri, dbName, db },
      async open(options = {}) {
        const store = await openStore({ ...options, uri, dbName })
        defer(store.close)
        return store
      },
    }
  })
}

export async function openDatabase(
  name: string,
  attempt: Pick<Attempt, 'defer'>,
  server?: StartServerOptions,
): Promise<TortureDatabase> {
  const [database] = await openDatabases([name], attempt, server)
  if (!database) throw new Error('There is no database')
  return database
}
