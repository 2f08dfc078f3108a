import { attempt, type Deadline } from '../db/attempt.ts'
import type { Database } from '../db/database.ts'
import { isTooLarge } from '../db/failure.ts'
import { createGather } from '../db/gather.ts'
import type { ObjectId } from '../ids.ts'
import { createPipelines, type Found, isWhole, type Row, toFound, type UsersView } from './look.ts'
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
    return rows.filter(isWhole)
  }

  const gatherOf = (limit: number) =>
    createGather<ObjectId, Row>({
      nameOf: (userId) => userId.toHexString(),
      namesOf: ({ _id }) => [_id.toHexString()],
      most: Math.min(MOST_USERS, Math.ceil(MOST_MESSAGES / limit)),
      read: (userIds, deadline) => readTogether(userIds, limit, deadline),
    })

  const gathers = new Map<number, ReturnType<typeof gatherOf>>()
  return async (userId, limit, deadline) => {
    const gather = gathers.get(limit) ?? gatherOf(limit)
    gathers.set(limit, gather)
    const row = await gather(userId, deadline)
    return row && toFound(row, false)
  }
}
