import type { Position } from '../cursor.ts'
import type { ObjectId } from '../ids.ts'
import type { Intents } from './entry.ts'
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
  /** Ids that a caller chose, of messages that it stores. */
  const chosen: ObjectId[] = []
  const keyOf = ({ _id }: { _id: ObjectId }) => _id.toHexString()

  return {
    userId,
    claims,
    chosen,
    appends: (_id: ObjectId): boolean => append.has(_id.toHexString()),
    isRemoved: (_id: ObjectId): boolean => removed.has(_id.toHexString()),
    /** The message as the transaction left it, if it did anything to it. */
    get: (_id: ObjectId): MessageDocument | undefined => {
      const key = _id.toHexString()
      return append.get(key) ?? replace.get(key)
    },
    find: (matches: (message: MessageDocument) => boolean): MessageDocument | undefined =>
      [...append.values(), ...replace.values()].find(matches),

    append: (message: MessageDocument): void => void append.set(keyOf(message), message),
    /** Where another writer may store a message under the same `_id`. */
    appendInstead(message: MessageDocument): void {
      append.set(keyOf(message), message)
      replace.set(keyOf(message), message)
    },
    change(message: MessageDocument): void {
      const key = keyOf(message)
      if (append.has(key)) append.set(key, message)
      if (replace.has(key) || !append.has(key)) replace.set(key, message)
    },
    /** @returns how many of the transaction's own messages it drops */
    drop(which: Deletion): number {
      const dropped = [...append.values()].filter((message) => isMeant(message, which))
      for (const message of dropped) {
        append.delete(keyOf(message))
        if (replace.delete(keyOf(message))) removed.set(keyOf(message), message)
      }
      return dropped.length
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
      deletions: [...removed.values()].map(({ _id }) => _id),
    }),
  }
}

export type Draft = ReturnType<typeof createDraft>

function isMeant({ _id, conversationId }: MessageDocument, which: Deletion): boolean {
  if ('all' in which) return true
  if ('conversationId' in which) return conversationId === which.conversationId
  return which.ids.some((one) => one.equals(_id))
}

function isCounted(message: Removed, after: Position | undefined, filter: MessageFilter): boolean {
  const { senders, conversationId } = filter
  if (senders && !senders.includes(message.sender)) return false
  if (conversationId !== undefined && conversationId !== message.conversationId) return false
  if (!after) return true
  const order = message.timestamp.getTime() - after.timestamp.getTime()
  return (order || Buffer.compare(message._id.id, after.id.id)) > 0
}
