import mongoose from 'mongoose'
import { freeze } from '../../scripts/torture/rig/freeze.ts'
import { type DialogueStore, openStore, type StoreOptions } from '../../src/index.ts'
import { startServer, type TestServer } from '../../src/testing/index.ts'

/** What a fail point does to commands: see the server's `failCommand`. */
interface Failure {
  failCommands: string[]
  /** Of the messages' collections, without the prefix. */
  collection: string
  errorCode?: number
  closeConnection?: boolean
  writeConcernError?: { code: number; errmsg: string }
  blockConnection?: boolean
  blockTimeMS?: number
}

/** Which of the commands that match: the first ones, or those after the first ones. */
type Mode = 'alwaysOn' | { times: number } | { skip: number }

/** The command is carried out, but its reply says that the server shuts down. The driver tries once more. */
export const LOST_REPLY = { writeConcernError: { code: 91, errmsg: 'the reply is lost' } }
/** The command is carried out, but its reply says that the majority did not confirm it in time. */
export const UNCONFIRMED = { writeConcernError: { code: 64, errmsg: 'waiting for replication timed out' } }
/** The command never arrives. The driver tries once more, outside of transactions. */
export const LOST_COMMAND = { closeConnection: true }

/**
 * A server of one's own, that can be made to fail: its fail points, and its freezing, would hit every test
 * that shares it.
 */
export async function makeFaultyServer() {
  const server: TestServer = await startServer({ own: true })
  const client = await mongoose.mongo.MongoClient.connect(server.uri)
  const db = client.db('faults')
  const stores: DialogueStore[] = []
  const connections: mongoose.Connection[] = []

  const configure = (mode: 'off' | Mode, data: object = {}) =>
    client.db('admin').command({ configureFailPoint: 'failCommand', mode, data })

  return {
    db,
    /** On a connection as an application opens its own, whose driver repeats writes by itself. */
    async borrow(): Promise<DialogueStore> {
      const connection = await mongoose.createConnection(server.uri, { dbName: 'faults' }).asPromise()
      connections.push(connection)
      const store = await openStore({ connection })
      stores.push(store)
      return store
    },
    async open(options: Partial<StoreOptions> = {}): Promise<DialogueStore> {
      const store = await openStore({ ...options, uri: server.uri, dbName: 'faults' } as StoreOptions)
      stores.push(store)
      return store
    },
    /**
     * Fails commands so many times, or until `heal`, which waits for those that are blocked.
     * @returns waits until the first of them has come, or so many
     */
    async fail({ collection, ...data }: Failure, mode: Mode = 'alwaysOn') {
      const { count } = await configure(mode, { ...data, namespace: `faults.dialogue_${collection}` })
      return (times = 1): Promise<unknown> =>
        client.db('admin').command({
          waitForFailPoint: 'failCommand',
          timesEntered: Number(count) + times,
          maxTimeMS: 20_000,
        })
    },
    heal: () => configure('off'),
    /** Stops the server's process, so that it answers nothing, while `work` runs. */
    freeze: <T>(work: () => Promise<T>): Promise<T> =>
      freeze(
        server.members.map(({ pid }) => pid),
        work,
      ),
    async stop(): Promise<void> {
      await configure('off')
      for (const store of stores) await store.close()
      for (const connection of connections) await connection.close()
      await client.close()
      await server.stop()
    },
  }
}
