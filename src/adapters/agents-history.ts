import { z } from 'zod'
import type { DialogueStore, StoreTransaction } from '../contract.ts'
import { DialogueStoreError } from '../errors.ts'
import { parse } from '../input.ts'
import type { JsonObject } from '../json.ts'
import { canonical, item, toItem, toSaid } from './agents-items.ts'
import { assertKept, type Conversation } from './conversation.ts'

const items = z.array(item)
const transactionArgs = z.object({
  operationId: z.string().refine((id) => id.trim() !== '', 'must be a non-empty string'),
  transaction: z.discriminatedUnion('type', [
    z.strictObject({ type: z.literal('append_items'), items }),
    z.strictObject({ type: z.literal('replace_suffix'), expectedSuffix: items, replacement: items }),
  ]),
})
export type TransactionArgs = z.output<typeof transactionArgs>

const mutations = z.array(
  z.strictObject({ type: z.literal('replace_function_call'), callId: z.string(), replacement: item }),
)
type Mutation = z.output<typeof mutations>[number]

/** @throws DialogueStoreError `INVALID_INPUT` */
export const parseTransactionArgs = (given: unknown): TransactionArgs =>
  parse(transactionArgs, given, ['args'])

/** @throws DialogueStoreError `INVALID_INPUT` */
export const parseMutations = (given: unknown): Mutation[] =>
  parse(z.object({ mutations }), given, ['args']).mutations

/** A function call of a session, and what becomes of it. */
interface Call {
  messageId: string
  item: JsonObject
  isChanged: boolean
}

/** Changes of what a session holds already. */
export function createRewriting(store: DialogueStore, { conversationId, read, appendIn }: Conversation) {
  /** @throws DialogueStoreError `STATE_CONFLICT` when the history ends with something else */
  async function replaceSuffix(
    tx: StoreTransaction,
    userId: string,
    expected: JsonObject[],
    replacement: JsonObject[],
  ): Promise<void> {
    const suffix = await read(userId, expected.length)
    if (canonical(suffix.map(toItem)) !== canonical(expected)) throw suffixConflict()
    await tx.deleteMessages(userId, { ids: suffix.map(({ id }) => id) })
    await appendIn(tx, userId, replacement.map(toSaid))
  }

  /** Function calls that mutations may be about, oldest first: one may replace what another has put there. */
  async function callsFor(userId: string, mutations: Mutation[]): Promise<Call[]> {
    const wanted = new Set(mutations.flatMap(({ callId, replacement }) => [callId, replacement.callId]))
    const calls: Call[] = []
    const filter = { conversationId, senders: ['assistant'] }
    for await (const message of store.iterateHistory(userId, filter)) {
      const item = toItem(message)
      const isWanted = item.type === 'function_call' && wanted.has(String(item.callId))
      if (isWanted) calls.push({ messageId: message.id, item, isChanged: false })
    }
    return calls
  }

  return {
    async apply(tx: StoreTransaction, userId: string, { transaction }: TransactionArgs): Promise<void> {
      if (transaction.type === 'append_items') await appendIn(tx, userId, transaction.items.map(toSaid))
      else await replaceSuffix(tx, userId, transaction.expectedSuffix, transaction.replacement)
    },

    /** The first call of that id is replaced in its place; others of the same id go. */
    async mutate(tx: StoreTransaction, userId: string, mutations: Mutation[]): Promise<void> {
      let kept = await callsFor(userId, mutations)
      const all = kept
      for (const { callId, replacement } of mutations) {
        const [first, ...others] = kept.filter(({ item }) => item.callId === callId)
        if (!first) continue
        Object.assign(first, { item: replacement, isChanged: true })
        kept = kept.filter((call) => !others.includes(call))
      }
      for (const { messageId, item } of kept.filter(({ isChanged }) => isChanged)) {
        const { content, metadata } = toSaid(item)
        assertKept(await tx.updateMessage(userId, messageId, { content, metadata }), metadata)
      }
      const removed = all.filter((call) => !kept.includes(call))
      await tx.deleteMessages(userId, { ids: removed.map(({ messageId }) => messageId) })
    },
  }
}

const suffixConflict = () =>
  new DialogueStoreError(
    'STATE_CONFLICT',
    'The suffix no longer matches expectedSuffix, and nothing was changed. Read getItems(), and decide on what is there.',
  )
