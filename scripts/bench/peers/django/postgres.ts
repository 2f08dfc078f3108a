import { execFile } from 'node:child_process'
import { constants } from 'node:fs'
import { access, chown, mkdtemp, readdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { promisify } from 'node:util'
import { keep } from '../../../../src/testing/keeper.ts'
import { type Child, lastOf, runChild, startChild } from './child.ts'

const DEBIAN = '/usr/lib/postgresql'
const NEEDED = ['initdb', 'postgres', 'createdb', 'dropdb']
export const USER = 'bench'

export interface Postgres {
  /** Its socket is in it, and its data; it is kept until `stop()`. */
  directory: string
  create(database: string): Promise<void>
  drop(database: string): Promise<void>
  stop(): Promise<void>
}

/**
 * The folder with PostgreSQL's programs: one of PATH, or the newest of Debian's, which are not on it.
 *
 * @throws Error saying what to install
 */
export async function findPostgres(path = process.env.PATH ?? '', debian = DEBIAN): Promise<string> {
  const versions = await readdir(debian).catch(() => [])
  const newestFirst = versions.sort((a, b) => Number(b) - Number(a))
  const places = [...path.split(delimiter), ...newestFirst.map((version) => join(debian, version, 'bin'))]
  for (const place of places.filter(Boolean)) {
    const runs = NEEDED.map((name) => access(join(place, name), constants.X_OK))
    const isComplete = await Promise.all(runs).then(
      () => true,
      () => false,
    )
    if (isComplete) return place
  }
  throw new Error('there is no PostgreSQL (initdb, postgres) here. Debian: apt-get install postgresql')
}

/** Several contestants can be open at once, each with the connections of 40 threads. */
const MAX_CONNECTIONS = 'max_connections=400'

/** A server of its own on the disk of mongod's data, with the settings that initdb writes: nothing else is tuned. */
export async function startPostgres(): Promise<Postgres> {
  const programs = await findPostgres()
  const owner = await findOwner()
  const directory = await mkdtemp(join(tmpdir(), 'dialogue-store-pg-'))
  const keeper = keep([directory])
  if (owner) await chown(directory, owner.uid, owner.gid)
  const data = join(directory, 'data')
  const options = { keptIn: directory, cwd: directory, ...owner }
  const client = (name: string, args: string[]) =>
    runChild(join(programs, name), ['-h', directory, '-U', USER, ...args], options)
  try {
    const how = ['-D', data, '-U', USER, '-A', 'trust', '--no-locale', '-E', 'UTF8']
    await runChild(join(programs, 'initdb'), how, options)
    const where = ['-D', data, '-k', directory, '-c', 'listen_addresses=', '-c', MAX_CONNECTIONS]
    const server = await startChild(join(programs, 'postgres'), where, { ...options, quits: true })
    server.process.stdout?.resume()
    const stop = async () => {
      /* At once, and its shared memory goes with it. */
      server.process.kill('SIGQUIT')
      await server.ended
      await keeper.release()
    }
    await ready(server, () => client('createdb', ['ready'])).catch(async (error) => {
      await stop()
      throw error
    })
    return {
      directory,
      create: (database) => client('createdb', [database]),
      drop: (database) => client('dropdb', ['--force', database]),
      stop,
    }
  } catch (error) {
    await keeper.release()
    throw error
  }
}

const PATIENCE_MS = 30_000
const POLL_MS = 100

/** Until it takes a command, or has ended. */
async function ready(server: Child, attempt: () => Promise<void>): Promise<void> {
  const giveUp = Date.now() + PATIENCE_MS
  let isOver = false
  void server.ended.then(() => {
    isOver = true
  })
  for (;;) {
    try {
      return await attempt()
    } catch (error) {
      if (isOver) throw new Error(`postgres did not start: ${lastOf(server.said())}`)
      if (Date.now() > giveUp) throw error
    }
    await pause(POLL_MS)
  }
}

interface Owner {
  uid: number
  gid: number
}

/** Who runs the server. PostgreSQL refuses root, who lends it to somebody with fewer rights. */
async function findOwner(): Promise<Owner | undefined> {
  if (process.getuid?.() !== 0) return undefined
  for (const name of ['postgres', 'nobody']) {
    const [uid, gid] = await Promise.all(['-u', '-g'].map((which) => idOf(name, which)))
    if (uid && gid) return { uid, gid }
  }
  throw new Error('PostgreSQL does not run as root, and there is neither a user "postgres" nor "nobody"')
}

/** 0 where there is no such user. */
const idOf = (name: string, which: string): Promise<number> =>
  promisify(execFile)('id', [which, name]).then(
    ({ stdout }) => Number(stdout),
    () => 0,
  )
