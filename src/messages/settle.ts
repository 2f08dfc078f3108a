import { setTimeout as sleep } from 'node:timers/promises'
import type mongoose from 'mongoose'
import { attempt, type Deadline, type Terms, within } from '../db/attempt.ts'
import type { Database } from '../db/database.ts'
import {
  codeOf,
  DOCUMENT_TOO_LARGE,
  DOCUMENT_VALIDATION_FAILURE,
  isTooLarge,
  timedOut,
} from '../db/failure.ts'
import { DialogueStoreError } from '../errors.ts'
import type { ObjectId } from '../ids.ts'
import { type Held, type JournalDocument, journal as model } from './entry.ts'
import { COMMAND_MS, ifInTime, type Journal, OPEN, TOO_LATE, UNSETTLED } from './journal.ts'
import type { RetentionKeeper } from './retention.ts'
import { messages } from './schema.ts'
import { isBeyondCap } from './size.ts'

interface Needs {
  database: Database
  journal: Journal
  retention: RetentionKeeper
  /** Deletes messages of a user, and lets no delivery bring them back. */
  removeMessages(userId: ObjectId, ids: ObjectId[], deadline: Deadline): Promise<void>
  /** Messages are stored that were not. */
  onAppended(): void
  /** An entry that can never be settled: somebody should look at it. */
  onParked(entry: ObjectId, code: number): void
}

export type Settling = ReturnType<typeof createSettling>

const POLL_MS = 20

/** A message is replaced by a later version, and by the one that a transaction stored in its place. */
const REPLACE = [
  {
    $replaceWith: {
      $cond: [
        {
          $and: [
            { $eq: ['$userId', '$$new.userId'] },
            {
              $or: [
                { $lt: ['$version', '$$new.version'] },
                { $and: [{ $eq: ['$version', '$$new.version'] }, { $ne: ['$op', '$$new.op'] }] },
              ],
            },
          ],
        },
        '$$new',
        '$$ROOT',
      ],
    },
  },
]

/**
 * Carries out what transactions decided about messages. The server itself copies messages out of the entry, in one
 * command that finds nothing if the entry is gone, and fails if its time is nearly over. So a settler that slept,
 * for however long, brings nothing back.
 */
