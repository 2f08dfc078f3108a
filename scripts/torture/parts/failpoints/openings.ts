import { setTimeout as pause } from 'node:timers/promises'
import type mongoose from 'mongoose'
import { parseOptions } from '../../../../src/config.ts'
import { connect } from '../../../../src/connect.ts'
import { createDatabase } from '../../../../src/db/database.ts'
import { toStoreError } from '../../../../src/db/failure.ts'
import { ObjectId } from '../../../../src/ids.ts'
import { type DialogueStore, openStore, type Retention } from '../../../../src/index.ts'
import { convertRetention } from '../../../../src/migrations/convert/convert.ts'
import type { Course } from './course.ts'
import { HASTY_MS } from './failures.ts'
import { OWN } from './ground.ts'
import { leaveOwed } from './scene.ts'
import { shapeOf } from './state.ts'

/** Opening a store, and what is done with a database as a whole. */
interface Opening {
  /** What is there before. */
  prepare?(where: Place): Promise<void>
  call(where: Place): Promise<unknown>
  /** What it does, whoever opens the database does too. */
  isOwed?: true
}

interface Place {
  uri: string
  dbName: string
  db: mongoose.mongo.Db
  timeoutMs: number
}

const MIB = 2 ** 20
const CAPPED: Retention = { kind: 'capped', sizeBytes: MIB }
const ROLLING: Retention = { kind: 'rolling' }
const TIMEOUT_MS = 10_000
const POLL_MS = 20

const OPENINGS: Record<string, Opening> = {
  'openStore, of a new database': { call: opened(CAPPED) },
  'openStore, of a migrated database': { prepare: filled(CAPPED), call: opened() },
  'openStore, of a database half migrated': { prepare: halfMigrated, call: opened() },
  'openStore, with another cap': {
    prepare: filled(CAPPED),
    call: opened({ kind: 'capped', sizeBytes: 2 * MIB, maxMessages: 1000 }),
  },
  'openStore, with lower limits': {
    prepare: filled(ROLLING),
    call: opened({ kind: 'rolling', maxPerUser: 2, maxAgeMs: 86_400_000 }),
  },
  'openStore, with other limits': {
    prepare: filled({ kind: 'rolling', maxPerUser: 2, maxAgeMs: 86_400_000 }),
    call: opened({ kind: 'rolling', maxPerUser: 3, maxAgeMs: 3_600_000 }),
  },
  'openStore, where others left work': { prepare: leftAlone, call: opened(), isOwed: true },
  'close, with writes under way': { prepare: filled(CAPPED), call: closed },
  'convert-retention, to rolling': { prepare: filled(CAPPED), call: converted(ROLLING) },
  'convert-retention, to capped': { prepare: filled(ROLLING), call: converted(CAPPED) },
}

/** @param where the database that they take turns with; on the line, and beside it */
export const openings = (where: Place, lineUri: string): Course[] =>
  Object.entries(OPENINGS).map(([name, opening]) => {
    const { db } = where
    const work = (uri: string, timeoutMs: number) => opening.call({ ...where, uri, timeoutMs })
    return {
      name,
      appName: OWN,
      db,
      longestMs: 3 * TIMEOUT_MS,
      inSteps: true,
      isOwed: opening.isOwed ?? false,
      goesOn: true,
      async prepare() {
        await db.dropDatabase()
        await opening.prepare?.(where)
      },
      call: (isHasty) => work(lineUri, isHasty ? HASTY_MS : TIMEOUT_MS),
      repeat: () => work(where.uri, where.timeoutMs),
      async state() {
        if (opening.isOwed) await withStore(where, undefined, () => nothingOwed(db))
        return shapeOf(db)
      },
      hurry: async () => {},
    }
  })

async function withStore<T>(
  { uri, dbName, timeoutMs }: Place,
  retention: Retention | undefined,
  work: (store: DialogueStore) => Promise<T>,
): Promise<T> {
  const store = await openStore({ uri, dbName, timeoutMs, ...(retention && { retention }) })
  try {
    return await work(store)
  } finally {
    await store.close()
  }
}

/** Opens it, and closes it. */
function opened(retention?: Retention) {
  return (where: Place) => withStore(where, retention, async () => 'opened')
}

/** Two users with messages of theirs. */
function filled(retention: Retention) {
  return (where: Place) =>
    withStore(where, retention, async (store) => {
      for (const name of ['Ana', 'Bia']) {
        const { id: userId } = await store.createUser({ name })
        const said = ['a', 'b', 'c', 'd'].map((content) => ({ userId, sender: 'user', content }))
        await store.storeMessages(said)
      }
    })
}

/** By a process that died in the middle. */
async function halfMigrated(where: Place): Promise<void> {
  await filled(CAPPED)(where)
  const { db } = where
  await db.collection('dialogue_events').drop()
  await db.collection('dialogue_contexts').dropIndexes()
  await db.collection('dialogue_meta').updateMany({ state: 'applied' }, { $set: { state: 'running' } })
}

/** A turn that nobody settled, and an erasure that nobody ended. */
async function leftAlone(where: Place): Promise<void> {
  await filled(CAPPED)(where)
  const { db } = where
  const [ana, bia] = await db.collection('dialogue_users').find().sort({ _id: 1 }).toArray()
  if (!ana || !bia) throw new Error('nobody is there')
  await leaveOwed(undefined, { db, userId: String(ana._id) })
  const tombstone = {
    erasedAt: new Date(),
    receipt: { messages: 0, contexts: 0, events: 0 },
    erasing: { step: 0, messages: [], events: [] },
  }
  await db.collection('dialogue_users').replaceOne({ _id: bia._id }, tombstone)
  await db.collection('dialogue_contexts').deleteOne({ userId: bia._id })
}

/** An open store does what was left in the background. */
async function nothingOwed(db: mongoose.mongo.Db): Promise<void> {
  const end = performance.now() + TIMEOUT_MS
  while (performance.now() < end) {
    const erasing = await db
      .collection('dialogue_users')
      .countDocuments({ 'erasing.step': { $exists: true } })
    const owed = await db.collection('dialogue_journal').countDocuments({ settled: { $exists: false } })
    if (erasing + owed === 0) return
    await pause(POLL_MS)
  }
}

/** What was accepted is stored, whoever closes. */
async function closed(where: Place): Promise<string> {
  const store = await openStore({ uri: where.uri, dbName: where.dbName, timeoutMs: where.timeoutMs })
  const user = await where.db.collection('dialogue_users').findOne({ name: 'Ana' })
  const userId = new ObjectId(String(user?._id))
  const accepted = store.storeMessage({ userId, sender: 'user', content: 'bye', externalId: 'bye' })
  const turn = store.withTransaction((tx) => tx.mergeContext(userId, { over: true }))
  await Promise.allSettled([accepted, turn, store.close()])
  await turn
  await accepted
  return 'closed'
}

const REPORT = { waiting() {}, copying() {}, copied() {}, swapping() {} }

/** As the command line does it. */
function converted(wanted: Retention) {
  return async ({ uri, dbName, timeoutMs }: Place) => {
    const { connection, release } = await connect(parseOptions({ uri, dbName, timeoutMs }))
    try {
      const database = createDatabase(connection, 'dialogue_', timeoutMs)
      const { from, to, messages } = await convertRetention({ database, wanted, report: REPORT })
      return { from, to, messages }
    } catch (error) {
      throw toStoreError(error)
    } finally {
      await release()
    }
  }
}
