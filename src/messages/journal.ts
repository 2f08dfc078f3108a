import { attempt, type Deadline } from '../db/attempt.ts'
import type { Database } from '../db/database.ts'
import { nextId, type ObjectId } from '../ids.ts'
import { type Held, type Intents, type JournalDocument, journal, toParts } from './entry.ts'

/** Of a settler's command. */
export const COMMAND_MS = 2000
/** How far the server may be behind in ending a command whose time is over. */
const MARGIN_MS = 500
const LEASE_MS = 6000
/** The command that begins now will have ended when the entry's time is over. */
const IN_TIME = { $gte: ['$until', { $add: ['$$NOW', COMMAND_MS + MARGIN_MS] }] }
/**
 * The messages of an entry for a settler, as an expression. It fails with `TOO_LATE` where they may not be carried
 * out: a settler must not take what found nothing for what is done. (A date has no `$size`.)
 */
export const ifInTime = (messages: string) => ({
  $cond: [{ $and: [IN_TIME, { $eq: [{ $type: '$parked' }, 'missing'] }] }, messages, { $size: '$until' }],
})
export const TOO_LATE = 17124
/** Not carried out, or not known to be. */
export const UNSETTLED = { settled: { $exists: false } } as const
/** What is still to be done. */
export const OPEN = { ...UNSETTLED, parked: { $exists: false } } as const

/** What a settler has to know. */
const HELD = {
  userId: 1,
  until: 1,
  largest: 1,
  insertCount: { $size: '$inserts' },
  replacementCount: { $size: '$replacements' },
  deletionCount: { $size: '$deletions' },
} as const

/**
 * A driver that repeats writes by itself, as an application's own does, may get the whole entry: what a server says once
 * more of a write that it has done, it says without its projection.
 */
const toHeld = (found: Held | JournalDocument): Held =>
  'insertCount' in found
    ? found
    : {
        ...found,
        insertCount: found.inserts.length,
        replacementCount: found.replacements.length,
        deletionCount: found.deletions.length,
      }

