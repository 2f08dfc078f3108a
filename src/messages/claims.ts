import { attempt, type Deadline } from '../db/attempt.ts'
import type { Database } from '../db/database.ts'
import { DUPLICATE_KEY } from '../db/failure.ts'
import { insertUnordered } from '../db/insert.ts'
import type { ObjectId } from '../ids.ts'
import { type MessageDocument, messages, type SeenDocument, seen } from './schema.ts'

type Named = Pick<MessageDocument, 'userId' | 'conversationId' | 'externalId'>

/** One key for user, conversation and external id; a user's keys are one range. */
export const seenKey = ({ userId, conversationId, externalId }: Named): string =>
  `${userId.toHexString()}:${JSON.stringify([conversationId ?? null, externalId])}`

const landingKey = (flight: ObjectId): string => `flight:${flight.toHexString()}`

/** What an earlier delivery made of an external id. */
export interface Earlier {
  /** The message's id, for whoever has to insert it. */
  messageId: ObjectId
  /** It was inserted once, and is not inserted again, even if it is gone by now. */
  stored: boolean
  message: MessageDocument | undefined
}

/**
 * Which message an external id belongs to, decided before any message is written. A claim names its flight,
 * the batch that was to insert the message; when a flight has landed, that is written down too. So a message
 * that is absent was evicted, trimmed or deleted if its flight landed, and was never inserted if it didn't.
 */
export interface Claims {
  /** Claims each document's external id for a flight. Gives those that an earlier delivery had claimed. */
  claim(
    documents: MessageDocument[],
    flight: ObjectId,
    deadline: Deadline,
  ): Promise<Map<MessageDocument, Earlier>>
  /** A flight's messages are inserted. */
  land(flight: ObjectId, deadline: Deadline): Promise<void>
  /** Claims an external id for a message that is stored. False: it belongs to another message. */
  claimStored(document: MessageDocument, deadline: Deadline): Promise<boolean>
  /** Before messages are deleted: their external ids must not bring them back, even if their flight crashed. */
  keepAway(documents: Named[], deadline: Deadline): Promise<void>
  /** Takes back the claims of messages that were refused. */
  release(documents: MessageDocument[], deadline: Deadline): Promise<void>
  /** Removes every claim of a user. */
  erase(userId: ObjectId): Promise<void>
}

/** The message of a claim. An id that its caller chose may be the id of another user's message. */
function ofClaim(there: Map<string, MessageDocument>, claim: SeenDocument): MessageDocument | undefined {
  const message = there.get(claim.messageId.toHexString())
  return message && claim._id.startsWith(`${message.userId.toHexString()}:`) ? message : undefined
}

export function createClaims(database: Database): Claims {
  const claims = database.collection(seen)
  const collection = database.collection(messages)

  /** @returns the claims that were there first, by key */
  async function insert(
    documents: MessageDocument[],
    flight: ObjectId | undefined,
    deadline: Deadline,
  ): Promise<Map<string, SeenDocument>> {
    const createdAt = new Date()
    const wanted = documents.map((document) => ({
      _id: seenKey(document),
      messageId: document._id,
      ...(flight && { flight }),
      createdAt,
    }))
    const errors = await insertUnordered(database, seen.collection, wanted, deadline)
    const other = errors.find(({ code }) => code !== DUPLICATE_KEY)
    if (other) throw Object.assign(new Error('claim refused'), { code: other.code })
    if (errors.length === 0) return new Map()
    const taken = errors.flatMap(({ index }) => wanted[index]?._id ?? [])
    const found = await attempt(deadline, 'read', (terms) =>
      claims.find({ _id: { $in: taken } }, terms).toArray(),
    )
    return new Map(found.map((claim) => [claim._id, claim]))
  }

  async function messagesOf(
    found: SeenDocument[],
    deadline: Deadline,
  ): Promise<Map<string, MessageDocument>> {
    const ids = found.map(({ messageId }) => messageId)
    const there = await attempt(deadline, 'read', (terms) =>
      collection.find({ _id: { $in: ids } }, terms).toArray(),
    )
    return new Map(there.map((message) => [message._id.toHexString(), message]))
  }

  async function landed(found: SeenDocument[], deadline: Deadline): Promise<Set<string>> {
    const keys = [...new Set(found.flatMap(({ flight }) => (flight ? [landingKey(flight)] : [])))]
    if (keys.length === 0) return new Set()
    const landings = await attempt(deadline, 'read', (terms) =>
      claims.find({ _id: { $in: keys } }, terms).toArray(),
    )
    return new Set(landings.map(({ _id }) => _id))
  }

  /** What a crashed flight left is inserted by this one. */
  async function takeOver(left: SeenDocument[], flight: ObjectId, deadline: Deadline): Promise<void> {
    const keys = left.filter((claim) => !claim.flight?.equals(flight)).map(({ _id }) => _id)
    if (keys.length === 0) return
    await attempt(deadline, 'write', (terms) =>
      claims.updateMany({ _id: { $in: keys }, flight: { $exists: true } }, { $set: { flight } }, terms),
    )
  }

  return {
    async claim(documents, flight, deadline) {
      const claimed = await insert(documents, flight, deadline)
      const repeats = documents.flatMap((document) => {
        const claim = claimed.get(seenKey(document))
        const own = claim?.flight?.equals(flight) && claim.messageId.equals(document._id)
        return claim && !own ? [{ document, claim }] : []
      })
      if (repeats.length === 0) return new Map()
      const there = await messagesOf([...claimed.values()], deadline)
      const present = (claim: SeenDocument) => ofClaim(there, claim)
      const absent = [...claimed.values()].filter((claim) => !present(claim))
      const done = await landed(absent, deadline)
      const isStored = (claim: SeenDocument) =>
        Boolean(present(claim)) || !claim.flight || done.has(landingKey(claim.flight))
      await takeOver(
        absent.filter((claim) => !isStored(claim)),
        flight,
        deadline,
      )
      return new Map(
        repeats.map(({ document, claim }) => [
          document,
          { messageId: claim.messageId, stored: isStored(claim), message: present(claim) },
        ]),
      )
    },

    async land(flight, deadline) {
      /* Not worth a majority: if a fail-over loses it, a message evicted since may come back once. */
      const landing = { $setOnInsert: { createdAt: new Date() } }
      await attempt(deadline, 'write', (terms) =>
        claims.updateOne({ _id: landingKey(flight) }, landing, {
          upsert: true,
          ...terms,
          writeConcern: { w: 1 },
        }),
      )
    },

    async claimStored(document, deadline) {
      const claimed = await insert([document], undefined, deadline)
      return [...claimed.values()].every(({ messageId }) => messageId.equals(document._id))
    },

    async keepAway(documents, deadline) {
      const keys = documents.filter(({ externalId }) => externalId !== undefined).map(seenKey)
      if (keys.length === 0) return
      await attempt(deadline, 'write', (terms) =>
        claims.updateMany({ _id: { $in: keys } }, { $unset: { flight: 1 } }, terms),
      )
    },

    async release(documents, deadline) {
      const named = documents.filter(({ externalId }) => externalId !== undefined)
      if (named.length === 0) return
      const own = named.map((document) => ({ _id: seenKey(document), messageId: document._id }))
      await attempt(deadline, 'write', (terms) => claims.deleteMany({ $or: own }, terms))
    },

    async erase(userId) {
      const prefix = userId.toHexString()
      /* ';' follows ':' in every collation that compares bytes. */
      await attempt(database.deadline(), 'write', (terms) =>
        claims.deleteMany({ _id: { $gte: `${prefix}:`, $lt: `${prefix};` } }, terms),
      )
    },
  }
}
