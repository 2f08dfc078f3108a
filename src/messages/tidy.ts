import { atMost, attempt, type Deadline } from '../db/attempt.ts'
import type { Database } from '../db/database.ts'
import type { ObjectId } from '../ids.ts'
import type { Identified } from './claim.ts'
import type { Claims } from './claims.ts'
import type { RetentionKeeper } from './retention.ts'
import { type MessageDocument, messages } from './schema.ts'

interface Needs {
  database: Database
  retention: RetentionKeeper
  claims: Claims
  /** Of these users, those that exist. */
  usersAmong(ids: ObjectId[], deadline: Deadline): Promise<Set<string>>
}

export type Tidying = ReturnType<typeof createTidying>

/** How long a store that closes waits. */
const CLOSING_MS = 2000

/**
 * Looks after messages whose callers were told that their time is over. What was sent may arrive all the same; and
 * if the process slept meanwhile, for longer than any deadline, their user may have been erased.
 */
export function createTidying({ database, retention, claims, usersAmong }: Needs) {
  const collection = database.collection(messages)
  const underWay = new Set<Promise<void>>()

  async function withdraw(gone: Identified[], deadline: Deadline): Promise<void> {
    const filter = { $or: gone.map(({ _id, userId }) => ({ _id, userId })) }
    await retention.removeThroughFence(deadline, () =>
      attempt(deadline, 'write', (terms) => collection.deleteMany(filter, terms)),
    )
    await claims.release(gone, deadline)
  }

  async function tidy(traces: Identified[], writes: Promise<unknown>[]): Promise<void> {
    await Promise.allSettled(writes)
    const deadline = database.deadline()
    const users = new Map(traces.map(({ userId }) => [userId.toHexString(), userId]))
    const found = await usersAmong([...users.values()], deadline)
    const gone = traces.filter(({ userId }) => !found.has(userId.toHexString()))
    if (gone.length > 0) await withdraw(gone, deadline)
  }

  return {
    /** Removes messages of users who are gone, and their claims. */
    withdraw,
    /**
     * When what was sent has arrived, or has failed. Nobody waits for it; what fails here, the upkeep finds that looks
     * for late arrivals.
     */
    after(documents: MessageDocument[], writes: Promise<unknown>[]): void {
      const isClaimed = documents.some(({ externalId }) => externalId !== undefined)
      if (writes.length === 0 && !isClaimed) return
      const traces = documents.map(({ _id, userId, conversationId, externalId }) => ({
        _id,
        userId,
        ...(conversationId !== undefined && { conversationId }),
        ...(externalId !== undefined && { externalId }),
      }))
      const tidying = tidy(traces, writes)
        .catch(() => {})
        .finally(() => underWay.delete(tidying))
      underWay.add(tidying)
    },
    /** Before a store closes. */
    async done(): Promise<void> {
      await atMost(CLOSING_MS, Promise.all(underWay))
    },
  }
}
