import mongoose from 'mongoose'
import type { StoreConfig } from './config.ts'
import { toStoreError, transactionsUnsupported } from './db/failure.ts'
import { DialogueStoreError, invalidInput } from './errors.ts'

/** Wire version of MongoDB 6.0. */
const OLDEST_WIRE_VERSION = 17

/*
 * A frozen primary is noticed after a second with these two; a socket timeout longer than a fail-over keeps
 * writes waiting for their majority instead of aborting them.
 */
const NOTICE_EARLY = { heartbeatFrequencyMS: 500, connectTimeoutMS: 1000, socketTimeoutMS: 30_000 }

export interface Connected {
  /** Our own view: models registered on it don't show on the caller's connection. */
  connection: mongoose.Connection
  release(): Promise<void>
}

/** Opens a connection of our own, or a view of the caller's. */
export async function connect(config: StoreConfig): Promise<Connected> {
  if ('connection' in config) {
    await config.connection.asPromise()
    const view = config.connection.useDb(config.connection.name, { useCache: false })
    return { connection: view, release: async () => {} }
  }
  const connection = await open(config)
  return { connection, release: () => connection.close() }
}

async function open(config: Extract<StoreConfig, { uri: string }>): Promise<mongoose.Connection> {
  let connection: mongoose.Connection | undefined
  try {
    connection = mongoose.createConnection(config.uri, {
      ...(config.dbName && { dbName: config.dbName }),
      ...NOTICE_EARLY,
      serverSelectionTimeoutMS: config.timeoutMs,
      appName: 'dialogue-store',
      autoIndex: false,
      autoCreate: false,
      bufferCommands: false,
      retryWrites: true,
    })
    return await connection.asPromise()
  } catch (error) {
    await connection?.close().catch(() => {})
    /* The driver's text may quote the URI, password included. */
    if (isMalformed(error))
      throw invalidInput([{ path: ['uri'], reason: 'is not a URI that the MongoDB driver takes' }])
    throw toStoreError(error)
  }
}

const { MongoParseError, MongoInvalidArgumentError } = mongoose.mongo
const isMalformed = (error: unknown): boolean =>
  error instanceof MongoParseError || error instanceof MongoInvalidArgumentError || error instanceof TypeError

export interface Server {
  version: string
  topology: 'replicaSet' | 'sharded'
}

/**
 * What server this is.
 * @throws DialogueStoreError `TRANSACTIONS_UNSUPPORTED` for a standalone, `SERVER_UNSUPPORTED` before 6.0
 */
export async function inspectServer(db: mongoose.mongo.Db, timeoutMs: number): Promise<Server> {
  const [hello, build] = await Promise.all([
    db.command({ hello: 1, maxTimeMS: timeoutMs }),
    db.command({ buildInfo: 1, maxTimeMS: timeoutMs }),
  ])
  if (hello.maxWireVersion < OLDEST_WIRE_VERSION) {
    const text = `The server is MongoDB ${build.version}. The store needs 6.0 or later, where capped collections allow deletes.`
    throw new DialogueStoreError('SERVER_UNSUPPORTED', text)
  }
  const sharded = hello.msg === 'isdbgrid'
  if (!sharded && !hello.setName) throw transactionsUnsupported()
  return { version: build.version, topology: sharded ? 'sharded' : 'replicaSet' }
}
