import { attempt, type Deadline, deadlineIn, LONGEST_PAUSE_MS } from '../db/attempt.ts'
import type { Database } from '../db/database.ts'
import {
  DOCUMENT_TOO_LARGE,
  DOCUMENT_VALIDATION_FAILURE,
  timedOut,
  toStoreError,
  withOutcome,
} from '../db/failure.ts'
import { type Inserted, insertUnordered, type WriteError } from '../db/insert.ts'
import { notRepeatable, type Outcome, userNotFound } from '../errors.ts'
import { nextId, type ObjectId } from '../ids.ts'
import { createAnswers, type Draft, isNamed, type Refusals, settleRepeat } from './answer.ts'
import type { Claims } from './claims.ts'
import type { Clock } from './clock.ts'
import { createPresence } from './presence.ts'
import type { RetentionKeeper } from './retention.ts'
import { type MessageDocument, messages } from './schema.ts'
import { capOf } from './size.ts'
import { createTidying, type Trace } from './tidy.ts'

interface Needs {
  database: Database
  retention: RetentionKeeper
  claims: Claims
  /** Of these users, those that exist. */
  usersAmong(ids: ObjectId[], deadline: Deadline): Promise<Set<string>>
  /** Called with the stored documents, before their callers hear of it. */
  onStored(documents: MessageDocument[], deadline: Deadline): Promise<void>
  /** Is told when something was stored. */
  clock: Pick<Clock, 'passed' | 'unsure'>
}

/** How long a batch waits for its external ids. */
const HELD_MS = 1000
const AT_ONCE = 16
/**
 * An insert that took longer may have outlasted an erasure: its users are checked again. An erasure waits for those
 * that took less, see `erasing.ts`.
 */
export const UNCHECKED_MS = 20

