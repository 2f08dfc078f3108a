import { setTimeout as pause } from 'node:timers/promises'
import mongoose from 'mongoose'

const WAIT_MS = 60_000
const POLL_MS = 50
/** States of `replSetGetStatus`. */
const PRIMARY = 1
const SECONDARY = 2

/**
 * Waits until a replica set has a primary and all other members are secondaries.
 *
 * @throws Error after a minute
 */
export async function membersReady(uri: string, count: number): Promise<void> {
  const client = new mongoose.mongo.MongoClient(uri, { serverSelectionTimeoutMS: WAIT_MS })
  try {
    const deadline = Date.now() + WAIT_MS
    for (;;) {
      const states = await statesOf(client)
      const secondaries = states.filter((state) => state === SECONDARY).length
      if (states.includes(PRIMARY) && secondaries === count - 1) return
      if (Date.now() > deadline)
        throw new Error(`The replica set is not ready after ${WAIT_MS} ms: states ${states}`)
      await pause(POLL_MS)
    }
  } finally {
    await client.close()
  }
}

async function statesOf(client: mongoose.mongo.MongoClient): Promise<number[]> {
  const status = await client.db('admin').command({ replSetGetStatus: 1 })
  const members: { state: number }[] = status.members
  return members.map(({ state }) => state)
}
