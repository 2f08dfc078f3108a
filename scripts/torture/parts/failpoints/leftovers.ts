import { setTimeout as pause } from 'node:timers/promises'
import mongoose from 'mongoose'
import { check } from '../../../../src/check/check.ts'
import { createDatabase } from '../../../../src/db/database.ts'
import type { Ground } from './ground.ts'

const POLL_MS = 100
/** The server ends transactions of the dead after five seconds, and looks for them every second or two. */
const LONGEST_MS = 15_000

/** What is still there when everybody has been told, and should have gone by itself. */
export async function leftOn(ground: Ground, uri: string): Promise<string[]> {
  const end = performance.now() + LONGEST_MS
  let left = await openOn(ground)
  while (left.length > 0 && performance.now() < end) {
    await pause(POLL_MS)
    left = await openOn(ground)
  }
  return [...left, ...(await findingsOf(ground, uri))]
}

async function openOn({ db, client }: Ground): Promise<string[]> {
  const { transactions, metrics } = await db.admin().command({ serverStatus: 1 })
  const counts = {
    'transactions open on the server': transactions.currentOpen,
    'cursors open on the server': Number(metrics.cursor.open.total),
    'sessions that nobody ended': sessionsOf(client),
  }
  return Object.entries(counts).flatMap(([what, count]) => (count > 0 ? [`${count} ${what}`] : []))
}

/** The driver's own list, which its types leave out. */
function sessionsOf(client: mongoose.mongo.MongoClient): number {
  const { activeSessions }: { activeSessions?: unknown } = Reflect.get(client, 's') ?? {}
  if (!(activeSessions instanceof Set)) throw new Error('The driver keeps no list of sessions any more.')
  return activeSessions.size
}

/** What `npm run check` finds: orphans, entries that nobody settles, claims of nobody. */
async function findingsOf({ db }: Ground, uri: string): Promise<string[]> {
  const connection = await mongoose.createConnection(uri, { dbName: db.databaseName }).asPromise()
  try {
    const findings: string[] = []
    for await (const finding of check({ database: createDatabase(connection, 'dialogue_', 30_000) }))
      findings.push(JSON.stringify(finding))
    return findings
  } finally {
    await connection.close()
  }
}
