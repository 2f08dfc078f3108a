import type mongoose from 'mongoose'
import { backOff, isHopeless, within } from '../../db/attempt.ts'
import type { Database } from '../../db/database.ts'
import { codeOf, hasLabel, isTransient, timedOut, toStoreError } from '../../db/failure.ts'
import { cursorGone } from '../../errors.ts'
import { type Place, placeWith, timeOf } from '../live.ts'
import { type MessageDocument, messages } from '../schema.ts'

/** A message that was stored, and its place. */
export interface Insert {
  place: Place
  document: MessageDocument
}

/** Everything stored between the end of the batch before and this one's. */
export interface Batch {
  inserts: Insert[]
  end: Place
}

interface Change {
  _id: { _data: string }
  clusterTime: mongoose.mongo.Timestamp
  fullDocument: MessageDocument
}

type Stream = mongoose.mongo.ChangeStream<MessageDocument, Change>

/* Numbers of the server: what was followed is no longer in its log, or ended with the database. */
const GONE = new Set([260, 280, 286])
const MOST_CHANGES = 1000
/** How long the server waits for something to happen, before it says that nothing did. */
const AWAIT_MS = 250
const CLOSE_MS = 1000

/**
 * The database's stream, not the collection's: it goes on when a conversion of retention puts another collection in
 * the messages' place. What the conversion copies is stored under another name, so it is not repeated. Evictions
 * are deletions, which the server leaves out.
 */
function open(database: Database, from: Place): Stream {
  const stored = { operationType: 'insert', 'ns.coll': database.nameOf(messages.collection) }
  const pipeline = [{ $match: stored }, { $project: { fullDocument: 1, clusterTime: 1 } }]
  return database.db.watch<MessageDocument, Change>(pipeline, {
    /* Including what has this very time: the reader leaves out what lies before its place. */
    startAtOperationTime: timeOf(from),
    readConcern: { level: 'majority' },
    maxAwaitTimeMS: AWAIT_MS,
    batchSize: MOST_CHANGES,
  })
}

/** What the server has, at most one batch; waits for a moment if there is nothing. */
async function read(stream: Stream): Promise<Change[]> {
  const changes: Change[] = []
  do {
    const change = await stream.tryNext()
    if (change) changes.push(change)
  } while (stream.bufferedCount() > 0)
  if (changes.length === 0 && stream.closed) throw cursorGone()
  return changes
}

/**
 * Resume tokens sort as what they stand for happened, https://www.mongodb.com/docs/manual/changeStreams/#resume-tokens,
 * since they begin with its cluster time.
 */
const TOKEN = /^82([0-9A-F]{16})/

/** How far the server has looked, whether or not it found anything. */
function reachOf(stream: Stream): Place | undefined {
  const { _data: data } = (stream.resumeToken ?? {}) as { _data?: unknown }
  const time = typeof data === 'string' ? TOKEN.exec(data)?.[1] : undefined
  return time && time.toLowerCase() + data
}

/**
 * Reads what is stored behind a place, in the order in which it was stored; goes on by itself after failures that
 * pass. Batches are asked for one after the other.
 */
export function createReader(database: Database, from: Place) {
  let stream: Stream | undefined
  let reading: Promise<unknown> = Promise.resolve()
  let end = from
  let closed = false

  function toBatch(changes: Change[], reach: Place | undefined): Batch {
    const inserts = changes
      .map(({ _id, clusterTime, fullDocument }) => ({
        place: placeWith(clusterTime, _id._data),
        document: fullDocument,
      }))
      .filter(({ place }) => place > end)
    end = inserts.at(-1)?.place ?? end
    if (reach && reach > end) end = reach
    return { inserts, end }
  }

  /** A stream that is closed while the server opens it would stay open there. */
  async function drop(): Promise<void> {
    const dropped = stream
    stream = undefined
    const settled = reading.then(() => dropped?.close())
    /* Nobody waits longer for a server that is frozen. */
    await within(CLOSE_MS, settled, () => timedOut('not-applied')).catch(() => {})
  }

  return {
    /**
     * The next batch, empty if nothing happens for a moment.
     * @throws DialogueStoreError `CURSOR_GONE`; `UNAVAILABLE` and `TIMEOUT` when no answer came within `timeoutMs`
     */
    async next(): Promise<Batch> {
      const deadline = database.deadline()
      for (let round = 0; ; round++) {
        if (closed) throw timedOut('not-applied')
        const left = deadline.remaining()
        stream ??= open(database, end)
        const own = stream
        const changesRead = read(own)
        reading = changesRead.catch(() => {})
        try {
          const changes = await within(left, changesRead, () => timedOut('not-applied'))
          return toBatch(changes, reachOf(own))
        } catch (error) {
          void drop()
          if (GONE.has(codeOf(error) ?? 0)) throw cursorGone(error)
          if (closed || !(isTransient(error) || hasLabel(error, 'ResumableChangeStreamError')))
            throw toStoreError(error)
          if (isHopeless(error, left, deadline) || !(await backOff(round, deadline)))
            throw toStoreError(error)
        }
      }
    },
    async close(): Promise<void> {
      closed = true
      await drop()
    },
  }
}
