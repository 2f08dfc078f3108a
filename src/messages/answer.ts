import { attempt, type Deadline } from '../db/attempt.ts'
import type { Database } from '../db/database.ts'
import { DUPLICATE_KEY, toStoreError, withOutcome } from '../db/failure.ts'
import type { WriteError } from '../db/insert.ts'
import type { Passenger } from '../db/lane.ts'
import { invalidInput } from '../errors.ts'
import type { ObjectId } from '../ids.ts'
import { messagesById } from './by-id.ts'
import type { Claims } from './claims.ts'
import type { RetentionKeeper } from './retention.ts'
import { type MessageDocument, messages } from './schema.ts'

export interface Stored {
  document: MessageDocument
  created: boolean
}

/** A message on its way, and the caller who waits for it. */
export type Draft = Passenger<MessageDocument, Stored>
/** What the server refused of a batch. */
export type Refusals = Map<Draft | undefined, WriteError>

/** The batch that inserts messages: see `Claims`. */
export interface Flight {
  id: ObjectId
  /** A majority has the claims of its messages. */
  sure: boolean
}

export const isNamed = ({ item }: Draft): boolean => item.externalId !== undefined

interface Needs {
  database: Database
  retention: RetentionKeeper
  claims: Claims
}

/** Tells each caller of a batch what became of their message. */
export function createAnswers({ database, retention, claims }: Needs) {
  const collection = database.collection(messages)

  /** Tells each caller. */
  async function settle(drafts: Draft[], errors: Refusals, deadline: Deadline) {
    const repeats = drafts.filter((draft) => draft.item.op && errors.get(draft)?.code === DUPLICATE_KEY)
    const ids = repeats.map(({ item }) => item._id)
    /* What other calls have stored under these. */
    const others = await messagesById(database, ids, deadline)
    const there = ({ item }: Draft) => others.get(item._id.toHexString())
    const refused = drafts.filter((draft) => isRefused(draft, errors.get(draft), there(draft)))
    await claims.release(
      refused.map(({ item }) => item),
      deadline,
    )
    for (const draft of drafts) {
      const code = errors.get(draft)?.code
      /* Under an id made for this call, a duplicate is what an attempt before this one inserted. */
      if (!code || (code === DUPLICATE_KEY && !draft.item.op))
        draft.resolve({ document: draft.item, created: true })
      else if (code !== DUPLICATE_KEY) draft.reject(toStoreError({ name: 'MongoServerError', code }))
      else settleRepeat(draft, there(draft))
    }
  }

  /** Lands a flight, and tells its callers. A transaction may have stored some of its messages in its place. */
  async function land(drafts: Draft[], flight: Flight, errors: Refusals, deadline: Deadline): Promise<void> {
    if (drafts.length === 0) return
    const documents = drafts.map(({ item }) => item)
    const overtaken = await claims.land(documents, flight.id, flight.sure, deadline)
    /* What a transaction stores in its place carries another operation; what was deleted must not come back. */
    const ours = [...overtaken.keys()].flatMap(({ _id, op }) => (op ? [{ _id, op }] : []))
    if (ours.length > 0)
      await retention.removeThroughFence(deadline, () =>
        attempt(deadline, 'write', (terms) => collection.deleteMany({ $or: ours }, terms)),
      )
    for (const draft of drafts) {
      const earlier = overtaken.get(draft.item)
      if (earlier) draft.resolve({ document: earlier.message ?? draft.item, created: false })
    }
    await settle(
      drafts.filter(({ item }) => !overtaken.has(item)),
      errors,
      deadline,
    )
  }

  /**
   * Those without an external id hear at once; the others when their flight has landed, which the next batch does
   * not wait for.
   */
  return async function answer(
    drafts: Draft[],
    errors: Refusals,
    flight: Flight,
    deadline: Deadline,
  ): Promise<void> {
    const named = drafts.filter(isNamed)
    void land(named, flight, errors, deadline).catch((error: unknown) => {
      const failure = withOutcome(toStoreError(error), 'unknown')
      for (const draft of named) draft.reject(failure)
    })
    await settle(
      drafts.filter((draft) => !isNamed(draft)),
      errors,
      deadline,
    )
  }
}

/** What is there under the same `_id` is ours if it carries our operation. */
export function settleRepeat(draft: Draft, there: MessageDocument | undefined): void {
  const { item } = draft
  if (!there) draft.resolve({ document: item, created: false })
  else if (there.userId.equals(item.userId))
    draft.resolve({ document: there, created: there.op?.equals(item.op ?? '') ?? false })
  else draft.reject(invalidInput([{ path: ['id'], reason: 'is the id of another message' }]))
}

const isRefused = ({ item }: Draft, error: WriteError | undefined, there: MessageDocument | undefined) =>
  error !== undefined &&
  (error.code !== DUPLICATE_KEY || (there !== undefined && !there.userId.equals(item.userId)))