/** Sends one batch of the lane: users, external ids and messages, and tells every caller their own result. */
export function createWriter({ database, retention, claims, usersAmong, onStored, clock }: Needs) {
  const collection = database.collection(messages)
  const answer = createAnswers({ database, retention, claims })
  const { check, checkStrangers } = createPresence(usersAmong)

  /** Settles repeats of what was stored before; gives what still has to be inserted, under the first one's `_id`. */
  async function claimExternalIds(drafts: Draft[], flight: ObjectId, deadline: Deadline): Promise<Claimed> {
    const named = drafts.filter(isNamed).map(({ item }) => item)
    if (named.length === 0) return { drafts, term: undefined }
    const { earlier, term } = await claims.claim(named, flight, deadline)
    const left = drafts.filter((draft) => {
      const first = earlier.get(draft.item)
      if (!first) return true
      draft.item._id = first.messageId
      if (first.stored) settleRepeat(draft, first.message)
      return !first.stored
    })
    return { drafts: left, term }
  }

  /** What the server refused. After a conversion's fence all is sent again: what is there by then is a duplicate. */
  const insert = async (drafts: Draft[], deadline: Deadline): Promise<Sent> => {
    while (true) {
      const since = retention.fences()
      const cap = capOf(retention.current())
      const fitting = drafts.filter(({ bytes }) => bytes <= cap)
      const documents = fitting.map(({ item }) => item)
      const { errors, place }: Inserted =
        documents.length > 0
          ? await insertUnordered(database, messages.collection, documents, deadline)
          : { errors: [], place: undefined }
      const refused = errors.some(({ code }) => code === DOCUMENT_VALIDATION_FAILURE)
      if (refused && (await retention.wasFenced(since, deadline))) continue
      const larger = drafts.filter(({ bytes }) => bytes > cap)
      const refusals = new Map([
        ...errors.map((error): [Draft | undefined, WriteError] => [fitting[error.index], error]),
        ...larger.map((draft): [Draft, WriteError] => [draft, { index: 0, code: DOCUMENT_TOO_LARGE }]),
      ])
      return { errors: refusals, place }
    }
  }

  /** The insert and, beside it, the check that its users exist: what the server refused, and who is gone. */
  async function insertChecked(drafts: Draft[], deadline: Deadline) {
    const elapsed = stopwatch()
    const [inserted, checked] = await Promise.allSettled([
      insert(drafts, deadline),
      check(usersOf(drafts), deadline),
    ])
    if (inserted.status === 'rejected') {
      clock.unsure()
      throw inserted.reason
    }
    const { errors, place } = inserted.value
    if (place) clock.passed(place.time)
    else clock.unsure()
    const late = checked.status === 'rejected' || elapsed() > UNCHECKED_MS
    const missing = await orUnsure(async () => (late ? check(usersOf(drafts), deadline) : checked.value))
    return { errors, missing, term: place?.term }
  }

  /** A message whose user is gone is removed by its own writer. */
  async function withdraw(drafts: Draft[], missing: Set<string>, deadline: Deadline): Promise<Draft[]> {
    const gone = drafts.filter(({ item }) => missing.has(item.userId.toHexString())).map(({ item }) => item)
    if (gone.length > 0) await remove(gone, deadline)
    return refuse(drafts, missing)
  }

  async function remove(gone: Trace[], deadline: Deadline): Promise<void> {
    const filter = { $or: gone.map(({ _id, userId }) => ({ _id, userId })) }
    await retention.removeThroughFence(deadline, () =>
      attempt(deadline, 'write', (terms) => collection.deleteMany(filter, terms)),
    )
    await claims.release(gone, deadline)
  }
  const tidying = createTidying({ database, usersAmong, withdraw: remove })

  /**
   * A transaction under way may hold an external id, and its process may be frozen. So those that have to wait go
   * on alone, each for its own, and nobody else waits for them.
   */
  async function claimSoon(drafts: Draft[], flight: ObjectId, deadline: Deadline): Promise<Claimed> {
    const alone = drafts.length === 1
    const { remaining } = deadlineIn(Math.min(HELD_MS, deadline.remaining()))
    const soon = alone ? deadline : { ...deadline, remaining }
    try {
      return await claimExternalIds(drafts, flight, soon)
    } catch (error) {
      if (alone || deadline.remaining() === 0 || toStoreError(error).code !== 'TIMEOUT') throw error
      void flushApart(drafts.filter(isNamed))
      return { drafts: drafts.filter((draft) => !isNamed(draft)), term: undefined }
    }
  }

  async function flushApart(drafts: Draft[]): Promise<void> {
    const waiting = [...drafts]
    const work = async () => {
      for (let draft = waiting.shift(); draft; draft = waiting.shift()) await flush([draft])
    }
    await Promise.all(Array.from({ length: AT_ONCE }, work))
  }

  async function store(batch: Draft[], flight: ObjectId, deadline: Deadline): Promise<void> {
    const { drafts, term: claimed } = await orNotApplied(async () => {
      await retention.refresh(deadline)
      const strangers = await checkStrangers(usersOf(batch), deadline)
      return claimSoon(refuse(batch, strangers), flight, deadline)
    })
    if (drafts.length === 0) return
    const { errors, missing, term } = await insertChecked(drafts, deadline)
    await orUnsure(async () => {
      const staying = await withdraw(drafts, missing, deadline)
      await onStored(
        staying.map(({ item }) => item),
        deadline,
      )
      const sure = term !== undefined && term === claimed
      await answer(staying, errors, { id: flight, sure }, deadline)
    })
  }

  /** Goes on with those who still have time when the earliest deadline of the batch is over. */
  async function flush(batch: Draft[]): Promise<void> {
    const writes: Promise<unknown>[] = []
    let unsure = false
    let rest = batch.filter((draft) => {
      if (draft.deadline.remaining() === 0) draft.reject(timedOut('not-applied'))
      return draft.deadline.remaining() > 0
    })
    while (rest.length > 0) {
      try {
        const onWrite = (reply: Promise<unknown>) => void writes.push(reply)
        /* Of this attempt only: if it lands, all that were on it are stored. */
        await store(rest, nextId(), { ...earliest(rest), onWrite })
        /* One that was given up before may come after the check of this one. */
        if (unsure) tidying.after(documentsOf(rest), writes)
        return
      } catch (error) {
        const failure = toStoreError(error)
        unsure ||= failure.outcome === 'unknown'
        const told = withOutcome(failure, unsure ? 'unknown' : 'not-applied')
        const patient = rest.filter(({ deadline }) => deadline.remaining() > LONGEST_PAUSE_MS)
        const goingOn = failure.retryable && patient.length < rest.length ? patient : []
        const over = rest.filter((draft) => !goingOn.includes(draft))
        for (const draft of over) draft.reject(draft.item.op ? told : notRepeatable(told))
        tidying.after(documentsOf(over), writes)
        rest = goingOn
      }
    }
  }

  return { flush, tidied: tidying.done }
}

/** What still has to be inserted, and the term in which its external ids were claimed. */
interface Claimed {
  drafts: Draft[]
  term: string | undefined
}

interface Sent extends Pick<Inserted, 'place'> {
  errors: Refusals
}

const usersOf = (drafts: Draft[]) =>
  new Map(drafts.map(({ item }) => [item.userId.toHexString(), item.userId]))

/** Refuses messages of users who don't exist; gives the rest. */
function refuse(drafts: Draft[], missing: Set<string>): Draft[] {
  if (missing.size === 0) return drafts
  return drafts.filter((draft) => {
    if (!missing.has(draft.item.userId.toHexString())) return true
    draft.reject(userNotFound())
    return false
  })
}

const documentsOf = (drafts: Draft[]) => drafts.map(({ item }) => item)

const earliest = (drafts: Draft[]): Deadline =>
  drafts.map(({ deadline }) => deadline).reduce((a, b) => (b.remaining() < a.remaining() ? b : a))

/** Milliseconds since, by two clocks: one of them stands still while the machine sleeps. */
function stopwatch(): () => number {
  const [start, wall] = [performance.now(), Date.now()]
  return () => Math.max(performance.now() - start, Date.now() - wall)
}

/** Whatever fails before the insert is sent, no message is stored. */
const orNotApplied = <T>(work: () => Promise<T>): Promise<T> => withFailuresAs('not-applied', work)
/** Whatever fails after the insert, messages are stored. */
const orUnsure = <T>(work: () => Promise<T>): Promise<T> => withFailuresAs('unknown', work)

async function withFailuresAs<T>(outcome: Outcome, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw withOutcome(toStoreError(error), outcome)
  }
}
