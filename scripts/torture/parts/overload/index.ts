import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import mongoose from 'mongoose'
import type { Retention } from '../../../../src/index.ts'
import { keep } from '../../../../src/testing/keeper.ts'
import { startServer, type TestServer } from '../../../../src/testing/server.ts'
import { bundleProgram } from '../../bundle.ts'
import type { Attempt, Part } from '../../part.ts'
import { freeze } from '../../rig/freeze.ts'
import { checkBounds, checkOutcomes, checkRecovery, measurePace } from './check.ts'
import { type Bot, startBot } from './employer.ts'
import { MESSAGE_BYTES } from './jobs.ts'

const BOT = fileURLToPath(new URL('./bot.ts', import.meta.url))
const MAX_QUEUED_BYTES = 4 * 2 ** 20
/** What the server can take, times so many. */
const EXCESS = 10
const FLOOD_SECONDS = 1.5
/** How much longer each insert of messages takes. */
const SLOW_MS = 500
/** A few times what may wait. */
const FILLING = (3 * MAX_QUEUED_BYTES) / MESSAGE_BYTES

export const overload: Part = {
  name: 'overload',
  about: 'ten times what the server can take: back-pressure, bounded memory, all that is accepted, recovery',
  minutes: 1,
  plants: {
    unbounded: 'callers keep what the store refuses, without bound',
    'lost-accepted': "deletes an accepted message behind the store's back",
  },
  async run(attempt) {
    const server = await startServer({ own: true })
    attempt.defer(server.stop)
    const client = await mongoose.mongo.MongoClient.connect(server.uri)
    attempt.defer(() => client.close())
    const folder = await mkdtemp(join(tmpdir(), 'dialogue-store-'))
    attempt.defer(keep([folder]).release)
    const program = bundleProgram(BOT, folder)
    for (let round = 0; round === 0 || !attempt.over.aborted; round++)
      await playRound(attempt, {
        server,
        program,
        db: client.db(`overload-${round}`),
        retention: retentionOf(round),
      })
  },
}

interface Scene {
  server: TestServer
  /** The file of the bot. */
  program: string
  db: mongoose.mongo.Db
  retention: Retention
}

const retentionOf = (round: number): Retention =>
  round % 2 === 0 ? { kind: 'capped', sizeBytes: 2 ** 30 } : { kind: 'rolling' }

async function playRound(
  { plant, tally, defer }: Attempt,
  { server, program, db, retention }: Scene,
): Promise<void> {
  const bot = await startBot(program, {
    uri: server.uri,
    dbName: db.databaseName,
    retention,
    maxQueuedBytes: MAX_QUEUED_BYTES,
    keepsRefused: plant === 'unbounded',
  })
  defer(bot.end)
  const calm = await measurePace(bot)
  const before = await bot.ask('sample', {})
  for (const flood of await floods(bot, server, db))
    checkBounds(flood, { maxQueuedBytes: MAX_QUEUED_BYTES, before }, tally)
  await checkRecovery(bot, calm, before, tally)
  const outcomes = await bot.ask('drain', {})
  await bot.end()
  if (plant === 'lost-accepted')
    await db.collection('dialogue_messages').deleteOne({ 'metadata.number': outcomes.stored.at(-1) })
  await checkOutcomes(db, outcomes, tally)
  await db.dropDatabase()
}

/** Ten times what a slow server can take, then the same while it takes nothing at all. */
async function floods(bot: Bot, { members }: TestServer, db: mongoose.mongo.Db) {
  const { capacity, slow, order } = await whileSlow(db, async () => {
    const { perSecond } = await bot.ask('fill', { messages: FILLING })
    const wanted = { perSecond: EXCESS * perSecond, messages: Math.ceil(EXCESS * perSecond * FLOOD_SECONDS) }
    return { capacity: perSecond, slow: await bot.ask('flood', wanted), order: wanted }
  })
  await bot.ask('drain', {})
  const pids = members.map(({ pid }) => pid)
  const frozen = await freeze(pids, () => bot.ask('flood', order))
  await bot.ask('drain', {})
  return [slow, frozen].map((flood) => ({ ...flood, capacity }))
}

async function whileSlow<T>(db: mongoose.mongo.Db, work: () => Promise<T>): Promise<T> {
  const configure = (mode: string, data: object = {}) =>
    db.client.db('admin').command({ configureFailPoint: 'failCommand', mode, data })
  const namespace = `${db.databaseName}.dialogue_messages`
  await configure('alwaysOn', {
    failCommands: ['insert'],
    namespace,
    blockConnection: true,
    blockTimeMS: SLOW_MS,
  })
  try {
    return await work()
  } finally {
    await configure('off')
  }
}
