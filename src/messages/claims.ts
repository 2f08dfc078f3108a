import { attempt, type Deadline } from '../db/attempt.ts'
import type { Database } from '../db/database.ts'
import { DUPLICATE_KEY } from '../db/failure.ts'
import { insertUnordered } from '../db/insert.ts'
import type { ObjectId } from '../ids.ts'
import type { RetentionKeeper } from './retention.ts'
import { type MessageDocument, messages, type SeenDocument, seen } from './schema.ts'

type Named = Pick<MessageDocument, 'userId' | 'conversationId' | 'externalId'>

/** One key for user, conversation and external id; a user's keys are one range. */
export const seenKey = ({ userId, conversationId, externalId }: Named): string =>
  `${userId.toHexString()}:${JSON.stringify([conversationId ?? null, externalId])}`

/** Which message an external id belongs to: decided here, before any message is written. */
export interface Claims {
  /** Claims each document's external id. Gives the claims that were there first, by their key. */
  claim(documents: MessageDocument[], deadline: Deadline): Promise<Map<string, SeenDocument>>
  /** Of claims whose message is absent: those whose message was stored once, and has been evicted or deleted since. */
  departed(
    claims: SeenDocument[],
    userOf: (claim: SeenDocument) => ObjectId,
    deadline: Deadline,
  ): Promise<Set<string>>
  /** Before messages are deleted: their external ids must not bring them back. */
  markGone(documents: Named[], deadline: Deadline): Promise<void>
  /** Removes every claim of a user. */
  erase(userId: ObjectId): Promise<void>
}

export function createClaims(database: Database, retention: RetentionKeeper): Claims {
  const claims = database.collection(seen)
  const collection = database.collection(messages)

  /** A capped collection forgets in the order of storing: older than its oldest is gone. */
  const oldestKept = (deadline: Deadline) =>
    attempt(deadline, 'read', (maxTimeMS) =>
      collection.findOne({}, { sort: { $natural: 1 }, projection: { createdAt: 1 }, maxTimeMS }),
    )

  const newerThan = (userId: ObjectId, timestamp: Date, limit: number, deadline: Deadline) =>
    attempt(deadline, 'read', (maxTimeMS) =>
      collection.countDocuments({ userId, timestamp: { $gt: timestamp } }, { limit, maxTimeMS }),
    )

  async function departedFromCapped(absent: SeenDocument[], deadline: Deadline): Promise<SeenDocument[]> {
    const oldest = await oldestKept(deadline)
    return absent.filter(({ createdAt }) => oldest && createdAt < oldest.createdAt)
  }

  async function departedFromRolling(
    absent: SeenDocument[],
    userOf: (claim: SeenDocument) => ObjectId,
    limits: { maxAgeMs?: number; maxPerUser?: number },
    deadline: Deadline,
  ): Promise<SeenDocument[]> {
    const { maxAgeMs = Number.POSITIVE_INFINITY, maxPerUser } = limits
    const trimmed = await Promise.all(
      absent.map(async (claim) =>
        maxPerUser
          ? (await newerThan(userOf(claim), claim.timestamp, maxPerUser, deadline)) >= maxPerUser
          : false,
      ),
    )
    return absent.filter(({ createdAt }, i) => trimmed[i] || Date.now() - createdAt.getTime() > maxAgeMs)
  }

  return {
    async claim(documents, deadline) {
      const now = new Date()
      const wanted = documents.map((document) => ({
        _id: seenKey(document),
        messageId: document._id,
        timestamp: document.timestamp,
        createdAt: now,
      }))
      const errors = await insertUnordered(database, seen.collection, wanted, deadline)
      const other = errors.find(({ code }) => code !== DUPLICATE_KEY)
      if (other) throw Object.assign(new Error('claim refused'), { code: other.code })
      if (errors.length === 0) return new Map()
      const taken = errors.flatMap(({ index }) => wanted[index]?._id ?? [])
      const found = await attempt(deadline, 'read', (maxTimeMS) =>
        claims.find({ _id: { $in: taken } }, { maxTimeMS }).toArray(),
      )
      return new Map(found.map((claim) => [claim._id, claim]))
    },

    async departed(absent, userOf, deadline) {
      const unmarked = absent.filter(({ gone }) => !gone)
      const kept = retention.current()
      const departed =
        unmarked.length === 0
          ? []
          : kept.kind === 'capped'
            ? await departedFromCapped(unmarked, deadline)
            : await departedFromRolling(unmarked, userOf, kept, deadline)
      return new Set([...absent.filter(({ gone }) => gone), ...departed].map(({ _id }) => _id))
    },

    async markGone(documents, deadline) {
      const keys = documents.filter(({ externalId }) => externalId !== undefined).map(seenKey)
      if (keys.length === 0) return
      await attempt(deadline, 'write', (maxTimeMS) =>
        claims.updateMany({ _id: { $in: keys } }, { $set: { gone: true } }, { maxTimeMS }),
      )
    },

    async erase(userId) {
      const prefix = userId.toHexString()
      /* ';' follows ':' in every collation that compares bytes. */
      await attempt(database.deadline(), 'write', (maxTimeMS) =>
        claims.deleteMany({ _id: { $gte: `${prefix}:`, $lt: `${prefix};` } }, { maxTimeMS }),
      )
    },
  }
}
