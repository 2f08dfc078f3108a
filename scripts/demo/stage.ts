import { randomBytes } from 'node:crypto'
import { openStore } from '../../src/index.ts'
import { startServer } from '../../src/testing/server.ts'
import { connectDriver } from '../lib/driver.ts'
import type { Defer } from '../lib/run.ts'
import { type DemoStore, shapes } from './shapes.ts'

const MIB = 2 ** 20
/** Twice as much as one takes here, on average. */
const BYTES_A_MESSAGE = 400

/**
 * A store in a database of its own, of which nothing stays: on a server started for it, or on the one that
 * `MONGODB_URI` names.
 */
export async function openStage(
  messages: number,
  defer: Defer,
): Promise<{ store: DemoStore; server: string }> {
  const { uri, members, stop } = await startServer()
  defer(stop)
  const dbName = `dialogue-demo-${randomBytes(4).toString('hex')}`
  const embedded = members.length > 0
  if (!embedded) {
    const driver = await connectDriver(uri)
    defer(() => driver.close())
    defer(() => driver.db(dbName).dropDatabase())
  }
  const sizeBytes = Math.ceil((messages * BYTES_A_MESSAGE) / MIB) * MIB
  const store = await openStore({ uri, dbName, shapes, retention: { kind: 'capped', sizeBytes } })
  defer(store.close)
  const { version } = await store.ping()
  const which = embedded ? 'a replica set of one, started for this' : 'the server of MONGODB_URI'
  return { store, server: `MongoDB ${version}, ${which}` }
}
