import { attempt, type Deadline, LONGEST_PAUSE_MS } from '../db/attempt.ts'
import type { Database } from '../db/database.ts'
import { DOCUMENT_VALIDATION_FAILURE, DUPLICATE_KEY, timedOut, toStoreError } from '../db/failure.ts'
import { insertUnordered, type WriteError } from '../db/insert.ts'
import { invalidInput, notRepeatable, userNotFound } from '../errors.ts'
import type { ObjectId } from '../ids.ts'
import { type Claims, seenKey } from './claims.ts'
import type { Passenger } from './lane.ts'
import type { RetentionKeeper } from './retention.ts'
import { type MessageDocument, messages, type SeenDocument } from './schema.ts'

export interface Stored {
  document: MessageDocument
  created: boolean
}

type Draft = Passenger<MessageDocument, Stored>

interface Needs {
  database: Database
  retention: RetentionKeeper
  claims: Claims
  /** Of these users, those that exist. */
  usersAmong(ids: ObjectId[], deadline: Deadline): Promise<Set<string>>
  /** Called with the stored documents, before their callers hear of it. */
  onStored(documents: MessageDocument[], deadline: Deadline): Promise<void>
}

/** How many users a process remembers to have seen: for the others, the check comes before the insert. */
const KNOWN_USERS = 100_000

