import { afterAll } from '@jest/globals'
import mongoose from 'mongoose'
import type { DialogueStore, Shapes } from '../../src/index.ts'
import { openTestStore, type TestStoreOptions, testServer } from '../../src/testing/index.ts'

/** What a test file has opened. When it ends, nobody uses a database any more before it is dropped. */
const stores: { close(): Promise<void> }[] = []
const databases: mongoose.mongo.Db[] = []
const clients: mongoose.mongo.MongoClient[] = []
afterAll(async () => {
  await Promise.all(stores.map((store) => store.close()))
  await Promise.all(databases.map((db) => db.dropDatabase()))
  await Promise.all(clients.map((client) => client.close()))
})

/** A store in a database of its own. */
export async function makeStore<const S extends Shapes = Shapes>(
  options: TestStoreOptions<S> = {},
): Promise<DialogueStore<S>> {
  const store = await openTestStore<S>(options)
  stores.push(store)
  return store
}

/** Another way to the same database than through the code under test: the plain driver. */
export async function makeClient(): Promise<mongoose.mongo.MongoClient> {
  const { uri } = await testServer()
  const client = await mongoose.mongo.MongoClient.connect(uri)
  clients.push(client)
  return client
}

let named = 0

/** A name for a database that several stores of a test open, dropped when the file ends. */
export async function makeDatabase(): Promise<{ dbName: string; db: mongoose.mongo.Db }> {
  const client = await makeClient()
  const dbName = `test-${process.pid}-${Date.now().toString(36)}-${named++}`
  const db = client.db(dbName)
  databases.push(db)
  return { dbName, db }
}
