import type mongoose from 'mongoose'
import { attempt } from '../db/attempt.ts'
import type { ModelDefinition } from '../db/definition.ts'
import { farewells, isAwaited, type RemovalDocument, removals } from '../events/farewell.ts'
import { AT_ONCE } from '../events/outbox.ts'
import { events } from '../events/schema.ts'
import {
  ageOf,
  type Finding,
  type Found,
  IN_PARTS,
  inBatches,
  isPast,
  type Kind,
  type Scan,
  tell,
  toShown,
} from './finding.ts'

/** A sync that runs, and has access, needs minutes. */
const LATE_MS = 86_400_000

/** What should be gone from Google by now. */
export async function* checkCalendar(scan: Scan): AsyncGenerator<Finding> {
  yield* ofRemovals(scan)
  yield* ofFarewells(scan)
}

/** Events that no push tries any more. */
export const REFUSED = { 'calendarSync.state': 'failed', 'calendarSync.dueAt': { $exists: false } } as const
export const LAST_ERROR = { 'calendarSync.lastError': 1 } as const

export const toRefused = ({ _id, calendarSync }: mongoose.mongo.Document): Found =>
  toFound('event-refused', events, _id, [answerIn(calendarSync?.lastError)])

/** Under the event's id: that of a calendar is often somebody's address. */
async function* ofRemovals(scan: Scan): AsyncGenerator<Finding> {
  const collection = scan.database.collection(removals)
  const projection = { eventId: 1, createdAt: 1, lastError: 1 }
  const undone = { ...isPast('createdAt', LATE_MS), doneAt: { $exists: false } }
  const late = collection.find(undone, { projection, ...IN_PARTS })
  for await (const batch of inBatches<RemovalDocument>(late)) {
    const found = batch.map(({ eventId, lastError, ...removal }) =>
      toFound('removal-late', removals, eventId, [ageOf(removal), answerIn(lastError)]),
    )
    yield* tell(scan, found, async () => {
      /* What Google has refused is tried again by the next push. Done it is not. */
      const refused = {
        _id: { $in: batch.map(({ _id }) => _id) },
        dueAt: { $exists: false },
        doneAt: { $exists: false },
      }
      await attempt(scan.database.deadline(), 'write', (terms) =>
        collection.updateMany(refused, { $set: { dueAt: AT_ONCE } }, terms),
      )
      return false
    })
  }
}

/** Where nothing is to be removed any more, a process has died before it could tidy up. */
async function* ofFarewells(scan: Scan): AsyncGenerator<Finding> {
  const { database } = scan
  const collection = database.collection(farewells)
  const late = collection.find(isPast('createdAt', LATE_MS), { projection: { createdAt: 1 }, ...IN_PARTS })
  for await (const { _id, ...farewell } of late) {
    yield* tell(scan, [toFound('farewell-late', farewells, _id, [ageOf(farewell)])], async () => {
      if (await isAwaited(database, _id)) return false
      await attempt(database.deadline(), 'write', (terms) => collection.deleteOne({ _id }, terms))
      return true
    })
  }
}

function toFound(
  kind: Kind,
  { collection }: ModelDefinition,
  id: unknown,
  notes: (string | undefined)[],
): Found {
  const detail = notes.filter(Boolean).join(', ')
  return { kind, collection, id: toShown(id), ...(detail && { detail }) }
}

/** A sync's own words. Whatever else stands there may be anybody's. */
const answerIn = (lastError: unknown): string | undefined =>
  /^[\w .]{1,100}$/.exec(String(lastError ?? ''))?.[0]
