import { setTimeout as sleep } from 'node:timers/promises'
import type mongoose from 'mongoose'
import { attempt, type Deadline, deadlineIn } from '../db/attempt.ts'
import type { Database } from '../db/database.ts'
import { timedOut } from '../db/failure.ts'
import { isFreeFor, untilIn } from '../db/lease.ts'
import { versionedUpdate } from '../db/versioned.ts'
import { toExpressions } from '../events/events.ts'
import { AT_ONCE, isDue, STATE_OF_DUE } from '../events/outbox.ts'
import { type CalendarConflict, DUE, type EventDocument, events } from '../events/schema.ts'
import { nextId, type ObjectId } from '../ids.ts'
import { type GoogleEvent, type Hashes, hashesOfOurs, hashesOfTheirs } from './fields.ts'
import type { Merged } from './merge.ts'

/** Longer than a request takes: it is prolonged before each. */
export const LEASE_MS = 40_000
const POLL_MS = 100
const MOST_CONFLICTS = 5
/** Attempts whose replies may all have been lost. */
const MOST_SENT = 20

/** An event that nobody else brings together with its other side, as long as the lease lasts. */
export interface Held {
  event: EventDocument
  owner: ObjectId
}

const LEASE = { owner: '$calendarSync.owner', until: '$calendarSync.until' }
const RELEASED = { 'calendarSync.owner': '$$REMOVE', 'calendarSync.until': '$$REMOVE' }
const WELL = { 'calendarSync.attempts': '$$REMOVE', 'calendarSync.lastError': '$$REMOVE' }

/** Of what was deleted, Google need not tell it. */
const versionOf = ({ etag, updated }: GoogleEvent) => ({
  'calendarSync.etag': { $literal: etag ?? '' },
  'calendarSync.changedAt': updated ? new Date(updated) : '$$REMOVE',
})

type Filter = mongoose.mongo.Filter<EventDocument>

