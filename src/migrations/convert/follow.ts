import type mongoose from 'mongoose'
import { attempt } from '../../db/attempt.ts'
import type { Database } from '../../db/database.ts'
import { codeOf } from '../../db/failure.ts'
import { DialogueStoreError } from '../../errors.ts'
import type { ObjectId } from '../../ids.ts'
import { type MessageDocument, messages } from '../../messages/schema.ts'
import { META } from '../../meta.ts'
import { merge, upTo } from './copy.ts'
import type { Job } from './job.ts'

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
      last = stream.resumeToken
      return changes
    },
    token: () => last,
    close: () => stream.close(),
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
        mark: `$${mark}`,
        ...(whole && { fullDocument: 1 }),
      },
    },
  ]
}

const DROPPED = new Set<string>(['rename', 'drop', 'dropDatabase', 'invalidate'])

/**
 * Does to the copy what was done to the messages. What a message is now counts, not what a change says of it,
 * so a change may be applied any number of times. A capped copy takes messages in the order of storing only:
 * those that the copying has still to reach it leaves to it.
 *
 * Evictions and expiries look like deletions and are treated so: the copy holds what the original holds.
 */
export async function applyChanges(job: Job, changes: Change[]): Promise<void> {
  if (changes.some(({ operationType }) => DROPPED.has(operationType))) throw gone()
  const touched = touchedBy(changes)
  if (touched.length === 0) return
  const there = await stillThere(job.database, touched)
  const lost = touched.filter(({ id }) => !there.has(id.toHexString()))
  if (lost.length > 0) await removeFrom(job, lost)
  const { complete, place, to } = job.state
  const all = complete || to.kind === 'rolling'
  if (!all && !place) return
  const kept = touched.filter(({ id }) => there.has(id.toHexString()))
  const take = async (some: Touched[], whenNotMatched: 'insert' | 'discard') => {
    const filter = { _id: { $in: some.map(({ id }) => id) } }
    const reached = all || !place ? filter : { $and: [filter, upTo(place)] }
    if (some.length > 0) await merge(job, reached, whenNotMatched)
  }
  await take(
    kept.filter(({ born }) => born),
    'insert',
  )
  /* A full capped copy may have evicted it: an update must not bring it back, as the newest. */
  await take(
    kept.filter(({ born }) => !born),
    'discard',
  )
}

interface Touched {
  id: ObjectId
  born: boolean
}

function touchedBy(changes: Change[]): Touched[] {
  const touched = new Map<string, Touched>()
  for (const { operationType, documentKey, mark } of changes) {
    if (!documentKey || mark) continue
    const key = documentKey._id.toHexString()
    const born = operationType === 'insert' || (touched.get(key)?.born ?? false)
    touched.set(key, { id: documentKey._id, born })
  }
  return [...touched.values()]
}

async function stillThere(database: Database, touched: Touched[]): Promise<Set<string>> {
  const found = await attempt(database.deadline(), 'read', (terms) =>
    database
      .collection(messages)
      .find(
        { _id: { $in: touched.map(({ id }) => id) } },
        { projection: { _id: 1 }, readConcern: { level: 'majority' }, ...terms },
      )
      .toArray(),
  )
  return new Set(found.map(({ _id }) => _id.toHexString()))
}

const removeFrom = ({ database, copy }: Job, lost: Touched[]) =>
  attempt(database.deadline(), 'write', (terms) =>
    database.db
      .collection<MessageDocument>(copy)
      .deleteMany({ _id: { $in: lost.map(({ id }) => id) } }, terms),
  )

const gone = () =>
  new DialogueStoreError(
    'UNAVAILABLE',
    'The messages were dropped or renamed by somebody else during the conversion. Look at the status.',
    { retryable: false },
  )

/* Numbers of the server: what was followed is no longer in its log. */
const HISTORY_LOST = new Set([260, 280, 286])

export const isHistoryLost = (error: unknown): boolean => HISTORY_LOST.has(codeOf(error) ?? 0)
