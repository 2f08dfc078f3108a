import { attempt, type Deadline } from '../db/attempt.ts'
import type { Database } from '../db/database.ts'
import { isTooLarge } from '../db/failure.ts'
import { createGather } from '../db/gather.ts'
import type { ObjectId } from '../ids.ts'
import { createPipelines, type Found, isWhole, type Row, type UsersView } from './look.ts'
import { NEWEST_FIRST } from './query.ts'

/** Messages, and users, that one command reads at most: well below 16 MiB of usual messages. */
const MOST_MESSAGES = 4000
const MOST_USERS = 32

/**
 * The newest messages of a user, newest first, by one command for whoever asks at the same time.
 * @returns undefined if the user doesn't exist, or something has to be settled first: `look` then
 */
export type Newest = (userId: ObjectId, limit: number, deadline: Deadline) => Promise<Found | undefined>

export function createNewest(database: Database, users: UsersView): Newest {
  const toPipeline = createPipelines(database, users)

  async function readTogether(userIds: ObjectId[], limit: number, deadline: Deadline) {
    const pipeline = [{ $sort: NEWEST_FIRST }, { $limit: limit }]
    const page = { as: 'page', foreignField: 'userId', pipeline }
    const rows = await attempt(deadline, 'read', (terms) =>
      users.collection.aggregate<Row>(toPipeline(userIds, [page]), terms).toArray(),
    ).catch((error: unknown) => {
      /* One of them is; which, shows when each is read alone. */
      if (userIds.length > 1 && isTooLarge(error)) return []
      throw error
    })
    return new Map(rows.filter(isWhole).map((row) => [row._id.toHexString(), row]))
  }

  const gatherOf = (limit: number) =>
    createGather<ObjectId, Found | undefined>({
      nameOf: (userId) => userId.toHexString(),
      most: Math.min(MOST_USERS, Math.ceil(MOST_MESSAGES / limit)),
      async read(userIds, deadline) {
        const rows = await readTogether(userIds, limit, deadline)
        return (userId) => {
          const row = rows.get(userId.toHexString())
          return row && { messages: row.messages ?? {}, touches: row.touches ?? 0, again: false }
        }
      },
    })

  const gathers = new Map<number, ReturnType<typeof gatherOf>>()
  return (userId, limit, deadline) => {
    const gather = gathers.get(limit) ?? gatherOf(limit)
    gathers.set(limit, gather)
    return gather(userId, deadline)
  }
}
