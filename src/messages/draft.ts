import type { Position } from '../cursor.ts'
import type { ObjectId } from '../ids.ts'
import type { Intents } from './entry.ts'
import { compare } from './query.ts'
import type { Deletion, MessageDocument, MessageFilter } from './schema.ts'

/** What is known of a message that a transaction deletes. */
export type Removed = Pick<MessageDocument, '_id' | 'timestamp' | 'sender' | 'conversationId'>

/** A claim of an external id, and the flights it is taken from. */
export interface DraftClaim {
  key: string
  messageId: ObjectId
  from: ObjectId[]
}

/** What a transaction has decided about one user's messages, until it is written down in the journal. */
export function createDraft(userId: ObjectId) {
  const append = new Map<string, MessageDocument>()
  const replace = new Map<string, MessageDocument>()
  const removed = new Map<string, Removed>()
  const claims = new Map<string, DraftClaim>()
  /** Of what it appends, what another call may be about to store, too; true: under a claim that it takes over. */
  const contested = new Map<string, boolean>()
  /** What it has appended and dropped again, and that another call may have stored. */
  const dropped = new Map<string, ObjectId>()
  const keyOf = ({ _id }: { _id: ObjectId }) => _id.toHexString()

  return {
    userId,
    claims,
    appends: (_id: ObjectId): boolean => append.has(_id.toHexString()),
    isRemoved: (_id: ObjectId): boolean => removed.has(_id.toHexString()) || dropped.has(_id.toHexString()),
    /** The message as the transaction left it, if it did anything to it. */
    get: (_id: ObjectId): MessageDocument | undefined => {
      const key = _id.toHexString()
      return append.get(key) ?? replace.get(key)
    },
    find: (matches: (message: MessageDocument) => boolean): MessageDocument | undefined =>
      [...append.values(), ...replace.values()].find(matches),

    append: (message: MessageDocument): void => void append.set(keyOf(message), message),
    /**
     * Where another writer may store a message under the same `_id`.
     * @param isTaken it has claimed to store it: whatever becomes of the transaction's, its own does not stay
     */
    appendInstead(message: MessageDocument, isTaken: boolean): void {
      const key = keyOf(message)
      append.set(key, message)
      replace.set(key, message)
      contested.set(key, isTaken)
    },
    contested: (): MessageDocument[] =>
      [...append].flatMap(([key, message]) => (contested.has(key) ? [message] : [])),
    change(message: MessageDocument): void {
      const key = keyOf(message)
      if (append.has(key)) append.set(key, message)
      if (replace.has(key) || !append.has(key)) replace.set(key, message)
    },
    /** @returns how many of the transaction's own messages it drops */
    drop(which: Deletion): number {
      const meant = isMeant(which)
      const own = [...append.values()].filter(meant)
      for (const message of own) {
        const key = keyOf(message)
        append.delete(key)
        replace.delete(key)
        if (contested.get(key)) dropped.set(key, message._id)
        contested.delete(key)
      }
      return own.length
    },
    remove(messages: Removed[]): void {
      for (const message of messages) {
        replace.delete(keyOf(message))
        removed.set(keyOf(message), message)
      }
    },

    removals: (): number => removed.size,
    /** By how much the transaction changes the number of messages after a place. */
    changeAfter(after: Position | undefined, filter: MessageFilter): number {
      const counts = (message: Removed) => isCounted(message, after, filter)
      return [...append.values()].filter(counts).length - [...removed.values()].filter(counts).length
    },

    intents: (): Intents => ({
      userId,
      inserts: [...append.values()],
      replacements: [...replace.values()],
      deletions: [...[...removed.values()].map(({ _id }) => _id), ...dropped.values()],
    }),
  }
}

export type Draft = ReturnType<typeof createDraft>

function isMeant(which: Deletion): (message: MessageDocument) => boolean {
  if ('all' in which) return () => true
  if ('conversationId' in which) return ({ conversationId }) => conversationId === which.conversationId
  const ids = new Set(which.ids.map((id) => id.toHexString()))
  return ({ _id }) => ids.has(_id.toHexString())
}

function isCounted(message: Removed, after: Position | undefined, filter: MessageFilter): boolean {
  const { senders, conversationId } = filter
  if (senders && !senders.includes(message.sender)) return false
  if (conversationId !== undefined && conversationId !== message.conversationId) return false
  return !after || compare({ timestamp: message.timestamp, id: message._id }, after) > 0
}
