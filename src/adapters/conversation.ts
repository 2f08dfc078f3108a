import { isDeepStrictEqual } from 'node:util'
import { z } from 'zod'
import type { DialogueStore, StoreTransaction } from '../contract.ts'
import { digest } from '../digest.ts'
import { forWhoever, unlessErased } from '../erased.ts'
import { invalidInput } from '../errors.ts'
import { glance } from '../input.ts'
import { checkJson, isPlainObject, type JsonObject, type JsonValue } from '../json.ts'
import { conversationId, type Message } from '../messages/schema.ts'
import { type Identity, identity } from '../users/schema.ts'

/** Whose conversation a framework keeps, and which. */
export interface ConversationOptions {
  /** How the bot reaches the user, who is created with the first message. */
  identity: Identity
  conversationId: string
}

export const conversationOptions = z.strictObject({ identity, conversationId })

/** A message of a framework: checked, copied, and readable by everybody else. */
export interface Said {
  sender: string
  content: string
  metadata: JsonObject
}

/** What a framework's object is under a key of its message's metadata, where it may be one level less deep. */
export const keptUnder = (key: string) =>
  z.custom<object>().transform((value, ctx): JsonObject => {
    const checked = isPlainObject(value) ? checkJson({ [key]: value }) : NOT_PLAIN
    const kept = 'json' in checked ? checked.json[key] : undefined
    if (isPlainObject(kept)) return kept
    const { path, reason } = 'issue' in checked ? checked.issue : NOT_PLAIN.issue
    ctx.issues.push({ code: 'custom', message: reason, path: path.slice(1), input: value })
    return z.NEVER
  })
const NOT_PLAIN: { issue: { path: (string | number)[]; reason: string } } = {
  issue: { path: [], reason: 'must be a plain object' },
}

/** The text in a content of any framework: a string, or parts that have one. */
export function readable(content: JsonValue | undefined): string {
  if (typeof content === 'string') return content
  if (Array.isArray(content)) return content.map(readable).join('')
  if (!isPlainObject(content)) return ''
  const { text, refusal, transcript } = content
  return [text, refusal, transcript].find((part) => typeof part === 'string') ?? ''
}

/** A page takes no more. */
const PAGE = 1000

export type Conversation = ReturnType<typeof createConversation>

/** One conversation of one user, as the frameworks' interfaces want it. */
export function createConversation(store: DialogueStore, { identity, conversationId }: ConversationOptions) {
  if (typeof glance(() => store.withTransaction) !== 'function')
    throw invalidInput([{ path: ['store'], reason: 'is not a store of openStore()' }])

  /** The newest messages, in chronological order; without a limit all of them. */
  async function read(userId: string, limit?: number): Promise<Message[]> {
    const pages: Message[][] = []
    if (limit === undefined) {
      for await (const message of store.iterateHistory(userId, { conversationId })) pages.push([message])
      return pages.flat()
    }
    let before: string | null = null
    for (let left = limit; left > 0; ) {
      const options = { conversationId, limit: Math.min(left, PAGE), before, count: false }
      const { messages, older } = await store.retrieveHistory(userId, options)
      pages.push(messages)
      if (older === null) break
      left -= messages.length
      before = older
    }
    return pages.reverse().flat()
  }

  /** For the user, who is created if need be. */
  const withUser = <T>(work: (userId: string) => Promise<T>): Promise<T> =>
    forWhoever(async () => (await store.ensureUser(identity)).user.id, work)

  /** For the user; without one, nothing was ever said. */
  async function ifKnown<T>(nothing: T, work: (userId: string) => Promise<T>): Promise<T> {
    const user = await store.findUser(identity)
    return user ? unlessErased(nothing, () => work(user.id)) : nothing
  }

  /** Work that goes by what the conversation holds: nobody else's turn of that user comes in between. */
  const inTurn = <T>(userId: string, work: (tx: StoreTransaction) => Promise<T>): Promise<T> =>
    store.withTransaction(async (tx) => {
      /* Deletes nothing, and writes to the user: from here on, what is read stays as it is until the end. */
      await tx.deleteMessages(userId, { ids: [] })
      return work(tx)
    })

  /** A time for the end of the conversation, even if the clock of whoever wrote there last is ahead of ours. */
  async function endOf(userId: string): Promise<Date> {
    const [last] = await read(userId, 1)
    return new Date(Math.max(Date.now(), last ? last.timestamp.getTime() + 1 : 0))
  }

  async function appendIn(tx: StoreTransaction, userId: string, said: Said[]): Promise<void> {
    const timestamp = await endOf(userId)
    const messages = said.map((one) => ({ ...one, userId, conversationId, timestamp }))
    for (const [index, outcome] of (await tx.storeMessages(messages)).entries()) {
      /* All of it, or nothing. */
      if (outcome.status === 'rejected') throw outcome.error
      assertKept(outcome.message, said[index]?.metadata)
    }
  }

  /** Before or behind what others rewrite, and not in between: all of it is stored, or nothing. */
  const appendInTurn = (said: Said[]): Promise<void> =>
    withUser((userId) => inTurn(userId, (tx) => appendIn(tx, userId, said)))

  /** By the lane, which is faster than a transaction, and shared by all callers: for who rewrites nothing. */
  const appendOne = (said: Said): Promise<void> =>
    withUser(async (userId) => {
      const timestamp = await endOf(userId)
      const { message } = await store.storeMessage({ ...said, userId, conversationId, timestamp })
      try {
        assertKept(message, said.metadata)
      } catch (error) {
        await store.deleteMessages(userId, { ids: [message.id] })
        throw error
      }
    })

  const { provider, id } = identity
  const whose = JSON.stringify([provider, id, conversationId])

  return {
    conversationId,
    /** Of this user's conversation alone: others may have one of the same name. Says nothing of who they are. */
    id: `${conversationId}:${digest(whose).slice(0, 16)}`,
    read,
    withUser,
    ifKnown,
    inTurn,
    appendIn,
    appendInTurn,
    appendOne,
    clear: (userId: string): Promise<number> => store.deleteMessages(userId, { conversationId }),
  }
}

/**
 * A store's own shape of metadata may drop what it does not know, and a framework's object would be lost without a word.
 * @throws DialogueStoreError `INVALID_INPUT`, which undoes the turn
 */
export function assertKept(message: Message, metadata: JsonObject = {}): void {
  for (const [key, value] of Object.entries(metadata)) {
    if (isDeepStrictEqual(message.metadata[key], value)) continue
    const reason = `has to leave ${key} as it is: the adapter keeps the framework's objects there`
    throw invalidInput([{ path: ['shapes', 'metadata'], reason }])
  }
}
