import mongoose from 'mongoose'
import { freeze } from '../../../scripts/torture/rig/freeze.ts'
import { createDatabase } from '../../../src/db/database.ts'
import { startServer } from '../../../src/testing/index.ts'

/** What a fail point does to commands: see the server's `failCommand`. */
interface Failure {
  failCommands: string[]
  errorCode?: number
  errorLabels?: string[]
  closeConnection?: boolean
  writeConcernError?: { code: number; errmsg: string }
  blockConnection?: boolean
  blockTimeMS?: number
}

/** Fail points meet only what is sent under it. */
const APP_NAME = 'under test'
const TIMEOUT_MS = 30_000

/**
 * A `Database` on a server of its own that can be made to fail, what it sends there, and the same collections by a
 * client that never fails.
 */
export async function makeFailingDatabase() {
  const server = await startServer({ own: true })
  const plain = await mongoose.mongo.MongoClient.connect(server.uri)
  const connection = await mongoose
    .createConnection(server.uri, { dbName: 'faults', appName: APP_NAME, monitorCommands: true })
    .asPromise()
  const database = createDatabase(connection, 'test_', TIMEOUT_MS)
  const sent: string[] = []
  const client = connection.getClient()
  client.on('commandStarted', ({ commandName }) => void sent.push(commandName))
  client.on('commandSucceeded', ({ commandName }) => void sent.push(`${commandName} done`))

  const configure = (mode: 'off' | 'alwaysOn' | { times: number }, data: object = {}) =>
    plain.db('admin').command({ configureFailPoint: 'failCommand', mode, data })

  return {
    database,
    plain: plain.db('faults'),
    /** The names of the commands since `heal`, each with another `… done` when it was answered well. */
    sent,
    fail: (failure: Failure, mode: 'alwaysOn' | { times: number } = 'alwaysOn') =>
      configure(mode, { ...failure, appName: APP_NAME }),
    async heal(): Promise<void> {
      await configure('off')
      sent.length = 0
    },
    /** Stops the server's process, so that it answers nothing, while `work` runs. */
    freeze: <T>(work: () => Promise<T>): Promise<T> =>
      freeze(
        server.members.map(({ pid }) => pid),
        work,
      ),
    async stop(): Promise<void> {
      await connection.close()
      await plain.close()
      await server.stop()
    },
  }
}

export type FailingDatabase = Awaited<ReturnType<typeof makeFailingDatabase>>
