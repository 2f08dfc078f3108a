/* Bots on the frameworks whose own declarations are not all in order: compiled without looking at those. */
import type { BaseListChatMessageHistory } from '@langchain/core/chat_history'
import type { Session } from '@openai/agents-core'
import { type Storage, type TranscriptStore, UserState } from 'botbuilder-core'
import type { DialogueStore } from 'dialogue-store'
import { botStorage, botTranscripts } from 'dialogue-store/botbuilder'
import { grammyStorage } from 'dialogue-store/grammy'
import { langchainHistory } from 'dialogue-store/langchain'
import { agentsSession } from 'dialogue-store/openai-agents'
import { telegrafSessions } from 'dialogue-store/telegraf'
import { Bot, type Context as GrammyContext, type SessionFlavor, session } from 'grammy'
import { type Context, Telegraf, session as telegrafSession } from 'telegraf'

interface State {
  visits: number
  draft?: { title: string }
}
const userOf = (key: string) => (key ? { provider: 'telegram', id: key } : null)

export function grammy(store: DialogueStore): void {
  const storage = grammyStorage<State>(store, {
    namespace: 'bot',
    userOf,
    onConflict: (ours, theirs) => ours ?? theirs,
  })
  const bot = new Bot<GrammyContext & SessionFlavor<State>>('1:token')
  bot.use(session({ initial: () => ({ visits: 0 }), storage }))
  // @ts-expect-error a state has no mood
  void storage.write('7', { visits: 0, mood: 'good' })
  // @ts-expect-error a storage has a namespace
  grammyStorage<State>(store, { userOf })
}

export function telegraf(store: DialogueStore): void {
  const sessions = telegrafSessions<State>(store, { namespace: 'bot', userOf })
  const bot = new Telegraf<Context & { session?: State }>('1:token')
  bot.use(telegrafSession({ store: sessions, defaultSession: () => ({ visits: 0 }) }))
}

export function botFramework(store: DialogueStore): [Storage, TranscriptStore] {
  const storage = botStorage(store, { namespace: 'bot', userOf })
  void new UserState(storage)
  // @ts-expect-error an identity has a provider
  botTranscripts(store, { identityOf: ({ from }) => ({ id: from.id }) })
  return [
    storage,
    botTranscripts(store, { identityOf: ({ channelId, from }) => ({ provider: channelId, id: from.id }) }),
  ]
}

export function conversations(store: DialogueStore): [BaseListChatMessageHistory, Session] {
  const place = { identity: { provider: 'whatsapp', id: '1' }, conversationId: 'support' }
  return [langchainHistory(store, { ...place, limit: 20 }), agentsSession(store, place)]
}
