import { dirname } from 'node:path'
import mongoose from 'mongoose'
import { startServer } from '../../../../src/testing/index.ts'
import { membersReady } from '../../../../src/testing/ready.ts'
import { killMember, restartMember } from '../../rig/member.ts'

export type Rig = Awaited<ReturnType<typeof startRig>>

const OPTIONS = {
  own: true,
  args: [
    ...['--wiredTigerCacheSizeGB', '0.25'],
    /* Those of the dead hold their users no longer than that. */
    ...['--setParameter', 'transactionLifetimeLimitSeconds=3'],
  ],
}
const READY = { count: 1, electionTimeoutMs: 0 }

/**
 * A replica set of one member, that can be killed and comes back on the same port with the same data. All of it, and
 * what else is kept in its folder, ends with this process.
 */
export async function startRig() {
  const server = await startServer(OPTIONS)
  const { uri, members } = server
  const [first] = members
  if (!first) throw new Error('The server has no member')
  const { port, directory } = first
  let member = first
  let isOver = false

  async function restart(): Promise<void> {
    await killMember(member)
    if (isOver) return
    member = await restartMember(member, OPTIONS)
    await membersReady(uri, READY)
  }

  /** What is written from now on is in the server's memory only, and its writers are not told of it. */
  async function holdJournal(): Promise<void> {
    const client = new mongoose.mongo.MongoClient(`mongodb://127.0.0.1:${port}/?directConnection=true`)
    try {
      const failPoint = { configureFailPoint: 'pauseJournalFlusherBeforeFlush', mode: 'alwaysOn' }
      await client.db('admin').command(failPoint)
    } finally {
      await client.close()
    }
  }

  return {
    uri,
    /** For files, and for programs that the keeper shall end. */
    folder: dirname(directory),
    /** Kills the server, and starts it again. Resolves when it takes writes. */
    restart,
    holdJournal,
    /** SIGSTOP, SIGCONT. */
    signal: (signal: NodeJS.Signals) => void process.kill(member.pid, signal),
    stop(): Promise<void> {
      isOver = true
      return server.stop()
    },
  }
}
