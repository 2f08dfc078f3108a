import { randomBytes } from 'node:crypto'
import mongoose from 'mongoose'
import type { Shapes, StoreOptions } from '../config.ts'
import type { DialogueStore } from '../contract.ts'
import { openStore } from '../store.ts'
import { closedAtTheLatest, closeOpened } from './opened.ts'
import { startServer, type TestServer } from './server.ts'

export { type ConversationOptions, makeConversation, makeUser } from './fixtures.ts'
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
export function openTestStore<const S extends Shapes = Shapes>(
  options: TestStoreOptions<S> = {},
): Promise<DialogueStore<S>> {
  const server = testServer()
  const dbName = options.dbName ?? `test-${randomBytes(8).toString('hex')}`
  /* A database that was named may have another retention already: what is there counts. */
  const retention = options.dbName ? {} : { retention: RETENTION }
  const opening = server.then(({ uri }) =>
    openStore({ ...retention, ...options, uri, dbName } as StoreOptions<S>),
  )
  return closedAtTheLatest(opening, async () => {
    if (!options.dbName) await dropDatabase((await server).uri, dbName)
  })
}

let closing: Promise<unknown> = Promise.resolve()

/**
 * Closes every store that `openTestStore` opened in this process and nobody closed, which drops their databases,
 * and ends the server that they shared. For the end of a file's tests, or of all: a store opened later, or while
 * this goes on, begins anew. A repeat finds nothing to do, but waits for those that are at it.
 *
 * @throws what the first `close()` threw that failed, when all else is done
 */
export async function closeTestStores(): Promise<void> {
  const server = shared
  shared = undefined
  const ended = closeAllOn(server)
  const before = closing
  closing = Promise.allSettled([before, ended])
  await before
  await ended
}

async function closeAllOn(server: Promise<TestServer> | undefined): Promise<void> {
  const closed = await closeOpened()
  await server?.then(
    ({ stop }) => stop(),
    () => {},
  )
  for (const outcome of closed) if (outcome.status === 'rejected') throw outcome.reason
}

async function dropDatabase(uri: string, dbName: string): Promise<void> {
  const client = await mongoose.mongo.MongoClient.connect(uri)
  try {
    await client.db(dbName).dropDatabase()
  } finally {
    await client.close()
  }
}