/** Sends one batch of the lane: users, external ids and messages, and tells every caller their own result. */
export function createWriter({ database, retention, claims, usersAmong, onStored }: Needs) {
  const collection = database.collection(messages)
  const known = new Set<string>()

  const check = async (ids: Map<string, ObjectId>, deadline: Deadline): Promise<Set<string>> => {
    if (ids.size === 0) return new Set()
    const found = await usersAmong([...ids.values()], deadline)
    if (known.size + found.size > KNOWN_USERS) known.clear()
    for (const user of found) known.add(user)
    const missing = new Set([...ids.keys()].filter((user) => !found.has(user)))
    for (const user of missing) known.delete(user)
    return missing
  }

  const usersOf = (drafts: Draft[]) =>
    new Map(drafts.map(({ item }) => [item.userId.toHexString(), item.userId]))

  /** Refuses messages of users who don't exist; gives the rest. */
  async function refuseStrangers(drafts: Draft[], deadline: Deadline): Promise<Draft[]> {
    const strangers = new Map([...usersOf(drafts)].filter(([user]) => !known.has(user)))
    return refuse(drafts, await check(strangers, deadline))
  }

  const refuse = (drafts: Draft[], missing: Set<string>): Draft[] => {
    if (missing.size === 0) return drafts
    return drafts.filter((draft) => {
      if (!missing.has(draft.item.userId.toHexString())) return true
      draft.reject(userNotFound())
      return false
    })
  }

  const fetch = async (ids: ObjectId[], deadline: Deadline): Promise<Map<string, MessageDocument>> => {
    if (ids.length === 0) return new Map()
    const found = await attempt(deadline, 'read', (maxTimeMS) =>
      collection.find({ _id: { $in: ids } }, { maxTimeMS }).toArray(),
    )
    return new Map(found.map((document) => [document._id.toHexString(), document]))
  }

  /** Settles repeats of what was stored before; gives what still has to be inserted, under the first one's `_id`. */
  async function claimExternalIds(drafts: Draft[], deadline: Deadline): Promise<Draft[]> {
    const named = drafts.filter(({ item }) => item.externalId !== undefined)
    if (named.length === 0) return drafts
    const earlier = await claims.claim(
      named.map(({ item }) => item),
      deadline,
    )
    const repeats = new Map<Draft, SeenDocument>()
    for (const draft of named) {
      const claim = earlier.get(seenKey(draft.item))
      if (!claim || claim.messageId.equals(draft.item._id)) continue
      draft.item._id = claim.messageId
      repeats.set(draft, claim)
    }
    if (repeats.size === 0) return drafts
    const stored = await fetch(
      [...repeats.values()].map(({ messageId }) => messageId),
      deadline,
    )
    const absent = new Map([...repeats].filter(([{ item }]) => !stored.has(item._id.toHexString())))
    const owners = new Map([...absent].map(([{ item }, claim]) => [claim._id, item.userId]))
    const userOf = (claim: SeenDocument) => owners.get(claim._id) ?? claim.messageId
    const departed = await claims.departed([...absent.values()], userOf, deadline)
    return drafts.filter((draft) => {
      const claim = repeats.get(draft)
      if (!claim) return true
      const first = stored.get(draft.item._id.toHexString())
      if (!first && !departed.has(claim._id)) return true
      draft.resolve({ document: first ?? draft.item, created: false })
      return false
    })
  }

  /** A message whose user is gone is removed by its own writer. */
  async function withdraw(drafts: Draft[], missing: Set<string>, deadline: Deadline): Promise<Draft[]> {
    const gone = drafts.filter(({ item }) => missing.has(item.userId.toHexString()))
    if (gone.length > 0) {
      const filter = { $or: gone.map(({ item }) => ({ _id: item._id, userId: item.userId })) }
      await attempt(deadline, 'write', (maxTimeMS) => collection.deleteMany(filter, { maxTimeMS }))
    }
    return refuse(drafts, missing)
  }

  const insert = async (drafts: Draft[], deadline: Deadline): Promise<WriteError[]> => {
    const documents = drafts.map(({ item }) => item)
    while (true) {
      const errors = await insertUnordered(database, messages.collection, documents, deadline)
      const fenced =
        errors.some(({ code }) => code === DOCUMENT_VALIDATION_FAILURE) &&
        (await retention.awaitFence(deadline))
      if (!fenced) return errors
    }
  }

  /** Tells each caller. What was there under the same `_id` is ours if it carries our operation, or no other could. */
  async function settle(drafts: Draft[], errors: WriteError[], deadline: Deadline): Promise<void> {
    const refused = new Map(errors.map((error) => [drafts[error.index], error]))
    const duplicates = drafts.filter((draft) => draft.item.op && refused.get(draft)?.code === DUPLICATE_KEY)
    const there = await fetch(
      duplicates.map(({ item }) => item._id),
      deadline,
    )
    for (const draft of drafts) {
      const { item } = draft
      const error = refused.get(draft)
      if (!error || (error.code === DUPLICATE_KEY && !item.op))
        draft.resolve({ document: item, created: true })
      else if (error.code !== DUPLICATE_KEY)
        draft.reject(toStoreError({ name: 'MongoServerError', code: error.code }))
      else settleDuplicate(draft, there.get(item._id.toHexString()))
    }
  }

  async function store(batch: Draft[], deadline: Deadline): Promise<void> {
    const welcome = await refuseStrangers(batch, deadline)
    const drafts = await claimExternalIds(welcome, deadline)
    if (drafts.length === 0) return
    const [inserted, checked] = await Promise.allSettled([
      insert(drafts, deadline),
      check(usersOf(drafts), deadline),
    ])
    if (inserted.status === 'rejected') throw inserted.reason
    if (checked.status === 'rejected') throw checked.reason
    const refused = new Map(inserted.value.map((error) => [drafts[error.index], error]))
    const staying = await withdraw(drafts, checked.value, deadline)
    const errors = staying.flatMap((draft, index) => {
      const error = refused.get(draft)
      return error ? [{ ...error, index }] : []
    })
    await onStored(
      staying.map(({ item }) => item),
      deadline,
    )
    await settle(staying, errors, deadline)
  }

  /** Goes on with those who still have time when the earliest deadline of the batch is over. */
  return async function flush(batch: Draft[]): Promise<void> {
    let rest = batch.filter((draft) => {
      if (draft.deadline.remaining() === 0) draft.reject(timedOut('not-applied'))
      return draft.deadline.remaining() > 0
    })
    while (rest.length > 0) {
      const deadline = earliest(rest)
      try {
        return await store(rest, deadline)
      } catch (error) {
        const failure = toStoreError(error)
        const patient = failure.retryable
          ? rest.filter((draft) => draft.deadline.remaining() > LONGEST_PAUSE_MS)
          : []
        for (const draft of rest)
          if (!patient.includes(draft)) draft.reject(draft.item.op ? failure : notRepeatable(failure))
        rest = patient.length < rest.length ? patient : []
        if (patient.length > 0 && rest.length === 0) for (const draft of patient) draft.reject(failure)
      }
    }
  }
}

const earliest = (drafts: Draft[]): Deadline =>
  drafts.reduce((first, { deadline }) => (deadline.remaining() < first.remaining() ? deadline : first), {
    remaining: () => Number.POSITIVE_INFINITY,
  } as Deadline)

function settleDuplicate(draft: Draft, there: MessageDocument | undefined): void {
  if (!there) draft.resolve({ document: draft.item, created: false })
  else if (!there.userId.equals(draft.item.userId)) {
    draft.reject(invalidInput([{ path: ['id'], reason: 'is the id of another message' }]))
  } else draft.resolve({ document: there, created: there.op?.equals(draft.item.op ?? '') ?? false })
}
