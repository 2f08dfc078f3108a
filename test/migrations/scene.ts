import { afterAll, afterEach, beforeAll } from '@jest/globals'
import type mongoose from 'mongoose'
import { startServer, type TestServer } from '../../src/testing/server.ts'
import { makeClient, makeDatabase, makeStore } from '../support/store.ts'
import { type Running, start, until } from './command.ts'
import { type Bots, shapeOf, startBots } from './ledger.ts'

interface Meta {
  _id: string
  copied?: number
  fencedFor?: string
}

export interface Scene {
  db: mongoose.mongo.Db
  meta: mongoose.mongo.Collection<Meta>
  bots: Bots
  /** The command line's arguments: `convert-retention --to …` on this database. */
  to(kind: string): string[]
  kind(): Promise<string>
  copied(): Promise<number>
  fenced(): Promise<boolean>
}

/** A server of this test file's own: what it does to commands is for the whole server. */
export function useOwnServer(): void {
  let server: TestServer | undefined
  beforeAll(async () => {
    server = await startServer({ own: true })
    process.env.MONGODB_URI = server.uri
  })
  afterEach(() => release())
  afterAll(() => server?.stop())
}

/** Capped messages, some of which are there already, and bots at work. */
export async function makeScene(earlier: number): Promise<Scene> {
  const { db, dbName } = await makeDatabase()
  await makeStore({ dbName, retention: { kind: 'capped', sizeBytes: 64 * 2 ** 20 } })
  const meta = db.collection<Meta>('dialogue_meta')
  return {
    db,
    meta,
    bots: await startBots(dbName, earlier),
    to: (kind) => ['convert-retention', '--db', dbName, '--to', kind],
    kind: async () => ((await shapeOf(db)).options?.capped ? 'capped' : 'rolling'),
    copied: async () => (await meta.findOne({ _id: 'conversion' }))?.copied ?? 0,
    fenced: async () => (await meta.findOne({ _id: 'retention' }))?.fencedFor !== undefined,
  }
}

interface Held {
  failCommands: string[]
  blockTimeMS: number
  namespace?: string
  /** Of the clients whose commands are meant. */
  appName?: string
  /** What such a command fails with, afterwards. */
  errorCode?: number
}

let admin: mongoose.mongo.Db | undefined
const adminDb = async () => {
  admin ??= (await makeClient()).db('admin')
  return admin
}

/** The server waits before it carries out such commands. Gives a function that waits until one has come. */
export async function hold(data: Held, mode: unknown = 'alwaysOn'): Promise<() => Promise<unknown>> {
  const failCommand = { configureFailPoint: 'failCommand', mode, data: { blockConnection: true, ...data } }
  const db = await adminDb()
  const { count } = await db.command(failCommand)
  const waitForFailPoint = { waitForFailPoint: 'failCommand', timesEntered: count + 1, maxTimeMS: 30_000 }
  return () => db.command(waitForFailPoint)
}

export const release = async () =>
  (await adminDb()).command({ configureFailPoint: 'failCommand', mode: 'off' })

/** Starts a conversion, so slow in copying that something can be done when it has copied so many messages. */
export async function startSlowly(scene: Scene, args: string[], copied: number): Promise<Running> {
  const namespace = `${scene.db.databaseName}.dialogue_messages`
  await hold({ failCommands: ['aggregate'], namespace, blockTimeMS: 300 })
  const running = start(args)
  await until(async () => (await scene.copied()) >= copied)
  return running
}

export async function kill({ child, ended }: Running): Promise<void> {
  child.kill('SIGKILL')
  await ended
}
