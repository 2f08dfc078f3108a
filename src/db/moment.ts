import type mongoose from 'mongoose'
import { runCommand, type Terms } from './attempt.ts'
import type { Database } from './database.ts'
import { isExpired, isTransient } from './failure.ts'

type Timestamp = mongoose.mongo.Timestamp

/** Clocks of processes, and of servers, differ by less. */
export const CLOCKS_DIFFER_MS = 120_000

/** By the server's clock, now, or a moment after that field: what stays the same would be no write to conflict with. */
export const laterThan = (field: string) => ({ $max: ['$$NOW', { $add: [field, 1] }] })

/** The driver keeps the cluster time that it has to tell servers; its types leave that out. */
type Gossiping = mongoose.mongo.MongoClient & { topology?: { clusterTime?: { clusterTime: Timestamp } } }

/** The latest cluster time that this process has heard of: what it sends from now on is applied later. */
export const heardBy = ({ topology }: Gossiping): Timestamp | undefined => topology?.clusterTime?.clusterTime

/** Which documents, as the server takes it. */
interface Query {
  find: string
  filter: mongoose.mongo.Document
  projection: mongoose.mongo.Document
}

/**
 * The first of these documents as a majority had it at that moment, or before.
 * @returns null if there was none; undefined where the server does not know any more, as after a restart
 */
export async function readAt(
  { db }: Database,
  moment: Timestamp | undefined,
  query: Query,
  terms: Terms,
): Promise<mongoose.mongo.Document | null | undefined> {
  if (!moment) return undefined
  /* The server may have told of a time at which it has written nothing yet: it would wait for a write. */
  const { lastWrite } = await runCommand(db, { hello: 1 }, terms)
  const majority: Timestamp | undefined = lastWrite?.majorityOpTime?.ts
  const atClusterTime = majority?.lessThan(moment) ? majority : moment
  const once = { limit: 1, singleBatch: true, readConcern: { level: 'snapshot', atClusterTime } }
  try {
    const { cursor } = await runCommand(db, { ...query, ...once }, terms)
    return cursor.firstBatch[0] ?? null
  } catch (error) {
    if (isTransient(error) || isExpired(error)) throw error
    return undefined
  }
}
