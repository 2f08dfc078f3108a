import type { ChildProcess } from 'node:child_process'
import { mkdir, mkdtemp } from 'node:fs/promises'
import { Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { MongoMemoryReplSet } from 'mongodb-memory-server'
import { withVariable } from './environment.ts'
import { type Keeper, keep } from './keeper.ts'
import { sayIfItCrashes } from './last-words.ts'
import { findMongod, type Mongod, memoryServer, SYSTEM_BINARY } from './mongod.ts'
import { membersReady } from './ready.ts'

export interface StartServerOptions {
  /** Members of the replica set. Default 1. */
  members?: 1 | 3
  /** More arguments for every mongod. */
  args?: string[]
  /** `--setParameter enableTestCommands=1`, which fail points need. Default true. */
  enableTestCommands?: boolean
  /** After how long without a sign of the primary the others elect another one. Default 5000. */
  electionTimeoutMs?: number
  /** Starts a server even if `MONGODB_URI` names one. Default: true with three members, else false. */
  own?: boolean
}

export interface TestServerMember {
  pid: number
  port: number
  /** Where its data is. */
  directory: string
}

export interface TestServer {
  /** Names every member and the replica set, but no database. */
  uri: string
  /** Empty for the server of `MONGODB_URI`. */
  members: TestServerMember[]
  /** Kills the members and removes their data. Does nothing to the server of `MONGODB_URI`. */
  stop(): Promise<void>
}

const STARTS = 2
/** A new set waits for an election's time limit, and then for heartbeats: with the defaults that is 6 s. */
const FIRST_SETTINGS = { heartbeatIntervalMillis: 200, electionTimeoutMillis: 1000 }
const isWindows = process.platform === 'win32'

/**
 * A replica set for tests, on free ports of 127.0.0.1, with data in a directory of its own. When it resolves,
 * there is a primary that takes writes, and with three members two secondaries.
 *
 * The server ends with this process at the latest, whichever way that ends, and doesn't keep it alive.
 *
 * @throws Error if no mongod can be found; it lists every way to provide one
 */
export async function startServer(options: StartServerOptions = {}): Promise<TestServer> {
  const uri = process.env.MONGODB_URI
  if (uri && !(options.own ?? options.members === 3)) return { uri, members: [], stop: async () => {} }
  await memoryServer()
  const mongod = await findMongod()
  for (let attempt = 1; ; attempt++) {
    try {
      return await launch(mongod, options)
    } catch (error) {
      // Between the search for a free port and mongod's use of it, another process can take it.
      if (attempt === STARTS) throw new Error(notStarted(mongod), { cause: error })
    }
  }
}

const notStarted = ({ path, version }: Mongod): string =>
  `MongoDB ${version} did not start (${path}). With MONGOMS_DEBUG=1 everything that it says is shown.`

async function launch(mongod: Mongod, options: StartServerOptions): Promise<TestServer> {
  const root = await mkdtemp(join(tmpdir(), 'dialogue-store-'))
  const keeper = keep([root])
  const replicaSet = await createReplicaSet(mongod, root, options)
  const stop = once(() => stopAll(replicaSet, keeper))
  try {
    await withVariable(SYSTEM_BINARY, mongod.path, () => replicaSet.start())
    letParentExit(replicaSet)
    for (const { mongod } of runningOf(replicaSet)) sayIfItCrashes(mongod)
    const uri = replicaSet.getUri()
    const { members: count = 1, electionTimeoutMs = 5000 } = options
    await membersReady(uri, { count, electionTimeoutMs })
    return { uri, members: membersOf(replicaSet), stop }
  } catch (error) {
    await stop()
    throw error
  }
}

async function createReplicaSet(mongod: Mongod, root: string, options: StartServerOptions) {
  const { MongoMemoryReplSet } = await memoryServer()
  const names = Array.from({ length: options.members ?? 1 }, (_, index) => `member${index}`)
  for (const name of names) await mkdir(join(root, name))
  return new MongoMemoryReplSet({
    binary: { systemBinary: mongod.path, version: mongod.version },
    instanceOpts: names.map((name) => ({
      dbPath: join(root, name),
      args: pidFileArgs(root, name),
      launchTimeout: 60_000,
    })),
    replSet: {
      name: 'rs0',
      count: names.length,
      ip: '127.0.0.1',
      storageEngine: 'wiredTiger',
      args: argsOf(options),
      configSettings: FIRST_SETTINGS,
      // Out of the terminal's foreground group: a Ctrl-C is the application's to handle, and when it leaves,
      // the keeper ends mongod.
      spawn: { detached: !isWindows, windowsHide: true },
    },
  })
}

/** By these files the keeper finds mongods, from the moment they run. */
export const pidFileArgs = (root: string, name: string): string[] =>
  isWindows ? [] : ['--pidfilepath', join(root, `${name}.pid`)]

export function argsOf({ members = 1, args = [], enableTestCommands = true }: StartServerOptions): string[] {
  return [
    '--quiet',
    // zlib, the third of the default, has a memory-read bug in 6.0.5.
    ...['--networkMessageCompressors', 'snappy,zstd'],
    // A killed mongod leaves its socket in the system's temporary directory.
    ...(isWindows ? [] : ['--nounixsocket']),
    // Five minutes by default, for which dropped databases keep their 50 files each open: a few hundred tests, and
    // mongod, out of file descriptors, aborts. Not none at all: a transaction begins with a snapshot just past.
    ...['--setParameter', 'minSnapshotHistoryWindowInSeconds=10'],
    ...(members > 1 ? ['--wiredTigerCacheSizeGB', '0.25'] : []),
    ...(enableTestCommands ? ['--setParameter', 'enableTestCommands=1'] : []),
    ...args,
  ]
}

interface Running {
  mongod: ChildProcess
  killer: ChildProcess | undefined
  port: number
  directory: string
}

const runningOf = (replicaSet: MongoMemoryReplSet): Running[] =>
  replicaSet.servers.flatMap(({ instanceInfo: info }) =>
    info?.instance.mongodProcess
      ? [
          {
            mongod: info.instance.mongodProcess,
            killer: info.instance.killerProcess,
            port: info.port,
            directory: info.dbPath,
          },
        ]
      : [],
  )

const membersOf = (replicaSet: MongoMemoryReplSet): TestServerMember[] =>
  runningOf(replicaSet).flatMap(({ mongod, port, directory }) =>
    mongod.pid === undefined ? [] : [{ pid: mongod.pid, port, directory }],
  )

/** mongodb-memory-server lets go of its processes, but not of the pipes to them. */
function letParentExit(replicaSet: MongoMemoryReplSet): void {
  for (const { mongod, killer } of runningOf(replicaSet)) {
    for (const pipe of [mongod.stdout, mongod.stderr]) if (pipe instanceof Socket) pipe.unref()
    killer?.channel?.unref()
  }
}

/**
 * The keeper kills the mongods, which takes milliseconds (a shutdown takes a second a member, for data that
 * nobody wants). Then mongodb-memory-server ends its own helpers, and what the keeper didn't.
 */
async function stopAll(replicaSet: MongoMemoryReplSet, keeper: Keeper): Promise<void> {
  const exits = runningOf(replicaSet).map(({ mongod }) => exited(mongod))
  await keeper.release()
  await Promise.race([Promise.all(exits), pause(5000)])
  await replicaSet.stop({ doCleanup: false, force: false })
}

const exited = (child: ChildProcess): Promise<void> =>
  new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) return resolve()
    child.once('exit', () => resolve())
    child.ref()
  })

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms).unref())

function once(work: () => Promise<void>): () => Promise<void> {
  let done: Promise<void> | undefined
  return () => {
    done ??= work()
    return done
  }
}
