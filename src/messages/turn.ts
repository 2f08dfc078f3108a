import type mongoose from 'mongoose'
import { attempt, type Deadline, outside } from '../db/attempt.ts'
import type { Database } from '../db/database.ts'
import { createKeyedQueue } from '../db/queue.ts'
import { bytesOf } from '../db/size.ts'
import { DialogueStoreError, invalidInput } from '../errors.ts'
import type { ObjectId } from '../ids.ts'
import type { ShapeCheck } from '../shape.ts'
import { accept } from './accept.ts'
import { seenKey } from './claim.ts'
import type { Claims } from './claims.ts'
import { createDraft, type Draft, type Removed } from './draft.ts'
import { type Edit, edited, messageNotFound } from './edit.ts'
import type { Held } from './entry.ts'
import type { Journal } from './journal.ts'
import type { RetentionKeeper } from './retention.ts'
import { type Deletion, type MessageDocument, messages } from './schema.ts'
import type { Settling } from './settle.ts'
import { assertFits } from './size.ts'
import type { Stored } from './traveller.ts'

export interface TurnNeeds {
  database: Database
  claims: Claims
  journal: Journal
  retention: RetentionKeeper
  settling: Pick<Settling, 'settleUsers' | 'closeUser'>
  checkMetadata: ShapeCheck | undefined
  /**
   * A write to the user inside the transaction, which makes it conflict with others and with an erasure.
   * @throws DialogueStoreError `USER_NOT_FOUND`
   */
  touchUser(userId: ObjectId, inside: Deadline): Promise<void>
}

export type Turn = ReturnType<typeof createTurn>

/** Of one deletion inside a transaction: its ids have to fit into the journal. */
const MOST_DELETED = 100_000
/** What an entry needs beside its message. */
const ENTRY_OVERHEAD = 64 * 1024

/**
 * The messages' part of one run of a transaction. They are read outside of it, after what earlier transactions
 * left is settled; that is as good as inside, since every transaction that reads or changes them writes to the
 * user, and would conflict. What shall become of them is kept here until the end.
 */
