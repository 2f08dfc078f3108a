import { randomBytes } from 'node:crypto'
import mongoose from 'mongoose'
import type { Shapes, StoreOptions } from '../config.ts'
import type { DialogueStore } from '../contract.ts'
import { openStore } from '../store.ts'
import { startServer, type TestServer } from './server.ts'

export { type StartServerOptions, startServer, type TestServer, type TestServerMember } from './server.ts'

/** Everything that a store can be opened with, except where. `dbName`: default a random one. */
export type TestStoreOptions<S extends Shapes = Shapes> = Omit<
  Extract<StoreOptions<S>, { uri: string }>,
  'uri'
>

let shared: Promise<TestServer> | undefined

/** The server that all test stores of this process share: `MONGODB_URI`, or one in memory, begun at the first use. */
export function testServer(): Promise<TestServer> {
  shared ??= startServer().catch((error: unknown) => {
    shared = undefined
    throw error
  })
  return shared
}

/** Small, so that a hundred tests don't reserve a hundred GiB. */
const RETENTION = { kind: 'capped', sizeBytes: 16 * 2 ** 20 } as const

/**
 * A store for a test, on a real replica set, in a database of its own. `close()` drops the database; a
 * `dbName` that was given is left, so that another store can open it. The server ends with the process.
 *
 * Needs the optional peer dependency `mongodb-memory-server`, unless `MONGODB_URI` is set.
 */
export async function openTestStore<const S extends Shapes = Shapes>(
  options: TestStoreOptions<S> = {},
): Promise<DialogueStore<S>> {
  const { uri } = await testServer()
  const dbName = options.dbName ?? `test-${randomBytes(8).toString('hex')}`
  /* A database that was named may have another retention already: what is there counts. */
  const retention = options.dbName ? {} : { retention: RETENTION }
  const store = await openStore({ ...retention, ...options, uri, dbName } as StoreOptions<S>)
  if (options.dbName) return store
  let closing: Promise<void> | undefined
  const close = () => {
    closing ??= store.close().then(() => dropDatabase(uri, dbName))
    return closing
  }
  return { ...store, close, [Symbol.asyncDispose]: close }
}

async function dropDatabase(uri: string, dbName: string): Promise<void> {
  const client = await mongoose.mongo.MongoClient.connect(uri)
  try {
    await client.db(dbName).dropDatabase()
  } finally {
    await client.close()
  }
}
