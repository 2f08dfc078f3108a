import { HumanMessage } from '@langchain/core/messages'
import type { AgentInputItem } from '@openai/agents-core'
import type { Activity } from 'botbuilder-core'
import { botStorage, botTranscripts } from '../../../../../src/adapters/botbuilder.ts'
import { grammyStorage } from '../../../../../src/adapters/grammy.ts'
import { langchainHistory } from '../../../../../src/adapters/langchain.ts'
import { agentsSession } from '../../../../../src/adapters/openai-agents.ts'
import type { DialogueStore } from '../../../../../src/index.ts'
import { type Scene, START } from '../scene.ts'
import { allOf, type Operation } from './operation.ts'

interface Counted {
  count: number
}

const KEY = 'chat'
const conversationId = 'thread'

const sessionsOf = (store: DialogueStore) => grammyStorage<Counted>(store, { namespace: 'bot' })
const sessionsOfUsers = (store: DialogueStore, { known }: Scene) =>
  grammyStorage<Counted>(store, { namespace: 'bot', userOf: () => known })

/** As frameworks do: a value is read, changed, and written back. */
async function count({ read, write }: ReturnType<typeof sessionsOf>): Promise<void> {
  const { count } = (await read(KEY)) ?? { count: 0 }
  await write(KEY, { count: count + 1 })
}

async function forget(sessions: ReturnType<typeof sessionsOf>): Promise<void> {
  await sessions.read(KEY)
  await sessions.delete(KEY)
}

const ofKeys: Record<string, Operation> = {
  'grammy.read': {
    prepare: (other) => count(sessionsOf(other)),
    call: async (store) => sessionsOf(store).read(KEY),
  },
  'grammy.has': {
    prepare: (other) => count(sessionsOf(other)),
    call: async (store) => sessionsOf(store).has(KEY),
  },
  'grammy.write, of a session that begins': { call: (store) => count(sessionsOf(store)) },
  'grammy.write, of a session that begins, of a user': {
    call: (store, scene) => count(sessionsOfUsers(store, scene)),
  },
  'grammy.write, of a session that changes': {
    prepare: (other) => count(sessionsOf(other)),
    call: (store) => count(sessionsOf(store)),
  },
  'grammy.write, of a session that changes, and belongs to a user': {
    prepare: (other) => count(sessionsOf(other)),
    call: (store, scene) => count(sessionsOfUsers(store, scene)),
    /* Whose it is, it learns first. */
    ...{ inSteps: true, goesOn: true },
  },
  'grammy.delete': {
    prepare: (other) => count(sessionsOf(other)),
    call: (store) => forget(sessionsOf(store)),
  },
  'grammy.readAllEntries': {
    prepare: (other) => count(sessionsOf(other)),
    call: (store) => allOf(sessionsOf(store).readAllEntries()),
  },
}

const stateOf = (store: DialogueStore) => botStorage(store, { namespace: 'bot' })

const ofBotStates: Record<string, Operation> = {
  'storage.write, of a state that begins': { call: (store) => stateOf(store).write({ a: { n: 1 } }) },
  'storage.write, of a state that changes': {
    prepare: (other) => stateOf(other).write({ a: { n: 0 } }),
    call: (store) => stateOf(store).write({ a: { n: 1 } }),
  },
  'storage.read': {
    prepare: (other) => stateOf(other).write({ a: { n: 0 } }),
    call: (store) => stateOf(store).read(['a']),
  },
  'storage.delete': {
    prepare: (other) => stateOf(other).write({ a: { n: 0 } }),
    call: (store) => stateOf(store).delete(['a']),
  },
}

const ACTIVITY = {
  ...{ type: 'message', id: 'one', timestamp: START, text: 'hello', channelId: 'whatsapp' },
  ...{ from: { id: '+5511' }, recipient: { id: 'bot' }, conversation: { id: conversationId } },
  serviceUrl: 'https://example.com',
} as Activity

const log = (store: DialogueStore) => botTranscripts(store).logActivity(ACTIVITY)

