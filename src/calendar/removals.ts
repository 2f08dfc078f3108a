import { attempt } from '../db/attempt.ts'
import type { Database } from '../db/database.ts'
import { isFreeFor, untilIn } from '../db/lease.ts'
import {
  type FarewellDocument,
  farewells,
  isAwaited,
  type RemovalDocument,
  removalKey,
  removals,
} from '../events/farewell.ts'
import { AT_ONCE, isDue } from '../events/outbox.ts'
import { nextId, type ObjectId } from '../ids.ts'
import { LEASE_MS } from './outbox.ts'

export interface HeldRemoval {
  removal: RemovalDocument
  owner: ObjectId
}

/** What was sent before the event was deleted may arrive after its removal: it is looked for so often. */
const MOST_LOOKS = 3
const LOOK_AGAIN_MS = 60_000

/** What deletions have left to be removed at Google: see `events/farewell.ts`. */
export function createRemovals(database: Database) {
  const left = database.collection(removals)
  const kept = database.collection(farewells)

  const write = async ({ removal, owner }: HeldRemoval, set: Record<string, unknown>): Promise<void> => {
    await attempt(database.deadline(), 'write', (terms) =>
      left.updateOne({ _id: removal._id, owner }, [{ $set: set }], terms),
    )
  }
  const release = (held: HeldRemoval, set: Record<string, unknown>): Promise<void> =>
    write(held, { ...set, owner: '$$REMOVE', until: '$$REMOVE' })

  /** Of an erased user, what was kept for this. */
  const farewell = (creatorId: ObjectId): Promise<FarewellDocument | null> =>
    attempt(database.deadline(), 'read', (terms) => kept.findOne({ _id: creatorId }, terms))

  /** Of an erased user nothing is kept once everything of theirs is removed. */
  async function leaveAlone(creatorId: ObjectId): Promise<void> {
    if (await isAwaited(database, creatorId)) return
    await attempt(database.deadline(), 'write', (terms) => kept.deleteOne({ _id: creatorId }, terms))
  }
  const failed = (reason: string) => ({
    attempts: { $add: [{ $ifNull: ['$attempts', 0] }, 1] },
    lastError: { $literal: reason },
  })

  return {
    async claim(): Promise<HeldRemoval | undefined> {
      const owner = nextId()
      const removal = await attempt(database.deadline(), 'write', (terms) =>
        left.findOneAndUpdate(
          { $and: [isDue('dueAt'), { $expr: isFreeFor(owner) }] },
          [{ $set: { owner, until: untilIn(LEASE_MS) } }],
          { sort: { dueAt: 1 }, returnDocument: 'after', ...terms },
        ),
      )
      return removal ? { removal, owner } : undefined
    },
    find: (calendarId: string, googleCalendarId: string): Promise<RemovalDocument | null> =>
      attempt(database.deadline(), 'read', (terms) =>
        left.findOne({ _id: removalKey(calendarId, googleCalendarId) }, terms),
      ),
    /** Whether one of Google's was deleted here, by its own id or its series', and not restored there since. */
    async isDeleted(
      calendarId: string,
      ids: (string | null | undefined)[],
      updated: string | null | undefined,
      deadline = database.deadline(),
    ): Promise<boolean> {
      const keys = ids.flatMap((id) => (id ? [removalKey(calendarId, id)] : []))
      const found = await attempt(deadline, 'read', (terms) =>
        left.find({ _id: { $in: keys } }, terms).toArray(),
      )
      return found.some(({ doneAt }) => !doneAt || new Date(updated ?? 0) <= doneAt)
    },
    /**
     * Of an event of ours that is there: if it was deleted here, it is to be removed once more. Else it is not for us to
     * say why it is not known: the database may have been set back.
     */
    async again(calendarId: string, googleCalendarId: string): Promise<void> {
      const done = { _id: removalKey(calendarId, googleCalendarId), doneAt: { $exists: true } }
      await attempt(database.deadline(), 'write', (terms) =>
        left.updateOne(done, { $set: { dueAt: AT_ONCE, calendarId }, $unset: { doneAt: '' } }, terms),
      )
    },
    /** @returns false if there is none */
    async retry(eventId: ObjectId): Promise<boolean> {
      const { matchedCount } = await attempt(database.deadline(), 'write', (terms) =>
        left.updateOne(
          { eventId, doneAt: { $exists: false } },
          { $set: { dueAt: AT_ONCE }, $unset: { attempts: '', lastError: '' } },
          terms,
        ),
      )
      return matchedCount > 0
    },
    /**
     * An event that may have been deleted while it was published, which has an end now.
     * @returns what was to be removed of it in that calendar, done or not
     */
    async hasten(calendarId: string, eventId: ObjectId): Promise<RemovalDocument[]> {
      const due = { eventId, dueAt: { $exists: true } }
      await attempt(database.deadline(), 'write', (terms) =>
        left.updateMany(due, { $set: { dueAt: AT_ONCE } }, terms),
      )
      const found = await attempt(database.deadline(), 'read', (terms) =>
        left.find({ eventId }, terms).toArray(),
      )
      /* An event may have been stored again under its id, and be in another calendar under the same. */
      return found.filter(({ _id, googleCalendarId }) => _id === removalKey(calendarId, googleCalendarId))
    },
    /** It is not at Google. @returns false if it may still arrive there */
    async done(held: HeldRemoval, wasThere: boolean): Promise<boolean> {
      const { isSeen, looks = 0, creatorId } = held.removal
      if (!wasThere && !isSeen && looks < MOST_LOOKS) {
        await release(held, { looks: looks + 1, dueAt: untilIn(LOOK_AGAIN_MS) })
        return false
      }
      if (creatorId && (await farewell(creatorId))) {
        /* It stays due meanwhile: who dies here leaves the rest to the next. */
        await write(held, { doneAt: '$$NOW' })
        await leaveAlone(creatorId)
      }
      await release(held, {
        ...{ doneAt: '$$NOW', dueAt: '$$REMOVE', calendarId: '$$REMOVE' },
        ...{ attempts: '$$REMOVE', lastError: '$$REMOVE', looks: '$$REMOVE' },
      })
      return true
    },
    fail: (held: HeldRemoval, reason: string, waitMs: number | undefined): Promise<void> =>
      release(held, {
        ...failed(reason),
        dueAt: waitMs === undefined ? '$$REMOVE' : untilIn(waitMs),
      }),
    farewell,
  }
}

export type Removals = ReturnType<typeof createRemovals>
