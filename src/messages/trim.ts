import { attempt, type Deadline } from '../db/attempt.ts'
import type { Database } from '../db/database.ts'
import type { ObjectId } from '../ids.ts'
import { NEWEST_FIRST, range } from './query.ts'
import type { RetentionKeeper } from './retention.ts'
import { BY_USER, type MessageDocument, messages } from './schema.ts'

/**
 * A user is looked at again after so many new messages, as a part of what they may keep. They may exceed it
 * by a tenth, so four processes can write for one user without knowing of each other.
 */
const UNSEEN_PART = 1 / 40
const REMEMBERED_USERS = 100_000
const AT_ONCE = 8

/** Keeps each user's newest `maxPerUser` messages, under rolling retention. */
export function createTrim(database: Database, retention: RetentionKeeper) {
  const collection = database.collection(messages)
  /** New messages of a user since this process looked last. */
  const unseen = new Map<string, number>()

  async function trim(userId: ObjectId, keep: number, deadline: Deadline): Promise<void> {
    const [first] = await attempt(deadline, 'read', (maxTimeMS) =>
      collection
        .find({ userId }, { projection: { timestamp: 1 }, hint: BY_USER, maxTimeMS })
        .sort(NEWEST_FIRST)
        .skip(keep)
        .limit(1)
        .toArray(),
    )
    if (!first) return
    const surplus = range({ userId }, { upTo: { timestamp: first.timestamp, id: first._id } })
    await attempt(deadline, 'write', (maxTimeMS) => collection.deleteMany(surplus, { maxTimeMS }))
  }

  return async function trimAfter(stored: MessageDocument[], deadline: Deadline): Promise<void> {
    const kept = retention.current()
    if (kept.kind !== 'rolling' || !kept.maxPerUser) return
    const keep = kept.maxPerUser
    const users = new Map(stored.map(({ userId }) => [userId.toHexString(), userId]))
    for (const { userId } of stored) {
      const key = userId.toHexString()
      unseen.set(key, (unseen.get(key) ?? keep) + 1)
    }
    const due = [...users].filter(([key]) => (unseen.get(key) ?? 0) > keep * UNSEEN_PART)
    for (let i = 0; i < due.length; i += AT_ONCE) {
      await Promise.all(due.slice(i, i + AT_ONCE).map(([, userId]) => trim(userId, keep, deadline)))
    }
    for (const [key] of due) unseen.set(key, 0)
    if (unseen.size > REMEMBERED_USERS) unseen.clear()
  }
}
