import type mongoose from 'mongoose'
import type { Database } from '../../db/database.ts'
import { codeOf } from '../../db/failure.ts'
import { heardBy } from '../../db/moment.ts'
import type { ObjectId } from '../../ids.ts'
import { type MessageDocument, messages } from '../../messages/schema.ts'
import { META } from '../../meta.ts'

/** One change of the messages, or a mark that a conversion made among them. */
export interface Change {
  operationType:
    | 'insert'
    | 'update'
    | 'replace'
    | 'delete'
    | 'rename'
    | 'drop'
    | 'dropDatabase'
    | 'invalidate'
  ns?: { coll?: string }
  documentKey?: { _id: ObjectId }
  clusterTime?: mongoose.mongo.Timestamp
  /** Of the conversion's own document. */
  mark?: ObjectId
  /** Only if it was asked for. */
  fullDocument?: MessageDocument
}

/** Changes in the order in which they happened. */
export interface Follower {
  /** The next ones; none if none come for a moment. */
  next(): Promise<Change[]>
  /** The place after the last change given. */
  token(): mongoose.mongo.ResumeToken
  /**
   * Options of reads that see the changes given, and what was before the beginning. To read what a majority has is not
   * enough: for a moment, a new primary knows less of that than the one before has told.
   */
  readonly upToDate: { session: mongoose.mongo.ClientSession; readConcern: { level: 'majority' } }
  close(): Promise<void>
}

const MOMENT_MS = 50
const LONGEST_ROUND_MS = 200
export const MOST_CHANGES = 1000

/**
 * Follows the changes of the messages from a place, or from now. The stream is the database's: it survives that
 * a collection takes another's place.
 * @param whole changes bring the document as it was after them, as far as the server kept it
 */
export async function follow(
  database: Database,
  token: mongoose.mongo.ResumeToken | undefined,
  whole = false,
): Promise<Follower> {
  const stream = database.db.watch<MessageDocument, Change>(pipelineOf(database, whole), {
    ...(token !== undefined && { resumeAfter: token }),
    ...(whole && { fullDocument: 'whenAvailable' }),
    readConcern: { level: 'majority' },
    maxAwaitTimeMS: MOMENT_MS,
    batchSize: MOST_CHANGES,
  })
  /* Only the server's first answer opens the stream. From now on: what it brings has happened before. */
  const first = await stream.tryNext()
  let ahead = first && token !== undefined ? [first] : []
  let last = token ?? stream.resumeToken
  const session = database.client.startSession({ causalConsistency: true })
  /* Nothing that it does not bring is later. */
  const beginning = heardBy(database.client)
  if (beginning) session.advanceOperationTime(beginning)
  return {
    async next() {
      const changes = ahead
      ahead = []
      const end = performance.now() + LONGEST_ROUND_MS
      while (changes.length < MOST_CHANGES && performance.now() < end) {
        const change = await stream.tryNext()
        if (!change) break
        changes.push(change)
        if (change.mark) break
      }
      for (const { clusterTime } of changes) if (clusterTime) session.advanceOperationTime(clusterTime)
      last = stream.resumeToken
      return changes
    },
    token: () => last,
    upToDate: { session, readConcern: { level: 'majority' } },
    async close() {
      await Promise.all([stream.close(), session.endSession()])
    },
  }
}

function pipelineOf({ nameOf }: Database, whole: boolean): mongoose.mongo.Document[] {
  const live = nameOf(messages.collection)
  const mark = 'updateDescription.updatedFields.mark'
  return [
    {
      $match: {
        $or: [
          { 'ns.coll': live },
          { 'to.coll': live },
          { 'ns.coll': nameOf(META), [mark]: { $exists: true } },
          { operationType: { $in: ['dropDatabase', 'invalidate'] } },
        ],
      },
    },
    {
      $project: {
        operationType: 1,
        ns: 1,
        documentKey: 1,
        clusterTime: 1,
        mark: `$${mark}`,
        ...(whole && { fullDocument: 1 }),
      },
    },
  ]
}

/* Numbers of the server: what was followed is no longer in its log. */
const HISTORY_LOST = new Set([260, 280, 286])

export const isHistoryLost = (error: unknown): boolean => HISTORY_LOST.has(codeOf(error) ?? 0)
