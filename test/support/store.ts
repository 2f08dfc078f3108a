import { afterAll } from '@jest/globals'
import mongoose from 'mongoose'
import type { DialogueStore, Shapes } from '../../src/index.ts'
import { openTestStore, type TestStoreOptions, testServer } from '../../src/testing/index.ts'

/** Stores and connections of a test file, closed when it ends. */
const opened: { close(): Promise<unknown> }[] = []
afterAll(async () => {
  for (const one of opened.reverse()) await one.close()
})

/** A store in a database of its own. */
export async function makeStore<const S extends Shapes = Shapes>(
  options: TestStoreOptions<S> = {},
): Promise<DialogueStore<S>> {
  const store = await openTestStore<S>(options)
  opened.push(store)
  return store
}

/** Another way to the same database than through the code under test: the plain driver. */
export async function makeClient(): Promise<mongoose.mongo.MongoClient> {
  const { uri } = await testServer()
  const client = await mongoose.mongo.MongoClient.connect(uri)
  opened.push(client)
  return client
}

let named = 0

/** A name for a database that several stores of a test open, dropped when the file ends. */
export async function makeDatabase(): Promise<{ dbName: string; db: mongoose.mongo.Db }> {
  const client = await makeClient()
  const dbName = `test-${process.pid}-${Date.now().toString(36)}-${named++}`
  const db = client.db(dbName)
  opened.push({ close: () => db.dropDatabase() })
  return { dbName, db }
}