export function createSettling({
  database,
  journal,
  retention,
  removeMessages,
  onAppended,
  onParked,
}: Needs) {
  const entries = database.internal<JournalDocument>(model.collection)
  const busy = new Map<string, Promise<void>>()

  const merge = (_id: ObjectId, from: 'inserts' | 'replacements', how: object): mongoose.mongo.Document[] => [
    { $match: { _id, ...UNSETTLED } },
    { $project: { [from]: ifInTime(`$${from}`) } },
    { $unwind: `$${from}` },
    { $replaceWith: `$${from}` },
    { $merge: { into: database.nameOf(messages.collection), on: '_id', ...how } },
  ]
  const append = (_id: ObjectId) =>
    merge(_id, 'inserts', { whenMatched: 'keepExisting', whenNotMatched: 'insert' })
  const replace = (_id: ObjectId) =>
    merge(_id, 'replacements', { whenMatched: REPLACE, whenNotMatched: 'discard' })

  /** @returns whether no command of ours can be under way any more: each was answered */
  async function carryOut({ _id, userId, ...entry }: Held, deadline: Deadline): Promise<boolean> {
    let sure = true
    const run = (pipeline: mongoose.mongo.Document[]) =>
      retention.throughFence(deadline, () =>
        attempt(deadline, 'write', ({ maxTimeMS, ...terms }: Terms, repeats) => {
          if (repeats > 0) sure = false
          return entries
            .aggregate(pipeline, { ...terms, maxTimeMS: Math.min(maxTimeMS, COMMAND_MS) })
            .toArray()
        }),
      )
    if (entry.insertCount > 0) await run(append(_id)).finally(onAppended)
    if (entry.replacementCount > 0) await run(replace(_id))
    if (entry.deletionCount > 0) {
      const found = await attempt(deadline, 'read', (terms) =>
        entries.findOne({ _id, ...OPEN }, { projection: { deletions: 1 }, ...terms }),
      )
      if (found) await removeMessages(userId, found.deletions, deadline)
    }
    return sure
  }

  /** Until the entry is done, by us or by somebody else. */
  async function settleHeld(first: Held, deadline: Deadline): Promise<void> {
    let entry: Held | null = first
    let sure = true
    while (entry) {
      try {
        await retention.refresh(deadline)
        if (await isBeyondCap(entry.largest, retention, deadline))
          return await park(entry, DOCUMENT_TOO_LARGE, deadline)
        sure = (await carryOut(entry, deadline)) && sure
        if (await journal.finish(entry, sure, deadline)) return
      } catch (error) {
        const code = codeOf(error)
        if (code === DOCUMENT_VALIDATION_FAILURE || isTooLarge(error)) return park(entry, code ?? 0, deadline)
        if (code !== TOO_LATE && !isPassing(error, deadline)) throw error
      }
      /* Its time was over, or somebody else is done. To join again counts us twice: we are never sure from here. */
      sure = false
      entry = await journal.join(entry._id, deadline)
    }
  }

  async function park(entry: Held, code: number, deadline: Deadline): Promise<void> {
    await journal.park(entry, code, deadline)
    onParked(entry._id, code)
  }

  /** One settler of an entry in a process is enough; if it fails, the next one tries. */
  async function once(_id: ObjectId, deadline: Deadline, work: () => Promise<void>): Promise<void> {
    const key = _id.toHexString()
    const other = busy.get(key)
    if (other) {
      const done = other.then(
        () => true,
        () => false,
      )
      if (await within(deadline.remaining(), done, () => timedOut('not-applied'))) return
      return once(_id, deadline, work)
    }
    const running = work().finally(() => busy.delete(key))
    busy.set(key, running)
    return running
  }

  const settleEntry = (_id: ObjectId, deadline: Deadline) =>
    once(_id, deadline, async () => {
      const entry = await journal.join(_id, deadline)
      if (entry) await settleHeld(entry, deadline)
    })

  async function settleAll(filter: Parameters<Journal['open']>[0], deadline: Deadline): Promise<number> {
    const open = await journal.open(filter, deadline)
    for (const _id of open) await settleEntry(_id, deadline)
    return open.length
  }

  return {
    /** Settles what this process has just committed. */
    async settle(held: Held[], deadline: Deadline): Promise<void> {
      /*
       * Also beside a reader of this process: the committer is counted as active, and has to leave. A user's entries one
       * after the other: a message may be inserted by one, and put in the place of a slow call's by the next.
       */
      const byUser = new Map<string, Held[]>()
      for (const entry of held) {
        const user = entry.userId.toHexString()
        byUser.set(user, [...(byUser.get(user) ?? []), entry])
      }
      const inOrder = async (entries: Held[]) => {
        for (const entry of entries) await settleHeld(entry, deadline)
      }
      await Promise.all([...byUser.values()].map(inOrder))
    },

    /** After it, readers find all that was committed about these users' messages. */
    async settleUsers(userIds: ObjectId[], deadline: Deadline): Promise<void> {
      await settleAll({ userId: { $in: userIds } }, deadline)
    },

    /**
     * After it, nothing that was committed about this user's messages is to be done, or under way.
     * @param exchange of each exchange with the server, if that has less time than the waiting as a whole
     */
    async closeUser(userId: ObjectId, deadline: Deadline, exchange = () => deadline): Promise<void> {
      while (true) {
        await settleAll({ userId }, exchange())
        if (await journal.isClosed(userId, exchange())) return
        if (deadline.remaining() <= POLL_MS) throw timedOut('not-applied')
        await sleep(POLL_MS)
      }
    },

    /** Settles what somebody has left. */
    async settleRest(_opening: boolean, isOver: () => boolean): Promise<void> {
      const { open, over } = await journal.left(database.deadline())
      let failure: { error: unknown } | undefined
      /* A user's entries go in their order. */
      const failed = new Set<string>()
      for (const { _id, userId } of open) {
        if (isOver()) return
        const user = userId.toHexString()
        if (failed.has(user)) continue
        /* One that cannot be settled now must not hide those of others behind it. */
        await settleEntry(_id, database.deadline()).catch((error: unknown) => {
          failure = { error }
          failed.add(user)
        })
      }
      if (over) await journal.sweep(database.deadline())
      if (failure) throw failure.error
    },
  }
}

/** The server ended the command in time, as it should; ours is not over. */
const isPassing = (error: unknown, deadline: Deadline): boolean =>
  error instanceof DialogueStoreError && error.code === 'TIMEOUT' && deadline.remaining() > 0
