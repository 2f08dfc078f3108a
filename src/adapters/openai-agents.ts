import type {
  AgentInputItem,
  SessionHistoryRewriteArgs,
  SessionHistoryRewriteAwareSession,
  SessionHistoryTransactionArgs,
  SessionHistoryTransactionAwareSession,
} from '@openai/agents-core'
import { z } from 'zod'
import type { Shapes } from '../config.ts'
import type { DialogueStore } from '../contract.ts'
import { withFailuresAs } from '../db/failure.ts'
import { parse } from '../input.ts'
import { createRewriting, parseMutations, parseTransactionArgs } from './agents-history.ts'
import { asInputItem, canonical, parseItems, toItem, toSaid } from './agents-items.ts'
import { type ConversationOptions, conversationOptions, createConversation } from './conversation.ts'
import { createOperations } from './operations.ts'

export type AgentsSessionOptions = ConversationOptions

/** A session that takes the SDK's history transactions and rewrites, too. */
export interface AgentsSession
  extends SessionHistoryTransactionAwareSession,
    SessionHistoryRewriteAwareSession {
  /**
   * All of it, or nothing. The same operation id with the same transaction counts once, for seven days.
   * @throws DialogueStoreError `INVALID_INPUT` for the id of another transaction; `STATE_CONFLICT` when the history
   *   does not end with `expectedSuffix`
   */
  applyHistoryTransaction(args: SessionHistoryTransactionArgs): Promise<void>
  applyHistoryMutations(args: SessionHistoryRewriteArgs): Promise<void>
}

const limitOfItems = z.int().optional()

/**
 * A session of the OpenAI Agents SDK. Its items are messages of that user in that conversation, which every reader
 * of the store sees; what others have stored there is an item, too. The session's id is
 * of that user and conversation.
 * @param store as `openStore` gives it
 * @throws DialogueStoreError `INVALID_INPUT`
 */
export function agentsSession<S extends Shapes = Shapes>(
  store: DialogueStore<S>,
  options: AgentsSessionOptions,
): AgentsSession {
  const plain = store as DialogueStore
  const conversation = createConversation(plain, parse(conversationOptions, options, ['options']))
  const { conversationId, read, withUser, ifKnown, inTurn, appendInTurn, clear } = conversation
  const operations = createOperations(store, conversationId)
  const { apply, mutate } = createRewriting(plain, conversation)

  return {
    getSessionId: async () => conversation.id,

    async getItems(limit?: number): Promise<AgentInputItem[]> {
      const most = parse(limitOfItems, limit, ['limit'])
      const messages = await ifKnown([], (userId) => read(userId, most))
      return messages.map(toItem).map(asInputItem)
    },

    async addItems(given: AgentInputItem[]): Promise<void> {
      const items = parseItems(given)
      if (items.length > 0) await appendInTurn(items.map(toSaid))
    },

    popItem: () =>
      ifKnown<AgentInputItem | undefined>(undefined, (userId) =>
        inTurn(userId, async (tx) => {
          const [newest] = await read(userId, 1)
          if (!newest) return undefined
          await tx.deleteMessages(userId, { ids: [newest.id] })
          return asInputItem(toItem(newest))
        }),
      ),

    clearSession: () =>
      ifKnown(undefined, async (userId) => {
        /* Read first: an operation that is applied while this goes on may leave items, and has to be remembered. */
        const applied = await operations.known(userId)
        await clear(userId)
        await withFailuresAs('unknown', () => operations.forget(applied))
      }),

    async applyHistoryTransaction(given: SessionHistoryTransactionArgs): Promise<void> {
      const args = parseTransactionArgs(given)
      const content = canonical(args.transaction)
      await withUser((userId) =>
        inTurn(userId, async (tx) => {
          const isNew = await operations.begin(tx, userId, args.operationId, content)
          if (isNew) await apply(tx, userId, args)
        }),
      )
    },

    async applyHistoryMutations(given: SessionHistoryRewriteArgs): Promise<void> {
      const mutations = parseMutations(given)
      if (mutations.length === 0) return
      await ifKnown(undefined, (userId) => inTurn(userId, (tx) => mutate(tx, userId, mutations)))
    },
  }
}
