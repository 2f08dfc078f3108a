import { setTimeout as sleep } from 'node:timers/promises'
import { type Deadline, deadlineIn } from '../db/attempt.ts'
import type { Database } from '../db/database.ts'
import type { ObjectId } from '../ids.ts'
import type { Claims } from './claims.ts'
import { removeFromCopies } from './copies.ts'
import type { Journal } from './journal.ts'
import type { createRemoval } from './remove.ts'
import type { Settling } from './settle.ts'
import { UNCHECKED_MS } from './writer.ts'

interface Needs {
  database: Database
  claims: Claims
  journal: Journal
  settling: Settling
  removal: ReturnType<typeof createRemoval>
}

/** More than a settler of an entry may take. */
const QUIET_MS = 30_000

/** Messages as the erasure of their user sees them. */
export function createErasedMessages({ database, claims, journal, settling, removal }: Needs) {
  return {
    /** Before the erasure: what transactions have committed counts as stored. */
    settle: (userId: ObjectId): Promise<void> => settling.settleUsers([userId], database.deadline()),
    /** In the transaction of the erasure: nobody begins to settle an entry of the user any more. */
    close: (userId: ObjectId, inside: Deadline): Promise<void> => journal.close(userId, inside),
    /**
     * After it, no message of the user is on its way, except from processes that check their users after their
     * insert: settlers have ended, and so have the inserts that are too fast to be checked again.
     */
    async quiet(userId: ObjectId): Promise<void> {
      await sleep(2 * UNCHECKED_MS)
      const patience = deadlineIn(Math.max(database.timeoutMs, QUIET_MS))
      await settling.closeUser(userId, patience, database.deadline)
    },
    find: removal.find,
    remove: removal.remove,
    /** When none are left. */
    end: (userId: ObjectId): Promise<void> => removeFromCopies(database, userId),
    /** What has no place in a receipt: external ids seen. */
    removeTraces: claims.erase,
  }
}