export function createTurn(needs: TurnNeeds, inside: Deadline) {
  const { database, claims, journal, retention, settling, checkMetadata, touchUser } = needs
  const collection = database.collection(messages)
  const drafts = new Map<string, Draft>()
  /* One verb after the other for each user: a second delivery has to see the first. */
  const queue = createKeyedQueue()
  const beside = outside(inside)
  const inTurn = <T>(userId: ObjectId, work: () => Promise<T>) =>
    queue.run(userId.toHexString(), work, beside)

  /** @param changing existing messages will be changed: nothing may be under way that brings old ones back */
  async function draftOf(userId: ObjectId, changing = false): Promise<Draft> {
    const key = userId.toHexString()
    let draft = drafts.get(key)
    if (!draft) {
      await touchUser(userId, inside)
      draft = createDraft(userId)
      drafts.set(key, draft)
    }
    if (changing) await settling.closeUser(userId, beside)
    return draft
  }

  /* Whoever only stores has nothing to wait for. */
  const readable = new Map<string, Promise<void>>()
  function makeReadable(userId: ObjectId): Promise<void> {
    const key = userId.toHexString()
    const settled = readable.get(key) ?? settling.settleUsers([userId], beside)
    readable.set(key, settled)
    return settled
  }

  async function findOne(userId: ObjectId, filter: mongoose.mongo.Filter<MessageDocument>) {
    await makeReadable(userId)
    return attempt(beside, 'read', (terms) => collection.findOne(filter, terms))
  }

  /** A message as the transaction sees it. */
  async function current(draft: Draft, _id: ObjectId): Promise<MessageDocument | null> {
    if (draft.isRemoved(_id)) return null
    return draft.get(_id) ?? findOne(draft.userId, { _id, userId: draft.userId })
  }

  /** The message that a delivery before this one stored. Otherwise its external id is claimed. */
  async function earlierDelivery(
    draft: Draft,
    document: MessageDocument,
  ): Promise<MessageDocument | undefined> {
    const key = seenKey(document)
    const own = draft.claims.get(key)
    const found = own ? undefined : await claims.look(document, inside)
    const messageId = own?.messageId ?? found?.messageId
    if (messageId && (own || found?.stored))
      return (await current(draft, messageId)) ?? { ...document, _id: messageId }
    if (found) document._id = found.messageId
    draft.claims.set(key, { key, messageId: document._id, from: found?.flights ?? [] })
    return undefined
  }

  async function earlierWithId(draft: Draft, { _id, userId }: MessageDocument) {
    if (draft.isRemoved(_id))
      throw invalidInput([{ path: ['id'], reason: 'is the id of a message that this transaction deletes' }])
    const own = [...drafts.values()].map((one) => one.get(_id)).find(Boolean)
    const found = own ?? (await findOne(userId, { _id }))
    if (found && !found.userId.equals(userId))
      throw invalidInput([{ path: ['id'], reason: 'is the id of another message' }])
    return found ?? undefined
  }

  async function storeOne(document: MessageDocument, isChosen: boolean): Promise<Stored> {
    const draft = await draftOf(document.userId)
    const withId = isChosen ? await earlierWithId(draft, document) : undefined
    if (withId) return { document: withId, created: false }
    const delivered = document.externalId === undefined ? undefined : await earlierDelivery(draft, document)
    if (delivered) return { document: delivered, created: false }
    const claim = document.externalId === undefined ? undefined : draft.claims.get(seenKey(document))
    const isTaken = claim !== undefined && claim.from.length > 0
    if (isTaken || isChosen) draft.appendInstead(document, isTaken)
    else draft.append(document)
    return { document, created: true }
  }

  /** An external id given later is claimed like one given at once. */
  async function claimLater(draft: Draft, message: MessageDocument): Promise<void> {
    const key = seenKey(message)
    const known = draft.claims.get(key) ?? (await claims.look(message, inside))
    if (known && !known.messageId.equals(message._id))
      throw invalidInput([{ path: ['patch', 'externalId'], reason: 'belongs to another message' }])
    if (!known) draft.claims.set(key, { key, messageId: message._id, from: [] })
  }

  async function matching(draft: Draft, which: Deletion, limit: number): Promise<Removed[]> {
    const { userId } = draft
    const filter =
      'ids' in which
        ? { _id: { $in: which.ids }, userId }
        : 'conversationId' in which
          ? { userId, conversationId: which.conversationId }
          : { userId }
    const projection = { timestamp: 1, sender: 1, conversationId: 1 }
    const hint = 'ids' in which && { hint: { _id: 1 } as const }
    const found = await attempt(beside, 'read', (terms) =>
      collection
        .find<Removed>(filter, { projection, ...hint, ...terms })
        .limit(limit)
        .toArray(),
    )
    return found.filter(({ _id }) => !draft.isRemoved(_id) && !draft.appends(_id))
  }

  return {
    storeMessage(input: unknown): Promise<Stored> {
      const { document, isChosen } = accept(input, checkMetadata)
      const bytes = bytesOf(document, ENTRY_OVERHEAD)
      return inTurn(document.userId, async () => {
        await assertFits(bytes, retention)
        return storeOne(document, isChosen)
      })
    },

    getMessage(userId: ObjectId, filter: mongoose.mongo.Filter<MessageDocument>): Promise<MessageDocument> {
      return inTurn(userId, async () => {
        const draft = await draftOf(userId)
        const own = draft.find((message) => isMeant(message, filter))
        const found = own ?? (await findOne(userId, { ...filter, userId }))
        const now = found && (await current(draft, found._id))
        if (!now || !isMeant(now, filter)) throw messageNotFound()
        return now
      })
    },

    updateMessage(edit: Edit): Promise<MessageDocument> {
      const { userId, _id } = edit
      return inTurn(userId, async () => {
        const draft = await draftOf(userId, true)
        const message = await current(draft, _id)
        if (!message) throw messageNotFound()
        const changed = edited(message, edit)
        await assertFits(bytesOf(changed, ENTRY_OVERHEAD), retention)
        if (typeof edit.patch.externalId === 'string') await claimLater(draft, changed)
        draft.change(changed)
        return changed
      })
    },

    /** @param most how many to delete at most: without it, more than a transaction can take are refused */
    deleteMessages(userId: ObjectId, which: Deletion, most?: number): Promise<number> {
      return inTurn(userId, async () => {
        const draft = await draftOf(userId, true)
        const found = await matching(draft, which, most ?? MOST_DELETED + 1)
        if (!most && found.length > MOST_DELETED) throw tooMany()
        const own = draft.drop(which)
        draft.remove(found)
        return own + found.length
      })
    },

    /** Before messages are read in another way: no other transaction changes them until the end. */
    async reserve(userId: ObjectId): Promise<Draft> {
      const draft = await inTurn(userId, () => draftOf(userId))
      await makeReadable(userId)
      return draft
    },

    /** At the end: writes everything down. @returns what is to be settled after the commit */
    async write(): Promise<Held[]> {
      const all = [...drafts.values()]
      await claims.write(
        all.flatMap((draft) => [...draft.claims.values()]),
        all.flatMap((draft) => draft.contested()),
        inside,
      )
      return journal.write(
        all.map((draft) => draft.intents()),
        inside,
      )
    },
    /** Messages that it stores. */
    appended: (): MessageDocument[] => [...drafts.values()].flatMap((draft) => draft.intents().inserts),
  }
}

const tooMany = () =>
  new DialogueStoreError(
    'TOO_LARGE',
    `More than ${MOST_DELETED} messages would be deleted in one transaction. Delete them outside of it.`,
  )

/** What `getMessage` asks for, of a message that is not stored yet. */
function isMeant(message: MessageDocument, filter: mongoose.mongo.Filter<MessageDocument>): boolean {
  if (filter._id) return message._id.equals(filter._id as ObjectId)
  const { externalId, conversationId } = filter
  const wanted = typeof conversationId === 'string' ? conversationId : undefined
  return message.externalId === externalId && message.conversationId === wanted
}
