import mongoose from 'mongoose'
import type { BorrowedConfig, OwnedConfig, StoreConfig } from './config.ts'
import { attempt, type Deadline, deadlineIn, runCommand, within } from './db/attempt.ts'
import { toStoreError, transactionsUnsupported } from './db/failure.ts'
import { DialogueStoreError, invalidInput } from './errors.ts'

/** Wire version of MongoDB 6.0. */
const OLDEST_WIRE_VERSION = 17

/*
 * A frozen primary is noticed after a second with these two; a socket timeout longer than a fail-over keeps
 * writes waiting for their majority instead of aborting them.
 */
const NOTICE_EARLY = { heartbeatFrequencyMS: 500, connectTimeoutMS: 1000, socketTimeoutMS: 30_000 }
/** Of `timeoutMs`: that there is no server to be found is known before a verb's own time is over. */
const SELECTION_PART = 0.9

export interface Connected {
  /** Our own, or our own view of the caller's: models registered on it don't show there. */
  connection: mongoose.Connection
  release(): Promise<void>
}

/**
 * Opens a connection of our own, or a view of the caller's, to a server that the store can work with.
 * @throws DialogueStoreError `INVALID_INPUT`, `UNAVAILABLE`, `TRANSACTIONS_UNSUPPORTED`, `SERVER_UNSUPPORTED`
 */
export const connect = (config: StoreConfig): Promise<Connected> =>
  config.connection ? borrow(config) : open(config)

async function open(config: OwnedConfig): Promise<Connected> {
  const options: mongoose.ConnectOptions = {
    ...(config.dbName && { dbName: config.dbName }),
    ...NOTICE_EARLY,
    serverSelectionTimeoutMS: Math.ceil(config.timeoutMs * SELECTION_PART),
    appName: 'dialogue-store',
    autoIndex: false,
    autoCreate: false,
    bufferCommands: false,
    /* We repeat ourselves, for longer, and know what became of each attempt. */
    retryWrites: false,
  }
  checkUri(config.uri)
  /* A Mongoose of our own: plugins, settings and `disconnect()` of the application's are not for the store. */
  const connection = new mongoose.Mongoose().createConnection(config.uri, options)
  try {
    await connection.asPromise()
    await requireServer(connection.getClient().db(), deadlineIn(config.timeoutMs))
    return { connection, release: () => connection.close() }
  } catch (error) {
    await connection.close().catch(() => {})
    throw toOpeningError(error)
  }
}

/** The driver parses the URI when a client is made. What it says may quote the URI, password included. */
function checkUri(uri: string): void {
  try {
    new mongoose.mongo.MongoClient(uri).db()
  } catch {
    throw invalidInput([{ path: ['uri'], reason: 'is not a URI that the MongoDB driver takes' }])
  }
}

async function borrow({ connection, timeoutMs }: BorrowedConfig): Promise<Connected> {
  const client: unknown = connection.getClient()
  if (!client) throw invalidInput([{ path: ['connection'], reason: 'was not opened yet' }])
  if (!(client instanceof mongoose.mongo.MongoClient)) {
    throw invalidInput([
      { path: ['connection'], reason: 'is of another copy of mongoose than the store uses' },
    ])
  }
  const deadline = deadlineIn(timeoutMs)
  try {
    await within(deadline.remaining(), connection.asPromise(), () => unreachable())
    await requireServer(client.db(connection.name), deadline)
    return { connection: viewOf(connection), release: async () => {} }
  } catch (error) {
    throw toOpeningError(error)
  }
}

/** Mongoose links a view with its connection: they tell each other of their states, for ever. */
type Linked = mongoose.Connection & { otherDbs?: mongoose.Connection[] | undefined }

/** Nothing that is done with the view shows on the caller's connection, and no view piles up there. */
function viewOf(connection: Linked): mongoose.Connection {
  const view: Linked = connection.useDb(connection.name, { useCache: false })
  connection.otherDbs = connection.otherDbs?.filter((other) => other !== view)
  view.otherDbs = []
  view.base = new mongoose.Mongoose()
  /* The view has a copy of its settings: `sanitizeFilter` would take our filters for values. */
  Object.assign(view, { config: {} })
  return view
}

/* Of Node's name resolution: codes that say 'not now' as often as 'never'. */
const NAME_NOT_FOUND = new Set(['ENOTFOUND', 'ETIMEOUT', 'ESERVFAIL', 'ECONNREFUSED', 'EAI_AGAIN'])

function toOpeningError(error: unknown): DialogueStoreError {
  const refusal = refusalIn(error)
  if (refusal instanceof mongoose.mongo.MongoCompatibilityError) return serverUnsupported('too old', refusal)
  if (error instanceof mongoose.mongo.MongoNotConnectedError) {
    return invalidInput([{ path: ['connection'], reason: 'was closed' }])
  }
  const { code } = (error ?? {}) as { code?: unknown }
  const lost =
    error instanceof mongoose.Error.MongooseServerSelectionError || NAME_NOT_FOUND.has(String(code))
  return lost ? unreachable(refusal) : toStoreError(error)
}

/** What kept the driver from the servers that it looked for: a refused connection, a certificate, … */
function refusalIn(error: unknown): unknown {
  const { reason } = (error ?? {}) as { reason?: mongoose.mongo.TopologyDescription }
  const servers = [...(reason?.servers?.values() ?? [])]
  return servers.find((server) => server.error)?.error ?? error
}

const unreachable = (cause?: unknown): DialogueStoreError =>
  new DialogueStoreError(
    'UNAVAILABLE',
    'No MongoDB server could be reached within timeoutMs. Check that it runs, the hosts in the URI, and the network.',
    { cause },
  )

const serverUnsupported = (version: string, cause?: unknown): DialogueStoreError =>
  new DialogueStoreError(
    'SERVER_UNSUPPORTED',
    `The server is ${version}: the store needs MongoDB 6.0 or later, where capped collections allow deletes. Upgrade the server.`,
    { cause },
  )

export interface Server {
  version: string
  topology: 'replicaSet' | 'sharded'
}

/**
 * What server this is.
 * @throws DialogueStoreError `TRANSACTIONS_UNSUPPORTED` for a standalone, `SERVER_UNSUPPORTED` before 6.0
 */
export async function inspectServer(db: mongoose.mongo.Db, deadline: Deadline): Promise<Server> {
  const [topology, version] = await Promise.all([requireServer(db, deadline), versionOf(db, deadline)])
  return { version, topology }
}

/** The same, without its version: a store that opens has one command less to wait for. */
async function requireServer(db: mongoose.mongo.Db, deadline: Deadline): Promise<Server['topology']> {
  const hello = await ask(db, deadline, 'hello')
  if (hello.maxWireVersion < OLDEST_WIRE_VERSION)
    throw serverUnsupported(`MongoDB ${await versionOf(db, deadline)}`)
  const sharded = hello.msg === 'isdbgrid'
  if (!sharded && !hello.setName) throw transactionsUnsupported()
  return sharded ? 'sharded' : 'replicaSet'
}

const versionOf = async (db: mongoose.mongo.Db, deadline: Deadline): Promise<string> =>
  (await ask(db, deadline, 'buildInfo')).version

const ask = (db: mongoose.mongo.Db, deadline: Deadline, command: 'hello' | 'buildInfo') =>
  attempt(deadline, 'read', (terms) => runCommand(db, { [command]: 1 }, terms))
