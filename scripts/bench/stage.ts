import { randomBytes } from 'node:crypto'
import { type DialogueStore, openStore, type Retention } from '../../src/index.ts'
import { testServer } from '../../src/testing/index.ts'
import { connectDriver } from '../lib/driver.ts'
import type { Defer } from '../lib/run.ts'

/** A store on a database of its own, which is dropped at the end. */
export async function openStage(retention: Retention, defer: Defer): Promise<DialogueStore> {
  const server = await testServer()
  defer(() => server.stop())
  const dbName = `bench-${randomBytes(6).toString('hex')}`
  const client = await connectDriver(server.uri)
  defer(() => client.close())
  defer(() => client.db(dbName).dropDatabase())
  const store = await openStore({ uri: server.uri, dbName, retention })
  defer(store.close)
  return store
}
