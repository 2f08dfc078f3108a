import mongoose from 'mongoose'
import type pino from 'pino'
import { type DialogueStore, openStore, type StoreOptions } from '../../../../src/index.ts'
import { messages } from '../../../../src/messages/schema.ts'
import { MODELS } from '../../../../src/migrations/baseline.ts'
import { startServer } from '../../../../src/testing/server.ts'
import type { CalendarServer } from '../../../calendar-server/index.ts'
import type { Defer } from '../../../lib/run.ts'
import { openVerbs } from '../../rig/verbs.ts'
import { SHAPES } from './refusals.ts'

export const DB_NAME = 'leaks'
const RETENTION = { kind: 'capped', sizeBytes: 16 * 2 ** 20 } as const
/** Of a store whose callers are to hear that their time is over. */
const HASTY_MS = 400

export interface World {
  uri: string
  pids: number[]
  client: mongoose.mongo.MongoClient
  db: mongoose.mongo.Db
  logger: pino.Logger
  store: DialogueStore
  hasty: DialogueStore
  /** Whose JSON has a shape. */
  shaped: DialogueStore
  /** Opens another one, and closes it when work has been done with it. */
  use<T>(options: Partial<StoreOptions>, work?: (store: DialogueStore) => Promise<T>): Promise<T | undefined>
  /** Stands in for Google. */
  google: CalendarServer
  /** Of a store, of transactions, and of what stands beside a store. */
  verbsOf(store: DialogueStore): object
  /** Removes what was stored, so that long runs don't fill the disk. */
  clear(): Promise<void>
  /** Lets the server fail such commands, or all that are for data, while work runs. */
  failing<T>(failure: object, work: () => Promise<T>, commands?: readonly string[]): Promise<T>
}

/** Messages are capped. */
const CLEARED = MODELS.filter((model) => model !== messages)
const COMMANDS = [
  ...['insert', 'update', 'delete', 'find', 'findAndModify', 'aggregate', 'count', 'getMore'],
  ...['commitTransaction', 'abortTransaction', 'listCollections', 'collMod', 'create', 'createIndexes'],
] as const

export async function makeWorld(logger: pino.Logger, defer: Defer): Promise<World> {
  const { uri, members, stop } = await startServer({ own: true })
  defer(stop)
  const client = await mongoose.mongo.MongoClient.connect(uri)
  defer(() => client.close())
  const another = (options: Partial<StoreOptions>): Promise<DialogueStore> =>
    openStore({ dbName: DB_NAME, retention: RETENTION, logger, uri, ...options } as StoreOptions)
  const open = async (options: Partial<StoreOptions> = {}): Promise<DialogueStore> => {
    const store = await another(options)
    defer(() => store.close())
    return store
  }
  const store = await open()
  const { server: google, verbsOf } = await openVerbs(store, defer)
  const admin = client.db('admin')
  const configure = (mode: string, data: object = {}) =>
    admin.command({ configureFailPoint: 'failCommand', mode, data })
  return {
    uri,
    pids: members.map(({ pid }) => pid),
    client,
    db: client.db(DB_NAME),
    logger,
    async use(options, work) {
      const store = await another(options)
      try {
        return await work?.(store)
      } finally {
        await store.close()
      }
    },
    async clear() {
      for (const { collection } of CLEARED)
        await client.db(DB_NAME).collection(`dialogue_${collection}`).deleteMany({})
    },
    google,
    verbsOf,
    store,
    hasty: await open({ timeoutMs: HASTY_MS }),
    shaped: await open({ shapes: SHAPES }),
    async failing(failure, work, commands = COMMANDS) {
      await configure('alwaysOn', { failCommands: commands, appName: 'dialogue-store', ...failure })
      try {
        return await work()
      } finally {
        await configure('off')
      }
    },
  }
}
