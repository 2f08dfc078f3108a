import type { Retention } from '../config.ts'
import { attempt, type Deadline } from '../db/attempt.ts'
import type { Database } from '../db/database.ts'
import type { ObjectId } from '../ids.ts'
import { NEWEST_FIRST } from './query.ts'
import type { RetentionKeeper } from './retention.ts'
import { BY_USER, type MessageDocument, messages } from './schema.ts'

/**
 * A user is looked at again after so many new messages, as a part of what they may keep. They may exceed it
 * by a tenth, so four processes can write for one user without knowing of each other.
 */
const UNSEEN_PART = 1 / 40
const REMEMBERED_USERS = 100_000
const AT_ONCE = 8
/** Deleted at once: few enough that other writers are not starved. */
const BATCH = 1000

/** Deletes what a user has beyond the newest `keep`. */
async function trimUser(database: Database, userId: ObjectId, keep: number, deadline: () => Deadline) {
  const collection = database.collection(messages)
  while (true) {
    const surplus = await attempt(deadline(), 'read', (terms) =>
      collection
        .find({ userId }, { projection: { _id: 1 }, hint: BY_USER, ...terms })
        .sort(NEWEST_FIRST)
        .skip(keep)
        .limit(BATCH)
        .toArray(),
    )
    if (surplus.length === 0) return
    const filter = { _id: { $in: surplus.map(({ _id }) => _id) }, userId }
    await attempt(deadline(), 'write', (terms) =>
      collection.deleteMany(filter, { hint: { _id: 1 }, ...terms }),
    )
    if (surplus.length < BATCH) return
  }
}

async function inTurns<T>(items: T[], work: (item: T) => Promise<void>): Promise<void> {
  for (let i = 0; i < items.length; i += AT_ONCE) await Promise.all(items.slice(i, i + AT_ONCE).map(work))
}

/**
 * Trims everybody before a lower `maxPerUser` is applied, so that it holds for those who write nothing, too.
 * Interrupted, it starts anew at the next open.
 */
export async function trimForLowerLimit(
  database: Database,
  retention: RetentionKeeper,
  wanted: Retention | undefined,
): Promise<void> {
  if (wanted?.kind !== 'rolling' || !wanted.maxPerUser) return
  const keep = wanted.maxPerUser
  const found = await retention.load()
  if (found.kind !== 'rolling' || (found.maxPerUser && found.maxPerUser <= keep)) return
  const trim = (userId: ObjectId) => trimUser(database, userId, keep, database.deadline)
  /* Answered by skipping from user to user in the index. */
  const users = database
    .collection(messages)
    .aggregate<{ _id: ObjectId }>([{ $sort: BY_USER }, { $group: { _id: '$userId' } }], { hint: BY_USER })
  let some: ObjectId[] = []
  for await (const { _id } of users) {
    some.push(_id)
    if (some.length < BATCH) continue
    await inTurns(some, trim)
    some = []
  }
  await inTurns(some, trim)
}

/** Keeps each user's newest `maxPerUser` messages, under rolling retention. */
export function createTrim(database: Database, retention: RetentionKeeper) {
  /** New messages of a user since this process looked last. */
  const unseen = new Map<string, number>()

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
    await inTurns(due, ([, userId]) => trimUser(database, userId, keep, () => deadline))
    for (const [key] of due) unseen.set(key, 0)
    if (unseen.size > REMEMBERED_USERS) unseen.clear()
  }
}