/** The outbox as who publishes sees it: see `events/outbox.ts`. Every write holds only while the lease does. */
export function createOutbox(database: Database) {
  const collection = database.collection(events)

  const hold = async (filter: Filter, deadline: Deadline): Promise<Held | undefined> => {
    const owner = nextId()
    const lease = { 'calendarSync.owner': owner, 'calendarSync.until': untilIn(LEASE_MS) }
    const free = { $and: [filter, { $expr: isFreeFor(owner, LEASE) }] }
    const event = await attempt(deadline, 'write', (terms) =>
      collection.findOneAndUpdate(free, [{ $set: lease }], {
        ...{ sort: DUE, returnDocument: 'after' },
        ...terms,
      }),
    )
    return event ? { event, owner } : undefined
  }

  /** The event as it is then; undefined if it was deleted, or is not held any more. */
  async function write({ event, owner }: Held, set: Record<string, unknown>): Promise<Held | undefined> {
    const { _id } = event
    const options = { returnDocument: 'after' } as const
    const written = await attempt(database.deadline(), 'write', async (terms, repeats) => {
      const filter = { _id, 'calendarSync.owner': owner }
      const found = await collection.findOneAndUpdate(filter, [{ $set: set }], { ...options, ...terms })
      /* What lets go of an event does not find it again where only its reply was lost. */
      if (found || repeats === 0 || !('calendarSync.owner' in set)) return found
      return collection.findOne({ _id, 'calendarSync.owner': { $exists: false } }, terms)
    })
    return written ? { event: written, owner } : undefined
  }

  /** What becomes of the outbox, unless the event has changed since: then it is due. */
  const unlessChanged = ({ event }: Held, state: string, dueAt: unknown) => {
    const isSame = { $eq: ['$version', event.version] }
    return {
      'calendarSync.dueAt': { $cond: [isSame, dueAt, AT_ONCE] },
      'calendarSync.state': { $cond: [isSame, state, STATE_OF_DUE] },
    }
  }

  const find = (filter: Filter): Promise<EventDocument | null> =>
    attempt(database.deadline(), 'read', (terms) => collection.findOne(filter, terms))

  return {
    /** The next event that is due, if any. */
    claim: (): Promise<Held | undefined> => hold(isDue('calendarSync.dueAt'), database.deadline()),
    /**
     * That event, once nobody else holds it; undefined if it is deleted.
     * @throws DialogueStoreError `TIMEOUT`
     */
    async hold(_id: ObjectId, patienceMs: number): Promise<Held | undefined> {
      const patience = deadlineIn(patienceMs)
      while (true) {
        const held = await hold({ _id }, database.deadline())
        if (held || !(await find({ _id }))) return held
        if (patience.remaining() === 0) throw timedOut('not-applied')
        await sleep(POLL_MS)
      }
    },
    find,
    /** Everything that is at Google, in that calendar. */
    thoseAt: (calendarId: string) =>
      collection
        .find({
          'calendarSync.calendarId': calendarId,
          googleCalendarId: { $exists: true },
          status: 'confirmed',
        })
        .project<Pick<EventDocument, 'googleCalendarId'>>({ googleCalendarId: 1 }),
    /** @returns false if there is no such event */
    async retry(_id: ObjectId): Promise<boolean> {
      const again = { 'calendarSync.dueAt': AT_ONCE, ...WELL, 'calendarSync.state': STATE_OF_DUE }
      const { matchedCount } = await attempt(database.deadline(), 'write', (terms) =>
        collection.updateOne({ _id }, [{ $set: again }], terms),
      )
      return matchedCount > 0
    },
    /** Where it is going to be, before it may be there. */
    address: (held: Held, calendarId: string, googleCalendarId: string) =>
      write(held, { 'calendarSync.calendarId': calendarId, googleCalendarId }),
    /** Another one is to be there in its place. */
    startAnew: (held: Held, googleCalendarId: string) =>
      write(held, {
        googleCalendarId,
        ...{
          'calendarSync.etag': '$$REMOVE',
          'calendarSync.base': '$$REMOVE',
          'calendarSync.sent': '$$REMOVE',
          /* Their lines are a part of the new series. */
          'calendarSync.exceptions': '$$REMOVE',
        },
      }),
    /** Before a request: what is going to be sent, beside what was since both sides were brought together. */
    sending: (held: Held, hashes: Hashes) => {
      const { sent = {} } = held.event.calendarSync
      const all = Object.entries(hashes).map(([field, hash]) => [
        field,
        [...new Set([...(sent[field] ?? []), hash])].slice(-MOST_SENT),
      ])
      return write(held, {
        'calendarSync.sent': { $literal: Object.fromEntries(all) },
        'calendarSync.until': untilIn(LEASE_MS),
      })
    },
    /** Google has it as it was when it was sent. */
    confirm: (held: Held, reply: GoogleEvent) =>
      write(held, {
        ...unlessChanged(held, 'synced', '$$REMOVE'),
        ...WELL,
        ...RELEASED,
        'calendarSync.base': { $literal: { ours: hashesOfOurs(held.event), theirs: hashesOfTheirs(reply) } },
        'calendarSync.sent': '$$REMOVE',
        ...versionOf(reply),
        ...(reply.htmlLink && { 'calendarSync.htmlLink': { $literal: reply.htmlLink } }),
        'calendarSync.syncedAt': '$$NOW',
      }),
    /** There is nothing to be said to Google. */
    rest: (held: Held) => write(held, { ...unlessChanged(held, 'synced', '$$REMOVE'), ...WELL, ...RELEASED }),
    /** The same of one that never was there, and is not going to be. */
    stayLocal: (held: Held) => write(held, { ...RELEASED, ...unlessChanged(held, 'local', '$$REMOVE') }),
    /** For a while, or for good. What was stored since is tried at once. */
    fail: (held: Held, reason: string, waitMs: number | undefined) =>
      write(held, {
        ...RELEASED,
        'calendarSync.attempts': { $add: [{ $ifNull: ['$calendarSync.attempts', 0] }, 1] },
        'calendarSync.lastError': { $literal: reason },
        ...(waitMs === undefined
          ? unlessChanged(held, 'failed', '$$REMOVE')
          : unlessChanged(held, '$calendarSync.state', untilIn(waitMs))),
      }),
    release: (held: Held) => write(held, RELEASED),
    /** The event as it is now. */
    renew: (held: Held) => write(held, { 'calendarSync.until': untilIn(LEASE_MS) }),
    /**
     * Takes over what Google has.
     * @returns undefined if somebody else wrote in between: look again
     */
    async absorb(
      held: Held,
      theirs: GoogleEvent,
      merged: Merged,
      log?: CalendarConflict,
    ): Promise<Held | undefined> {
      const { event, owner } = held
      const { changes, base, isBehind } = merged
      const earlier = event.calendarSync.conflicts ?? []
      const sync = {
        'calendarSync.base': { $literal: base },
        /* Of what is cancelled, nobody has seen what of it has arrived. */
        ...(theirs.status !== 'cancelled' && { 'calendarSync.sent': '$$REMOVE' }),
        ...versionOf(theirs),
        ...(theirs.htmlLink && { 'calendarSync.htmlLink': { $literal: theirs.htmlLink } }),
        'calendarSync.syncedAt': '$$NOW',
        'calendarSync.dueAt': isBehind ? AT_ONCE : '$$REMOVE',
        'calendarSync.state': isBehind ? 'changed' : 'synced',
        ...WELL,
        ...(log && {
          'calendarSync.conflicts': { $literal: [...earlier, log].slice(-MOST_CONFLICTS) },
        }),
      }
      const isChanged = Object.keys(changes).length > 0
      if (!isChanged) {
        const same = { _id: event._id, 'calendarSync.owner': owner, version: event.version }
        const written = await attempt(database.deadline(), 'write', (terms) =>
          collection.findOneAndUpdate(same, [{ $set: sync }], { returnDocument: 'after', ...terms }),
        )
        return written ? { event: written, owner } : undefined
      }
      const written = await versionedUpdate(database, collection, database.deadline(), {
        key: { _id: event._id, 'calendarSync.owner': owner },
        condition: { version: event.version },
        expressions: { ...toExpressions(changes), ...sync },
      })
      return written ? { event: written, owner } : undefined
    },
  }
}

export type Outbox = ReturnType<typeof createOutbox>
