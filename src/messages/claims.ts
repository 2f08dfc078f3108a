import { attempt, type Deadline, outside, soon, sure } from '../db/attempt.ts'
import type { Database } from '../db/database.ts'
import { ownedBy } from '../db/definition.ts'
import { DUPLICATE_KEY } from '../db/failure.ts'
import { insertUnordered } from '../db/insert.ts'
import type { ObjectId } from '../ids.ts'
import { messagesById } from './by-id.ts'
import { type Earlier, isOn, isVoid, type Named, ofClaim, seenKey, toEarlier, userOf } from './claim.ts'
import { type Flights, keyOf, keyOfChosen } from './flights.ts'
import { type MessageDocument, type SeenDocument, seen } from './schema.ts'

/**
 * Which message an external id belongs to, decided before any message is written. A claim names its flights, the
 * batches that were to insert the message; what became of a flight is written down too. So a message that is
 * absent was evicted, trimmed or deleted if a flight of its has landed, and was never inserted if none did.
 *
 * A majority has a claim before its message is sent: else a crash could take the claim back, and leave a message that
 * no other delivery would find.
 */
export interface Claims {
  /**
   * Claims each document's external id for a flight.
   * @param heldMs how long to wait for a transaction that holds one of them
   * @returns those that an earlier delivery had claimed
   */
  claim(
    documents: MessageDocument[],
    flight: ObjectId,
    deadline: Deadline,
    heldMs: number,
  ): Promise<Map<MessageDocument, Earlier>>
  /**
   * Lands a flight whose documents are inserted.
   * @returns those that somebody else has taken over since they were claimed
   */
  land(
    documents: MessageDocument[],
    flight: ObjectId,
    deadline: Deadline,
  ): Promise<Map<MessageDocument, Earlier>>
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
   * After messages are inserted whose ids another call may know.
   * @returns those in whose place transactions have stored others, which are there by then
   */
  landContested(documents: MessageDocument[], deadline: Deadline): Promise<Set<MessageDocument>>
  /**
   * Before messages are deleted: their external ids must not bring them back, even if their flight crashed, or is so
   * slow that it inserts them afterwards.
   */
  keepAway(documents: Identified[], deadline: Deadline): Promise<void>
  /**
   * Takes back the claims of messages that were refused.
   * @param flight that they were on: those that others have joined stay theirs
   */
  release(documents: Identified[], deadline: Deadline, flight?: ObjectId): Promise<void>
  /** Removes every claim of a user. */
  erase(userId: ObjectId): Promise<void>
}

type Identified = Named & Pick<MessageDocument, '_id'>

interface Needs {
  database: Database
  flights: Flights
  /** Carries out what transactions of these users have left to do. */
  settleUsers(userIds: ObjectId[], deadline: Deadline): Promise<void>
}

