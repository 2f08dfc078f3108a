import { attempt, type Deadline, sure } from '../db/attempt.ts'
import type { Database } from '../db/database.ts'
import type { ObjectId } from '../ids.ts'
import { messagesById } from './by-id.ts'
import { type Earlier, isVoid, ofClaim, toEarlier, userOf } from './claim.ts'
import type { Flights } from './flights.ts'
import { type SeenDocument, seen } from './schema.ts'

export interface JudgingNeeds {
  database: Database
  flights: Flights
  /** Carries out what transactions of these users have left to do. */
  settleUsers(userIds: ObjectId[], deadline: Deadline): Promise<void>
}

export type Judging = ReturnType<typeof createJudging>

/** Reads claims, and finds out what has become of them. */
export function createJudging({ database, flights, settleUsers }: JudgingNeeds) {
  const claims = database.collection(seen)

  return {
    read: (keys: string[], deadline: Deadline): Promise<SeenDocument[]> =>
      attempt(deadline, 'read', (terms) => claims.find({ _id: { $in: keys } }, terms).toArray()),

    /** What a majority has. To be called after a write: it waits until that is all that came before it. */
    readSure: (keys: string[], deadline: Deadline): Promise<SeenDocument[]> =>
      attempt(deadline, 'read', (terms) => claims.find({ _id: { $in: keys } }, sure(terms)).toArray()),

    /**
     * What has become of claims, by key: nothing for those that are void. A message that is there is nobody's answer
     * before a flight of its has landed: a transaction may be about to store another one in its place. So flights are
     * looked at first. What has landed is there by then, if it was not evicted or deleted.
     */
    async judge(found: SeenDocument[], deadline: Deadline): Promise<Map<string, Earlier>> {
      const under = found.flatMap((claim) => claim.flights ?? [])
      const landed = await flights.landed(under, deadline)
      /* What a transaction stores may be in the journal still. */
      const decided = found.filter((claim) => !claim.flights)
      if (decided.length > 0) await settleUsers(decided.map(userOf), deadline)
      const ids = found.map(({ messageId }) => messageId)
      const there = await messagesById(database, ids, deadline)
      const valid = found.filter((claim) => !isVoid(there, claim))
      return new Map(valid.map((claim) => [claim._id, toEarlier(claim, ofClaim(there, claim), landed)]))
    },
  }
}