const ofTranscripts: Record<string, Operation> = {
  /* Who has a part in a conversation is noted first. */
  'transcripts.logActivity': { call: log, inSteps: true, goesOn: true },
  'transcripts.getTranscriptActivities': {
    prepare: log,
    call: async (store) => {
      const { items } = await botTranscripts(store).getTranscriptActivities('whatsapp', conversationId)
      return items
    },
  },
  'transcripts.listTranscripts': {
    prepare: log,
    call: (store) => botTranscripts(store).listTranscripts('whatsapp'),
  },
  'transcripts.deleteTranscript': {
    prepare: log,
    call: (store) => botTranscripts(store).deleteTranscript('whatsapp', conversationId),
    inSteps: true,
  },
}

const historyOf = (store: DialogueStore, { known }: Scene) =>
  langchainHistory(store, { identity: known, conversationId })

const ofHistories: Record<string, Operation> = {
  'langchain.addMessage': {
    call: (store, scene) => historyOf(store, scene).addMessage(new HumanMessage('hello')),
  },
  'langchain.addMessages': {
    call: (store, scene) =>
      historyOf(store, scene).addMessages([new HumanMessage('hello'), new HumanMessage('there')]),
  },
  'langchain.getMessages': {
    prepare: (other, scene) => historyOf(other, scene).addMessage(new HumanMessage('hello')),
    call: async (store, scene) => (await historyOf(store, scene).getMessages()).map(({ content }) => content),
  },
  'langchain.clear': {
    prepare: (other, scene) => historyOf(other, scene).addMessage(new HumanMessage('hello')),
    call: (store, scene) => historyOf(store, scene).clear(),
  },
}

const says = (text: string): AgentInputItem => ({ role: 'user', content: [{ type: 'input_text', text }] })
const asks = (callId: string, args: string) => ({
  ...({ type: 'function_call', status: 'completed' } as const),
  ...{ callId, name: 'lookup', arguments: args },
})

const agentsOf = (store: DialogueStore, { known }: Scene) =>
  agentsSession(store, { identity: known, conversationId })
const begin = (other: DialogueStore, scene: Scene) =>
  agentsOf(other, scene).addItems([says('draft'), asks('a', '1')])
const append = (store: DialogueStore, scene: Scene) =>
  agentsOf(store, scene).applyHistoryTransaction({
    operationId: 'op',
    transaction: { type: 'append_items', items: [says('once')] },
  })

const ofAgents: Record<string, Operation> = {
  'agents.getItems': {
    prepare: begin,
    call: (store, scene) => agentsOf(store, scene).getItems(),
  },
  'agents.addItems': {
    call: (store, scene) => agentsOf(store, scene).addItems([says('one'), says('two')]),
  },
  'agents.popItem': {
    prepare: begin,
    call: (store, scene) => agentsOf(store, scene).popItem(),
  },
  'agents.applyHistoryTransaction': { prepare: begin, call: append },
  'agents.applyHistoryTransaction, that replaces a suffix': {
    prepare: (other, scene) => agentsOf(other, scene).addItems([says('draft')]),
    call: (store, scene) =>
      agentsOf(store, scene).applyHistoryTransaction({
        operationId: 'op',
        transaction: {
          type: 'replace_suffix',
          expectedSuffix: [says('draft')],
          replacement: [says('final')],
        },
      }),
  },
  'agents.applyHistoryMutations': {
    prepare: begin,
    call: (store, scene) =>
      agentsOf(store, scene).applyHistoryMutations({
        mutations: [{ type: 'replace_function_call', callId: 'a', replacement: asks('a', '2') }],
      }),
  },
  'agents.clearSession': {
    prepare: async (other, scene) => {
      await begin(other, scene)
      await append(other, scene)
    },
    call: (store, scene) => agentsOf(store, scene).clearSession(),
    inSteps: true,
  },
}

/** What bots' frameworks keep under keys. */
export const ofSessions: Record<string, Operation> = { ...ofKeys, ...ofBotStates }

/** What they keep as messages. */
export const ofConversations: Record<string, Operation> = { ...ofTranscripts, ...ofHistories, ...ofAgents }