export function createClaims({ database, flights, settleUsers }: Needs): Claims {
  const claims = database.collection(seen)

  /** @returns those that were claimed before, of which a majority has the claims by then */
  async function insert(documents: MessageDocument[], flight: ObjectId, deadline: Deadline) {
    const createdAt = new Date()
    const wanted = documents.map((document) => ({
      _id: seenKey(document),
      messageId: document._id,
      flights: [flight],
      createdAt,
    }))
    const { errors } = await insertUnordered(database, seen.collection, wanted, deadline)
    const other = errors.find(({ code }) => code !== DUPLICATE_KEY)
    if (other) throw Object.assign(new Error('claim refused'), { code: other.code })
    return errors.flatMap(({ index }) => documents[index] ?? [])
  }

  const read = (keys: string[], deadline: Deadline): Promise<SeenDocument[]> =>
    attempt(deadline, 'read', (terms) => claims.find({ _id: { $in: keys } }, terms).toArray())

  /** What a majority has. To be called after a write: it waits until that is all that came before it. */
  const readSure = (keys: string[], deadline: Deadline): Promise<SeenDocument[]> =>
    attempt(deadline, 'read', (terms) => claims.find({ _id: { $in: keys } }, sure(terms)).toArray())

  /**
   * What has become of claims, by key: nothing for those that are void. A message that is there is nobody's answer before a flight of its has landed: a
   * transaction may be about to store another one in its place. So flights are looked at first. What has landed is there
   * by then, if it was not evicted or deleted.
   */
  async function judge(found: SeenDocument[], deadline: Deadline): Promise<Map<string, Earlier>> {
    const under = found.flatMap((claim) => claim.flights ?? [])
    const landed = await flights.landed(under, deadline)
    /* What a transaction stores may be in the journal still. */
    const decided = found.filter((claim) => !claim.flights)
    if (decided.length > 0) await settleUsers(decided.map(userOf), deadline)
    const ids = found.map(({ messageId }) => messageId)
    const there = await messagesById(database, ids, deadline)
    const valid = found.filter((claim) => !isVoid(there, claim))
    return new Map(valid.map((claim) => [claim._id, toEarlier(claim, ofClaim(there, claim), landed)]))
  }

  /** What a crashed flight left is inserted by this one, unless a deletion or a transaction was faster. */
  const takeOver = (keys: string[], flight: ObjectId, deadline: Deadline) =>
    attempt(deadline, 'write', (terms) =>
      claims.updateMany(
        { _id: { $in: keys }, flights: { $exists: true } },
        { $addToSet: { flights: flight } },
        terms,
      ),
    )

  /** Takes back claims under whose id nothing can be stored, whoever has them. */
  async function discard(found: SeenDocument[], deadline: Deadline): Promise<void> {
    if (found.length === 0) return
    const same = found.map(({ _id, messageId }) => ({ _id, messageId, flights: { $exists: true } }))
    await attempt(deadline, 'write', (terms) => claims.deleteMany({ $or: same }, terms))
  }

  /** A claim that names our own flight: its message is ours to insert, and to land. */
  const own = ({ messageId }: SeenDocument): Earlier => ({
    messageId,
    stored: false,
    message: undefined,
    flights: [],
  })

  /**
   * Judges claims, and takes over those that are nobody's.
   * @returns nothing for those that are gone by now, or somebody else's anew: expired, taken back, or void
   */
  async function resolve(keys: string[], flight: ObjectId, deadline: Deadline, heldMs: number) {
    const found = await readSure(keys, deadline)
    const others = found.filter((claim) => !isOn(claim, flight))
    const judged = await judge(others, deadline)
    for (const claim of found) if (isOn(claim, flight)) judged.set(claim._id, own(claim))
    await discard(
      others.filter(({ _id }) => !judged.has(_id)),
      deadline,
    )
    const left = others.map(({ _id }) => _id).filter((key) => judged.get(key)?.stored === false)
    if (left.length === 0) return judged
    await takeOver(left, flight, soon(deadline, heldMs))
    const kept = await readSure(left, deadline)
    const lost = await judge(
      kept.filter((claim) => !isOn(claim, flight)),
      deadline,
    )
    for (const key of left) judged.delete(key)
    for (const [key, earlier] of lost) if (earlier.stored) judged.set(key, earlier)
    for (const claim of kept) if (isOn(claim, flight)) judged.set(claim._id, own(claim))
    return judged
  }

  /** @returns how many are as they were, and have no flights any more */
  async function unset(found: SeenDocument[], deadline: Deadline): Promise<number> {
    if (found.length === 0) return 0
    const writes = found.map(({ _id, messageId, flights: on }) => ({
      updateOne: { filter: { _id, messageId, flights: on }, update: { $unset: { flights: 1 as const } } },
    }))
    const { modifiedCount } = await attempt(deadline, 'write', (terms) => claims.bulkWrite(writes, terms))
    return modifiedCount
  }

  const byDocument = (documents: MessageDocument[], judged: Map<string, Earlier>) =>
    new Map(
      documents.flatMap((document): [MessageDocument, Earlier][] => {
        const earlier = judged.get(seenKey(document))
        return earlier ? [[document, earlier]] : []
      }),
    )

  return {
    async claim(documents, flight, deadline, heldMs) {
      const judged = new Map<string, Earlier>()
      for (let rest = documents; rest.length > 0; ) {
        const taken = await insert(rest, flight, soon(deadline, heldMs))
        if (taken.length === 0) break
        for (const [key, earlier] of await resolve(taken.map(seenKey), flight, deadline, heldMs))
          judged.set(key, earlier)
        rest = taken.filter((document) => !judged.has(seenKey(document)))
      }
      const found = byDocument(documents, judged)
      /* The document whose id the claim has is the first of this batch, or one of an attempt before. */
      for (const [document, { messageId, stored }] of found)
        if (!stored && messageId.equals(document._id)) found.delete(document)
      return found
    },

    async land(documents, flight, deadline) {
      const overtaken = async () => {
        const found = await readSure(documents.map(seenKey), deadline)
        const lost = found.filter((claim) => !isOn(claim, flight))
        return byDocument(documents, await judge(lost, deadline))
      }
      let lost = new Map<MessageDocument, Earlier>()
      for (let known = 0; ; ) {
        const overtakers = await flights.land(flight, known, deadline)
        if (overtakers === known) return lost
        known = overtakers
        lost = await overtaken()
      }
    },

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

    async landContested(documents, deadline) {
      if (documents.length === 0) return new Set()
      const overtaken = await flights.landAgain([...new Set(documents.map(keyOfChosen))], deadline)
      const lost = documents.filter((document) => overtaken.has(keyOfChosen(document)))
      if (lost.length > 0)
        await settleUsers(
          lost.map(({ userId }) => userId),
          deadline,
        )
      return new Set(lost)
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

    async release(documents, deadline, flight) {
      const named = documents.filter(({ externalId }) => externalId !== undefined)
      if (named.length === 0) return
      /* Whoever else has taken it over needs it. */
      const alone = flight ? [flight] : { $size: 1 }
      const own = named.map((document) => ({
        _id: seenKey(document),
        messageId: document._id,
        flights: alone,
      }))
      await attempt(deadline, 'write', (terms) => claims.deleteMany({ $or: own }, terms))
      if (!flight) return
      const shared = { _id: { $in: named.map(seenKey) }, flights: flight, 'flights.1': { $exists: true } }
      await attempt(deadline, 'write', (terms) =>
        claims.updateMany(shared, { $pull: { flights: flight } }, terms),
      )
    },

    async erase(userId) {
      await attempt(database.deadline(), 'write', (terms) => claims.deleteMany(ownedBy(seen, userId), terms))
    },
  }
}
