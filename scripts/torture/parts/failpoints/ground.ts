import { setTimeout as pause } from 'node:timers/promises'
import mongoose from 'mongoose'
import { type DialogueStore, openStore, type Retention } from '../../../../src/index.ts'
import { MODELS } from '../../../../src/migrations/baseline.ts'
import type { CalendarServer } from '../../../calendar-server/index.ts'
import type { Defer } from '../../../lib/run.ts'
import { HASTY_MS } from './failures.ts'
import type { Line } from './line.ts'

/** By these the server tells the commands of the store under test from those of others. */
export const TRIED = 'failpoints'
const BESIDE = 'beside'
/** Of a store that opens its own connection. */
export const OWN = 'dialogue-store'

/** Much longer than any failure lasts. */
export const PATIENT_MS = 8000
/** As the store opens its own. */
const OPTIONS = { heartbeatFrequencyMS: 500, connectTimeoutMS: 1000, socketTimeoutMS: 30_000 }

/** A database, and the stores on it. */
export interface Ground {
  name: string
  db: mongoose.mongo.Db
  /** On the line, with time enough, and without. */
  patient: DialogueStore
  hasty: DialogueStore
  /** Beside it, as another process would have it. */
  other: DialogueStore
  client: mongoose.mongo.MongoClient
  /** Stands in for Google. */
  calendars: CalendarServer
}

interface Needs {
  /** Of the server itself. */
  uri: string
  line: Line
  admin: mongoose.mongo.MongoClient
  calendars: CalendarServer
  defer: Defer
}

export async function openGround(
  { uri, line, admin, calendars, defer }: Needs,
  dbName: string,
  retention: Retention,
): Promise<Ground> {
  const connect = async (to: string, appName: string) => {
    const connection = await mongoose.createConnection(to, { ...OPTIONS, dbName, appName }).asPromise()
    defer(() => connection.close())
    return connection
  }
  const open = async (connection: mongoose.Connection, timeoutMs: number) => {
    const store = await openStore({ connection, retention, timeoutMs })
    defer(() => store.close())
    return store
  }
  const other = await open(await connect(uri, BESIDE), 30_000)
  const tried = await connect(line.uri, TRIED)
  return {
    name: retention.kind,
    db: admin.db(dbName),
    other,
    patient: await open(tried, PATIENT_MS),
    hasty: await open(tried, HASTY_MS),
    client: tried.getClient(),
    calendars,
  }
}

/** Removes all that is stored, so that what is there afterwards is of the next. */
export async function clear(db: mongoose.mongo.Db): Promise<void> {
  const fast = { writeConcern: { w: 1 } }
  await Promise.all([
    ...MODELS.map(({ collection }) => db.collection(`dialogue_${collection}`).deleteMany({}, fast)),
    /* Whether each creator has a calendar of their own. */
    db.collection<{ _id: string }>('dialogue_meta').deleteOne({ _id: 'calendar' }, fast),
  ])
}

const QUIET_MS = 10_000
const POLL_MS = 10

/** Waits until the server does nothing any more for the stores under test: what was given up may still arrive. */
export async function quiet(admin: mongoose.mongo.MongoClient): Promise<void> {
  const end = performance.now() + QUIET_MS
  while (performance.now() < end) {
    const busy = await admin
      .db('admin')
      .aggregate([
        { $currentOp: { allUsers: true } },
        {
          $match: {
            active: true,
            appName: { $in: [TRIED, OWN] },
            op: { $ne: 'getmore' },
            'command.hello': { $exists: false },
          },
        },
        { $limit: 1 },
      ])
      .toArray()
    if (busy.length === 0) return
    await pause(POLL_MS)
  }
}

/** The server ends those whose client has forgotten them, after some seconds. */
export async function transactionsEnded(db: mongoose.mongo.Db): Promise<void> {
  const end = performance.now() + QUIET_MS
  while (performance.now() < end) {
    const { transactions } = await db.admin().command({ serverStatus: 1 })
    if (transactions.currentOpen === 0) return
    await pause(POLL_MS)
  }
}

/** Readers do what transactions have left to do: of everybody. */
export async function settleAll({ db, other }: Pick<Ground, 'db' | 'other'>): Promise<void> {
  const owed = await db.collection('dialogue_journal').distinct('userId', { settled: { $exists: false } })
  for (const userId of owed) await other.retrieveHistory(userId).catch(() => {})
}

/** Nobody is at work any more: who waits for others to be done, or for what they hold, need not. */
export async function hurry(db: mongoose.mongo.Db): Promise<void> {
  const free = { $unset: { owner: 1, until: 1, opening: 1 } }
  await Promise.all([
    db.collection('dialogue_journal').updateMany({ settled: true }, { $set: { until: new Date() } }),
    db.collection('dialogue_events').updateMany({}, { $unset: { 'calendarSync.until': 1 } }),
    db.collection('dialogue_calendar_removals').updateMany({}, free),
    db.collection('dialogue_calendar_feeds').updateMany({}, free),
  ])
}
