import { attempt, type Deadline, outside } from '../db/attempt.ts'
import { ownedBy } from '../db/definition.ts'
import type { ObjectId } from '../ids.ts'
import { messagesById } from './by-id.ts'
import { type Earlier, type Identified, isVoid, ofClaim, seenKey, toEarlier } from './claim.ts'
import { keyOf, keyOfChosen } from './flights.ts'
import type { Judging, JudgingNeeds } from './judging.ts'
import { type MessageDocument, type SeenDocument, seen } from './schema.ts'

/** Claims that are taken from whoever has them: by transactions, by deletions, and by the erasure of their user. */
export interface Taking {
  /** What is known of a document's external id in a transaction: nothing, if it has not been seen. */
  look(document: Identified, inside: Deadline): Promise<Earlier | undefined>
  /**
   * In a transaction: claims external ids for messages that the journal stores, and takes over from flights.
   * @param contested of these messages, those that another call may be about to store under the same id
   */
  write(
    wanted: { key: string; messageId: ObjectId; from: ObjectId[] }[],
    contested: MessageDocument[],
    inside: Deadline,
  ): Promise<void>
  /**
   * Before messages are deleted: their external ids must not bring them back, even if their flight crashed, or is so
   * slow that it inserts them afterwards.
   */
  keepAway(documents: Identified[], deadline: Deadline): Promise<void>
  /** Removes every claim of a user. */
  erase(userId: ObjectId): Promise<void>
}

export function createTaking({ database, flights }: JudgingNeeds, { read }: Judging): Taking {
  const claims = database.collection(seen)

  /** @returns how many are as they were, and have no flights any more */
  async function unset(found: SeenDocument[], deadline: Deadline): Promise<number> {
    if (found.length === 0) return 0
    const writes = found.map(({ _id, messageId, flights: on }) => ({
      updateOne: { filter: { _id, messageId, flights: on }, update: { $unset: { flights: 1 as const } } },
    }))
    const { modifiedCount } = await attempt(deadline, 'write', (terms) => claims.bulkWrite(writes, terms))
    return modifiedCount
  }

  return {
    async look(document, inside) {
      const [claim] = await read([seenKey(document)], inside)
      if (!claim) return undefined
      const landed = await flights.landed(claim.flights ?? [], inside)
      const there = await messagesById(database, [claim.messageId], outside(inside))
      const earlier = toEarlier(claim, ofClaim(there, claim), landed)
      if (isVoid(there, claim)) return { ...earlier, messageId: document._id, stored: false }
      /* Of transactions, one at a time: none will store another in the place of what is there. */
      return { ...earlier, stored: earlier.stored || earlier.message !== undefined }
    },

    async write(wanted, contested, inside) {
      const from = wanted.flatMap((one) => one.from)
      await flights.overtake([...from.map(keyOf), ...contested.map(keyOfChosen)], inside)
      if (wanted.length === 0) return
      const createdAt = new Date()
      const writes = wanted.map(({ key, messageId, from }) =>
        from.length > 0
          ? {
              updateOne: {
                filter: { _id: key },
                update: { $set: { messageId }, $unset: { flights: 1 as const } },
              },
            }
          : { insertOne: { document: { _id: key, messageId, createdAt } } },
      )
      await attempt(inside, 'write', (terms) => claims.bulkWrite(writes, terms))
    },

    async keepAway(documents, deadline) {
      const named = documents.filter(({ externalId }) => externalId !== undefined)
      const ids = new Map(named.map((document) => [seenKey(document), document._id]))
      /* Somebody may join a claim meanwhile. What lands before it is unset, has inserted before the deletion. */
      for (let left = ids.size; left > 0; ) {
        const all = await read([...ids.keys()], deadline)
        /* After seven days the same name may be another message's. */
        const found = all.filter((claim) => claim.flights && ids.get(claim._id)?.equals(claim.messageId))
        const under = found.flatMap((claim) => claim.flights ?? [])
        const landed = await flights.landed(under, deadline)
        const unsure = under.filter((flight) => !landed.has(flight.toHexString()))
        await flights.overtake(unsure.map(keyOf), deadline)
        left = found.length - (await unset(found, deadline))
      }
    },

    async erase(userId) {
      await attempt(database.deadline(), 'write', (terms) => claims.deleteMany(ownedBy(seen, userId), terms))
    },
  }
}
