import { BaseListChatMessageHistory } from '@langchain/core/chat_history'
import {
  AIMessage,
  BaseMessage,
  ChatMessage,
  HumanMessage,
  mapStoredMessagesToChatMessages,
  SystemMessage,
} from '@langchain/core/messages'
import { z } from 'zod'
import type { Shapes } from '../config.ts'
import type { DialogueStore } from '../contract.ts'
import { parse } from '../input.ts'
import type { Message } from '../messages/schema.ts'
import {
  type Conversation,
  type ConversationOptions,
  conversationOptions,
  createConversation,
  keptUnder,
} from './conversation.ts'
import { isStored, KEY, toSaid } from './langchain-stored.ts'

export interface LangChainHistoryOptions extends ConversationOptions {
  /** How many messages `getMessages` gives, the newest, in chronological order. Default: all. */
  limit?: number
}

/**
 * A chat history of LangChain. What it adds are messages of that user in that conversation, which every reader of
 * the store sees; what others have stored there appears here, by its sender.
 * @throws DialogueStoreError `INVALID_INPUT`
 */
export function langchainHistory<S extends Shapes = Shapes>(
  store: DialogueStore<S>,
  options: LangChainHistoryOptions,
): BaseListChatMessageHistory {
  const { limit, ...place } = parse(historyOptions, options, ['options'])
  return new StoredHistory(createConversation(store as DialogueStore, place), limit)
}

const historyOptions = conversationOptions.extend({ limit: z.int().min(1).optional() })

class StoredHistory extends BaseListChatMessageHistory {
  override lc_namespace = ['dialogue_store', 'langchain']
  readonly #conversation: Conversation
  readonly #limit: number | undefined

  constructor(conversation: Conversation, limit: number | undefined) {
    /* Without arguments: LangChain would show them to whoever prints the history. */
    super()
    this.#conversation = conversation
    this.#limit = limit
  }

  override async getMessages(): Promise<BaseMessage[]> {
    const { ifKnown, read } = this.#conversation
    return (await ifKnown([], (userId) => read(userId, this.#limit))).map(toChatMessage)
  }

  override addMessage(message: BaseMessage): Promise<void> {
    return this.addMessages([message])
  }

  override async addMessages(messages: BaseMessage[]): Promise<void> {
    const said = parse(z.array(chatMessage), messages, ['messages'])
    const [first, ...others] = said
    if (!first) return
    const { appendOne, appendInTurn } = this.#conversation
    await (others.length === 0 ? appendOne(first) : appendInTurn(said))
  }

  override async clear(): Promise<void> {
    const { ifKnown, clear } = this.#conversation
    await ifKnown(0, clear)
  }
}

/**
 * A message's own fields, from which its constructor makes it again. Not its `toDict()`, which knows only what the
 * constructor was given: it lacks an id or a name set later and the content of `contentBlocks`, and wraps data that
 * has a key `lc`.
 */
const fieldsOf = (message: BaseMessage): object => ({
  type: message.type,
  data: Object.fromEntries(
    Object.entries(message).filter(([key]) => key !== 'type' && !key.startsWith('lc_')),
  ),
})

const chatMessage = z
  .custom<BaseMessage>((value) => BaseMessage.isInstance(value), 'is not a message of LangChain')
  .transform(fieldsOf)
  .pipe(keptUnder(KEY))
  .refine(isStored, 'is of a type that cannot be kept, or lacks the field that its type needs')
  .transform(toSaid)

function toChatMessage({ sender, content, metadata }: Message): BaseMessage {
  const kept = metadata[KEY]
  const [own] = isStored(kept) ? mapStoredMessagesToChatMessages([kept]) : []
  if (own) return own
  if (sender === 'user') return new HumanMessage(content)
  if (sender === 'assistant') return new AIMessage(content)
  if (sender === 'system') return new SystemMessage(content)
  return new ChatMessage({ content, role: sender })
}
