import mongoose from 'mongoose'
import { type DialogueStore, openStore } from '../../../../src/index.ts'
import { startServer } from '../../../../src/testing/index.ts'
import type { Attempt } from '../../part.ts'
import { startProxy } from '../../rig/proxy.ts'
import { lossyLine } from './faults.ts'

const DB = 'soak'
/** The second store's callers give up sooner, and repeat what may have been done. */
const HASTY_MS = 1500

/** A server, and two stores that reach it through lines on which things get lost. */
export interface Scene {
  store: DialogueStore
  hasty: DialogueStore
  /** Beside the lines. */
  db: mongoose.mongo.Db
  admin: mongoose.mongo.Admin
  pids: number[]
}

export async function makeScene(attempt: Attempt): Promise<Scene> {
  const { defer } = attempt
  const server = await startServer({ own: true })
  defer(() => server.stop())
  const client = await mongoose.mongo.MongoClient.connect(server.uri)
  defer(() => client.close())
  const open = async (timeoutMs?: number) => {
    const line = await startProxy(server.members[0]?.port ?? 0)
    defer(async () => line.stop())
    const options = { uri: line.uri, dbName: DB, retention: { kind: 'rolling' } as const }
    const store = await openStore({ ...options, ...(timeoutMs && { timeoutMs }) })
    defer(() => store.close())
    line.judgeBy(lossyLine(attempt))
    return store
  }
  const store = await open()
  const hasty = await open(HASTY_MS)
  const pids = server.members.map(({ pid }) => pid)
  return { store, hasty, db: client.db(DB), admin: client.db().admin(), pids }
}