/** Entries, and who works on them. */
export function createJournal(database: Database) {
  const collection = database.collection(journal)
  const renewed = { $add: ['$$NOW', LEASE_MS] }

  async function writeEntry(part: Intents & { largest: number }, inside: Deadline): Promise<Held> {
    const { userId, largest, inserts, replacements, deletions } = part
    const _id = nextId()
    const entry = { _id, userId, largest, inserts, replacements, deletions, active: 1 }
    const times = { until: renewed, createdAt: '$$NOW' }
    const change = [{ $replaceWith: { $mergeObjects: [{ $literal: entry }, times] } }]
    const options = { upsert: true, returnDocument: 'after', projection: { until: 1 } } as const
    const written = await attempt(inside, 'write', (terms) =>
      collection.findOneAndUpdate({ _id }, change, { ...terms, ...options }),
    )
    const counts = {
      insertCount: inserts.length,
      replacementCount: replacements.length,
      deletionCount: deletions.length,
    }
    return { _id, userId, largest, until: written?.until ?? new Date(0), ...counts }
  }

  /**
   * A settler that has ended; the last one closes a settled entry. Sent once: counted twice, it would speak for
   * somebody else. If it is lost, the entry waits for its `until`.
   */
  async function leave(_id: ObjectId, deadline: Deadline): Promise<void> {
    const left = { $inc: { active: -1 } }
    const options = { returnDocument: 'after', projection: { active: 1 } } as const
    const entry = await attempt(deadline, 'write', (terms, repeats) =>
      repeats > 0
        ? Promise.resolve(null)
        : collection.findOneAndUpdate({ _id, settled: true }, left, { ...terms, ...options }),
    )
    if (entry?.active !== 0) return
    await attempt(deadline, 'write', (terms) =>
      collection.deleteOne({ _id, settled: true, active: 0 }, terms),
    )
  }

  return {
    /** In a transaction: what is to be settled once it is committed. The settler is counted as active. */
    async write(intents: Intents[], inside: Deadline): Promise<Held[]> {
      const entries: Held[] = []
      for (const part of intents.flatMap(toParts)) entries.push(await writeEntry(part, inside))
      return entries
    },

    /** Begins to settle an entry, beside whoever does already. Undefined: there is nothing left to do. */
    async join(_id: ObjectId, deadline: Deadline): Promise<Held | null> {
      const until = { $cond: [IN_TIME, '$until', renewed] }
      const change = [{ $set: { until, active: { $add: ['$active', 1] } } }]
      const options = { returnDocument: 'after', projection: HELD } as const
      const found = await attempt(deadline, 'write', (terms) =>
        collection.findOneAndUpdate({ _id, ...OPEN }, change, { ...terms, ...options }),
      )
      return found && toHeld(found)
    },

    /**
     * Ends an entry whose intents are carried out.
     * @param sure no command of this settler can be under way any more
     * @returns false if the entry is another's by now
     */
    async finish({ _id, until }: Held, sure: boolean, deadline: Deadline): Promise<boolean> {
      const valid = { _id, until, parked: { $exists: false } }
      if (sure) {
        const { deletedCount } = await attempt(deadline, 'write', (terms) =>
          collection.deleteOne({ ...valid, active: 1 }, terms),
        )
        if (deletedCount > 0) return true
      }
      const settled = { settled: true, ...EMPTY }
      const { matchedCount } = await attempt(deadline, 'write', (terms) =>
        collection.updateOne(valid, [{ $set: settled }], terms),
      )
      if (sure) await leave(_id, deadline)
      return matchedCount > 0
    },

    /** Sets an entry aside that can never be settled. */
    async park({ _id }: Held, code: number, deadline: Deadline): Promise<void> {
      const parked = { code, at: new Date() }
      await attempt(deadline, 'write', (terms) =>
        collection.updateOne({ _id, ...OPEN }, { $set: { parked } }, terms),
      )
    },

    /** What is still to be done, oldest first. */
    async open(filter: { userId?: ObjectId | { $in: ObjectId[] } }, deadline: Deadline): Promise<ObjectId[]> {
      const found = await attempt(deadline, 'read', (terms) =>
        collection
          .find({ ...filter, ...OPEN }, { projection: { _id: 1 }, ...terms })
          .sort({ _id: 1 })
          .limit(MOST_AT_ONCE)
          .toArray(),
      )
      return found.map(({ _id }) => _id)
    },

    /** What somebody has left: entries that are still to be settled, oldest first, and whether some are to be swept. */
    async left(deadline: Deadline): Promise<{ open: Left[]; over: boolean }> {
      const found = await attempt(deadline, 'read', (terms) =>
        collection
          .find({ $or: [OPEN, OVER] }, { projection: { settled: 1, userId: 1 }, ...terms })
          .sort({ _id: 1 })
          .limit(MOST_AT_ONCE)
          .toArray(),
      )
      const open = found.filter(({ settled }) => !settled)
      return { open, over: open.length < found.length }
    },

    /** Deletes settled entries whose time is over; whether a user has none left, open ones included. */
    async isClosed(userId: ObjectId, deadline: Deadline): Promise<boolean> {
      await attempt(deadline, 'write', (terms) => collection.deleteMany({ userId, ...OVER }, terms))
      const rest = await attempt(deadline, 'read', (terms) =>
        collection.findOne({ userId, parked: { $exists: false } }, { projection: { _id: 1 }, ...terms }),
      )
      return rest === null
    },

    async sweep(deadline: Deadline): Promise<void> {
      await attempt(deadline, 'write', (terms) => collection.deleteMany(OVER, terms))
    },

    /** In the transaction that erases a user: whatever is open is dropped, and counts as settled. */
    async close(userId: ObjectId, inside: Deadline): Promise<void> {
      const change = { $set: { settled: true as const, ...EMPTY }, $unset: { parked: 1 as const } }
      await attempt(inside, 'write', (terms) => collection.updateMany({ userId }, change, terms))
    },
  }
}

export type Journal = ReturnType<typeof createJournal>
type Left = Pick<JournalDocument, '_id' | 'userId'>

const EMPTY = { inserts: [], replacements: [], deletions: [], largest: 0 }
const MOST_AT_ONCE = 1000
/** Settled, and no settler's command is under way any more. */
const OVER = { settled: true, $expr: { $lt: ['$until', '$$NOW'] } } as const
