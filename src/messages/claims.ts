import { attempt, type Deadline, soon } from '../db/attempt.ts'
import { insertNew } from '../db/insert.ts'
import type { ObjectId } from '../ids.ts'
import { type Earlier, type Identified, isOn, seenKey } from './claim.ts'
import { keyOf, keyOfChosen } from './flights.ts'
import { createJudging, type JudgingNeeds } from './judging.ts'
import { type MessageDocument, type SeenDocument, seen } from './schema.ts'
import { createTaking, type Taking } from './taking.ts'

/**
 * Which message an external id belongs to, decided before any message is written. A claim names its flights, the
 * batches that were to insert the message; what became of a flight is written down too. So a message that is
 * absent was evicted, trimmed or deleted if a flight of its has landed, and was never inserted if none did.
 *
 * A majority has a claim before its message is sent: else a crash could take the claim back, and leave a message that
 * no other delivery would find.
 */
export interface Claims extends Taking {
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
  land(arrived: Arrived, flight: ObjectId, deadline: Deadline): Promise<Map<MessageDocument, Earlier>>
  /**
   * After messages are inserted whose ids another call may know.
   * @returns those in whose place transactions have stored others, which are there by then
   */
  landContested(documents: MessageDocument[], deadline: Deadline): Promise<Set<MessageDocument>>
  /**
   * Takes back the claims of messages that were refused.
   * @param flight that they were on: those that others have joined stay theirs
   */
  release(documents: Identified[], deadline: Deadline, flight?: ObjectId): Promise<void>
}

/** What a flight has brought. */
export interface Arrived {
  documents: MessageDocument[]
  /** Of these, those that were not there before. */
  inserted: MessageDocument[]
  /** Some of them have joined the claim of another flight. */
  hasJoined: boolean
}

export function createClaims(needs: JudgingNeeds): Claims {
  const { database, flights, settleUsers } = needs
  const claims = database.collection(seen)
  const judging = createJudging(needs)
  const { readSure, judge } = judging

  /** @returns those that were claimed before, of which a majority has the claims by then */
  async function insert(documents: MessageDocument[], flight: ObjectId, deadline: Deadline) {
    const createdAt = new Date()
    const wanted = documents.map((document) => ({
      _id: seenKey(document),
      messageId: document._id,
      flights: [flight],
      createdAt,
    }))
    const before = await insertNew(database, seen.collection, wanted, deadline)
    return before.flatMap((index) => documents[index] ?? [])
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
    const joined = kept.filter((claim) => isOn(claim, flight))
    /* Who is about to land looks again: of two that insert the same, after an eviction in between, one has to yield. */
    await flights.overtake(joined.flatMap((claim) => besides(claim, flight)).map(keyOf), deadline)
    const now = await judge(kept, deadline)
    for (const key of left) judged.delete(key)
    for (const claim of joined) judged.set(claim._id, own(claim))
    for (const [key, earlier] of now) if (earlier.stored) judged.set(key, earlier)
    return judged
  }

  /**
   * Claims of messages that we have inserted, and that another flight might insert as well when they are evicted, are
   * ours alone from here, if we are the first. Where the other one has landed, it has met our message.
   * @returns whether there were any
   */
  async function keep(found: SeenDocument[], flight: ObjectId, deadline: Deadline): Promise<boolean> {
    const others = (claim: SeenDocument) => (isOn(claim, flight) ? besides(claim, flight) : [])
    const landed = await flights.landed(found.flatMap(others), deadline)
    const isOpen = (claim: SeenDocument) =>
      others(claim).length > 0 && others(claim).every((one) => !landed.has(one.toHexString()))
    const shared = found.filter(isOpen)
    if (shared.length === 0) return false
    const filter = { _id: { $in: shared.map(({ _id }) => _id) }, flights: flight }
    await attempt(deadline, 'write', (terms) =>
      claims.updateMany(filter, { $set: { flights: [flight] } }, terms),
    )
    return true
  }

  const byDocument = (documents: MessageDocument[], judged: Map<string, Earlier>) =>
    new Map(
      documents.flatMap((document): [MessageDocument, Earlier][] => {
        const earlier = judged.get(seenKey(document))
        return earlier ? [[document, earlier]] : []
      }),
    )

  return {
    ...createTaking(needs, judging),

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

    async land({ documents, inserted, hasJoined }, flight, deadline) {
      const keys = documents.map(seenKey)
      const brought = new Set(inserted.map(seenKey))
      const lookAgain = async () => {
        const found = await readSure(keys, deadline)
        const ours = found.filter(({ _id }) => brought.has(_id))
        const now = (await keep(ours, flight, deadline)) ? await readSure(keys, deadline) : found
        const lost = now.filter((claim) => !isOn(claim, flight))
        return byDocument(documents, await judge(lost, deadline))
      }
      let lost = hasJoined ? await lookAgain() : new Map<MessageDocument, Earlier>()
      for (let known = 0; ; ) {
        const overtakers = await flights.land(flight, known, deadline)
        if (overtakers === known) return lost
        known = overtakers
        lost = await lookAgain()
      }
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
  }
}

/** The other flights of a claim. */
const besides = ({ flights = [] }: SeenDocument, flight: ObjectId): ObjectId[] =>
  flights.filter((one) => !one.equals(flight))
