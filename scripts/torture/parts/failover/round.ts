import { setTimeout as pause } from 'node:timers/promises'
import mongoose from 'mongoose'
import { openStore, type Retention } from '../../../../src/index.ts'
import { createClosers, type Defer } from '../../../lib/run.ts'
import type { Attempt } from '../../part.ts'
import { createCallers, type World } from './callers/index.ts'
import type { createDelays } from './delays.ts'
import type { Fault } from './faults.ts'
import { startFollower } from './followers.ts'
import { described, type Load, startLoad } from './load.ts'
import { createSabotage, type Sabotage } from './plants.ts'
import type { Prober } from './prober.ts'
import type { ReplicaSet } from './set.ts'

/** Where it happens. */
export interface Stage {
  set: ReplicaSet
  prober: Prober
  /** How long a write may take beyond what the set itself needs. */
  mostMs: number
}

interface Needs extends Stage, Pick<Attempt, 'random' | 'plant' | 'tally'> {
  dbName: string
  faults: Fault[]
  delays: ReturnType<typeof createDelays>
}

const CALLS = 'calls during these, each without an error'
const WRITES = 'acknowledged writes, each there once'
const FOLLOWED = 'followed messages, each given once'

/** Longer than the outages of a set that keeps the server's own pace, on a busy machine. All else as by default. */
const TIMEOUT_MS = 60_000
const RETENTIONS: readonly Retention[] = [{ kind: 'capped', sizeBytes: 256 * 2 ** 20 }, { kind: 'rolling' }]
const AFTERWARDS_MS = 300
const MAJORITY = { readConcernLevel: 'majority', w: 'majority' } as const

/** Faults while callers are at work on a new database; then everything is looked at. */
export async function runRound(needs: Needs): Promise<void> {
  const { defer, close } = createClosers()
  try {
    await runIn(needs, defer)
  } finally {
    await close()
  }
}

async function runIn(needs: Needs, defer: Defer): Promise<void> {
  const { set, tally, faults } = needs
  const { world, sabotage } = await openWorld(needs, defer)
  const callers = await createCallers(world)
  const onError = (detail: string) => tally.lost(CALLS, detail)
  const followers = await startFollowers(world, (error) => onError(`followMessages: ${described(error)}`))
  for (const follower of followers) defer(follower.stop)
  const load = startLoad(callers, {
    onCall: () => tally.tried(CALLS),
    onError,
    onSurprise: (detail) => tally.lost(WRITES, detail),
  })
  defer(load.stop)
  await load.answered()
  for (const fault of faults) await suffer(fault, needs, load, sabotage)
  await load.stop()
  await set.whole()
  await sabotage.behindTheBack(world.db)

  tally.tried(
    WRITES,
    callers.reduce((sum, caller) => sum + caller.acknowledged(), 0),
  )
  for (const detail of (await Promise.all(callers.map((caller) => caller.check()))).flat())
    tally.lost(WRITES, detail)
  const messageIds = callers.flatMap((caller) => caller.messageIds())
  tally.tried(FOLLOWED, followers.length * messageIds.length)
  for (const detail of (await Promise.all(followers.map((one) => one.end(messageIds)))).flat())
    tally.lost(FOLLOWED, detail)
}

async function openWorld({ set, random, plant, dbName, mostMs }: Needs, defer: Defer) {
  const client = await new mongoose.mongo.MongoClient(set.uri, MAJORITY).connect()
  defer(() => client.close())
  const db = client.db(dbName)
  defer(() => db.dropDatabase())
  const retention = random.pick(RETENTIONS)
  const store = await openStore({ uri: set.uri, dbName, retention, timeoutMs: TIMEOUT_MS })
  defer(store.close)
  const sabotage = createSabotage(store, plant, mostMs)
  return { world: { store: sabotage.store, db, random }, sabotage }
}

/** Two, from before the first message: one stays, one comes and goes. */
async function startFollowers({ store, random }: World, onError: (error: unknown) => void) {
  const { id } = await store.createUser({ name: 'Is followed' })
  const { live: after } = await store.retrieveHistory(id)
  return [startFollower(store, { after, onError }), startFollower(store, { after, leaves: random, onError })]
}

async function suffer(
  fault: Fault,
  { set, prober, random, delays }: Needs,
  load: Load,
  sabotage: Sabotage,
): Promise<void> {
  const from = performance.now()
  prober.forget(from)
  let back = from
  const recovered = async () => {
    const next = prober.nextWrite()
    sabotage.onFault(next)
    back = await next
    await load.answered()
    await pause(AFTERWARDS_MS)
  }
  const writes = await load.writesDuring(async () => {
    await fault.commit({ set, random, recovered })
    await set.whole()
    await load.answered()
  })
  delays.judge({ name: fault.name, from, back, to: performance.now(), writes })
}
