import { attempt, type Deadline } from '../db/attempt.ts'
import type { Database } from '../db/database.ts'
import { DUPLICATE_KEY, toStoreError, withOutcome } from '../db/failure.ts'
import type { WriteError } from '../db/insert.ts'
import { invalidInput } from '../errors.ts'
import type { ObjectId } from '../ids.ts'
import { messagesById } from './by-id.ts'
import type { Claims } from './claims.ts'
import type { RetentionKeeper } from './retention.ts'
import { type MessageDocument, messages } from './schema.ts'
import { type Group, isContested, isJoined, messagesOf, type Traveller } from './traveller.ts'

/** What the server refused of a batch. */
export type Refusals = Map<Traveller | undefined, WriteError>

interface Needs {
  database: Database
  retention: RetentionKeeper
  claims: Claims
  /** Sends travellers back, to be claimed for another flight. */
  claimAnew(travellers: Traveller[]): void
}

/** Tells each caller of a batch what became of their message. */
export function createAnswers({ database, retention, claims, claimAnew }: Needs) {
  const collection = database.collection(messages)

  /**
   * Tells each caller.
   * @param overtaken of what was inserted, that in whose place something else is stored by now
   */
  async function tell(
    travellers: Traveller[],
    errors: Refusals,
    deadline: Deadline,
    overtaken = new Set<MessageDocument>(),
  ) {
    if (errors.size === 0 && overtaken.size === 0) {
      for (const traveller of travellers) traveller.resolve({ document: traveller.message, created: true })
      return
    }
    const codeFor = (traveller: Traveller) =>
      overtaken.has(traveller.message) ? DUPLICATE_KEY : errors.get(traveller)?.code
    const repeats = travellers.filter(
      (traveller) => traveller.message.op && codeFor(traveller) === DUPLICATE_KEY,
    )
    const ids = repeats.map(({ message }) => message._id)
    /* What other calls have stored under these. */
    const others = await messagesById(database, ids, deadline)
    const there = ({ message }: Traveller) => others.get(message._id.toHexString())
    /* Under an id that was not theirs, somebody chose another user's: then they are claimed for their own. */
    const foreign = repeats.filter((one) => there(one)?.userId.equals(one.message.userId) === false)
    await claims.release(messagesOf(foreign), deadline)
    const misled = new Set(foreign.filter(({ message, ownId }) => !ownId.equals(message._id)))
    for (const traveller of misled) traveller.message._id = traveller.ownId
    claimAnew([...misled])
    for (const traveller of travellers) {
      if (misled.has(traveller)) continue
      const code = codeFor(traveller)
      /* Under an id made for this call, a duplicate is what an attempt before this one inserted. */
      if (!code || (code === DUPLICATE_KEY && !traveller.message.op))
        traveller.resolve({ document: traveller.message, created: true })
      else if (code !== DUPLICATE_KEY) traveller.reject(toStoreError({ name: 'MongoServerError', code }))
      else tellRepeat(traveller, there(traveller))
    }
  }

  /**
   * Lands a flight, and tells those whose messages somebody else has taken over.
   * @returns the others
   */
  async function landFlight(
    travellers: Traveller[],
    flight: ObjectId,
    errors: Refusals,
    deadline: Deadline,
  ): Promise<Traveller[]> {
    const inserted = travellers.filter((one) => !errors.has(one))
    const hasJoined = inserted.some(isJoined)
    const arrived = { documents: messagesOf(travellers), inserted: messagesOf(inserted), hasJoined }
    const overtaken = await claims.land(arrived, flight, deadline)
    /* What a transaction stores in its place carries another operation; what was deleted must not come back. */
    const ours = [...overtaken.keys()].flatMap(({ _id, op }) => (op ? [{ _id, op, version: 1 }] : []))
    if (ours.length > 0)
      await retention.removeThroughFence(deadline, () =>
        attempt(deadline, 'write', (terms) => collection.deleteMany({ $or: ours }, terms)),
      )
    for (const traveller of travellers) {
      const earlier = overtaken.get(traveller.message)
      if (earlier?.stored)
        traveller.resolve({ document: earlier.message ?? traveller.message, created: false })
    }
    claimAnew(travellers.filter(({ message }) => overtaken.get(message)?.stored === false))
    return travellers.filter(({ message }) => !overtaken.has(message))
  }

  /** What somebody may store something else in the place of: lands it first, and tells its callers then. */
  async function land({ travellers, flight }: Group, errors: Refusals, deadline: Deadline): Promise<void> {
    const isRefused = (one: Traveller) => (errors.get(one)?.code ?? DUPLICATE_KEY) !== DUPLICATE_KEY
    const refused = travellers.filter(isRefused)
    const arrived = travellers.filter((one) => !isRefused(one))
    /* What has landed counts as stored. */
    await claims.release(messagesOf(refused), deadline, flight)
    const lost = await claims.landContested(messagesOf(arrived.filter(isContested)), deadline)
    const rest = flight && arrived.length > 0 ? await landFlight(arrived, flight, errors, deadline) : arrived
    await tell([...refused, ...rest], errors, deadline, lost)
  }

  return {
    tell,
    /** Nobody waits for it but those whom it tells. */
    land(group: Group, errors: Refusals, deadline: Deadline): void {
      void land(group, errors, deadline).catch((error: unknown) => {
        const failure = withOutcome(toStoreError(error), 'unknown')
        for (const traveller of group.travellers) traveller.reject(failure)
      })
    },
  }
}

/** What is there under the same `_id` is ours if it carries our operation. */
export function tellRepeat(traveller: Traveller, there: MessageDocument | undefined): void {
  const { message } = traveller
  if (!there) traveller.resolve({ document: message, created: false })
  else if (there.userId.equals(message.userId))
    traveller.resolve({ document: there, created: there.op?.equals(message.op ?? '') ?? false })
  else traveller.reject(invalidInput([{ path: ['id'], reason: 'is the id of another message' }]))
}
