import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { type AddressInfo, connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import mongoose from 'mongoose'
import { keep } from '../../../../src/testing/keeper.ts'
import { findMongod } from '../../../../src/testing/mongod.ts'
import { membersReady } from '../../../../src/testing/ready.ts'

export type Rig = Awaited<ReturnType<typeof startRig>>

const SET = 'rs0'
const READY = { count: 1, electionTimeoutMs: 0 }
/** Transactions of the dead hold their users no longer than that. */
const TRANSACTION_SECONDS = 3
const POLL_MS = 20

/**
 * A replica set of one member, that can be killed and comes back on the same port with the same data. All of it, and
 * what else is kept in its folder, ends with this process.
 */
export async function startRig() {
  const { path } = await findMongod()
  const folder = await mkdtemp(join(tmpdir(), 'dialogue-store-'))
  const keeper = keep([folder])
  const port = await freePort()
  const uri = `mongodb://127.0.0.1:${port}/?replicaSet=${SET}`
  const data = join(folder, 'member')
  await mkdir(data)
  let mongod = await launch(path, port, folder, data)
  let isOver = false

  async function restart(): Promise<void> {
    const ended = once(mongod, 'exit')
    mongod.kill('SIGKILL')
    await ended
    if (isOver) return
    mongod = await launch(path, port, folder, data)
    await membersReady(uri, READY)
  }

  /** What is written from now on is in the server's memory only, and its writers are not told of it. */
  async function holdJournal(): Promise<void> {
    await admin(port, { configureFailPoint: 'pauseJournalFlusherBeforeFlush', mode: 'alwaysOn' })
  }

  async function stop(): Promise<void> {
    isOver = true
    await keeper.release()
  }

  try {
    const members = [{ _id: 0, host: `127.0.0.1:${port}` }]
    await admin(port, { replSetInitiate: { _id: SET, members } })
    await membersReady(uri, READY)
  } catch (error) {
    await stop()
    throw error
  }
  return {
    uri,
    /** For files, and for programs that the keeper shall end. */
    folder,
    /** Kills the server, and starts it again. Resolves when it takes writes. */
    restart,
    holdJournal,
    /** SIGSTOP, SIGCONT. */
    signal: (signal: NodeJS.Signals) => void mongod.kill(signal),
    stop,
  }
}

/** Out of the terminal's foreground group: after a Ctrl-C it is the keeper who ends it. */
async function launch(path: string, port: number, folder: string, data: string): Promise<ChildProcess> {
  const log = join(folder, 'member.log')
  await rm(log, { force: true })
  const args = [
    ...['--port', String(port), '--bind_ip', '127.0.0.1', '--replSet', SET, '--dbpath', data],
    ...['--pidfilepath', join(folder, 'member.pid'), '--logpath', log, '--quiet', '--nounixsocket'],
    ...['--networkMessageCompressors', 'snappy,zstd', '--wiredTigerCacheSizeGB', '0.25'],
    ...['--setParameter', 'enableTestCommands=1'],
    ...['--setParameter', `transactionLifetimeLimitSeconds=${TRANSACTION_SECONDS}`],
  ]
  const mongod = spawn(path, args, { detached: true, stdio: 'ignore' })
  await once(mongod, 'spawn')
  mongod.unref()
  while (!(await isListening(port))) {
    if (mongod.exitCode !== null || mongod.signalCode !== null)
      throw new Error(`mongod ended before it listened: ${mongod.exitCode ?? mongod.signalCode}`)
    await pause(POLL_MS)
  }
  return mongod
}

async function admin(port: number, command: object): Promise<void> {
  const client = new mongoose.mongo.MongoClient(`mongodb://127.0.0.1:${port}/?directConnection=true`)
  try {
    await client.db('admin').command(command)
  } finally {
    await client.close()
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

function isListening(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1')
  return new Promise<boolean>((resolve) => {
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
  }).finally(() => socket.destroy())
}
