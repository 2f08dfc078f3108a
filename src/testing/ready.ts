import { setTimeout as pause } from 'node:timers/promises'
import mongoose from 'mongoose'

const WAIT_MS = 60_000
const POLL_MS = 50
/** States of `replSetGetStatus`. */
const PRIMARY = 1
const SECONDARY = 2

interface Wanted {
  /** Of members. */
  count: number
  electionTimeoutMs: number
}

/**
 * Waits until a replica set has a primary and all other members are secondaries, and sets its time limit for
 * elections.
 *
 * @throws Error after a minute
 */
export async function membersReady(uri: string, { count, electionTimeoutMs }: Wanted): Promise<void> {
  const client = new mongoose.mongo.MongoClient(uri, { serverSelectionTimeoutMS: WAIT_MS })
  const admin = client.db('admin')
  try {
    await allInPlace(admin, count)
    if (count > 1) await setElectionTimeout(admin, electionTimeoutMs)
  } finally {
    await client.close()
  }
}

async function setElectionTimeout(admin: mongoose.mongo.Db, electionTimeoutMillis: number): Promise<void> {
  const { config } = await admin.command({ replSetGetConfig: 1 })
  await admin.command({
    replSetReconfig: {
      ...config,
      version: config.version + 1,
      settings: { ...config.settings, electionTimeoutMillis },
    },
  })
}

async function allInPlace(admin: mongoose.mongo.Db, count: number): Promise<void> {
  const deadline = Date.now() + WAIT_MS
  for (;;) {
    const { members } = await admin.command({ replSetGetStatus: 1 })
    const states: number[] = members.map(({ state }: { state: number }) => state)
    const secondaries = states.filter((state) => state === SECONDARY).length
    if (states.includes(PRIMARY) && secondaries === count - 1) return
    if (Date.now() > deadline) throw new Error(`The replica set isn't ready after ${WAIT_MS} ms: ${states}`)
    await pause(POLL_MS)
  }
}
