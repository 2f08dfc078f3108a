import { HumanMessage } from '@langchain/core/messages'
import type { Person } from '../scene.ts'
import { freshId, START } from '../scene.ts'
import type { Template } from './template.ts'

const KEY = 'chat'
const value = () => ({ step: 'x', seen: [{ n: 1 }] })
const keyed = ({ identity }: Person) => ({
  ...{ namespace: 'bot', userOf: () => identity, onConflict: (ours: unknown) => ours },
})

/** What is stored under keys: grammY's verbs, and the same by Telegraf's names. */
const KEYED: readonly Template[] = [
  { verb: 'grammy.read', args: (attacker) => [keyed(attacker), KEY] },
  { verb: 'grammy.write', args: (attacker) => [keyed(attacker), freshId(), value()], values: [2] },
  { verb: 'grammy.has', args: (attacker) => [keyed(attacker), KEY] },
  { verb: 'grammy.delete', args: (attacker) => [keyed(attacker), KEY] },
  { verb: 'grammy.readAllEntries', args: (attacker) => [keyed(attacker)] },
  { verb: 'grammy.readAllKeys', args: (attacker) => [keyed(attacker)] },
  { verb: 'grammy.readAllValues', args: (attacker) => [keyed(attacker)] },
  { verb: 'telegraf.get', args: (attacker) => [keyed(attacker), KEY] },
  { verb: 'telegraf.set', args: (attacker) => [keyed(attacker), freshId(), value()], values: [2] },
  { verb: 'telegraf.delete', args: (attacker) => [keyed(attacker), KEY] },
]

const kept = ({ identity }: Person) => ({ namespace: 'bot', userOf: () => identity })
const activity = () => ({
  ...{ type: 'message', id: freshId(), timestamp: START, text: 'hello', channelId: 'whatsapp' },
  ...{ from: { id: freshId() }, recipient: { id: 'bot' }, conversation: { id: 'c' }, channelData: value() },
})

const BOTS: readonly Template[] = [
  { verb: 'storage.read', args: (attacker) => [kept(attacker), [KEY]], free: [1] },
  {
    verb: 'storage.write',
    args: (attacker) => [kept(attacker), { [freshId()]: { ...value(), eTag: '*' } }],
    free: [1],
  },
  { verb: 'storage.delete', args: (attacker) => [kept(attacker), [KEY]], free: [1] },
  {
    verb: 'transcripts.logActivity',
    args: ({ identity }) => [{ identityOf: () => identity }, activity()],
    free: [1],
  },
  {
    verb: 'transcripts.logActivity',
    about: 'of a class',
    args: ({ identity }) => [{ identityOf: () => identity, toActivity: () => activity() }, activity()],
    free: [1],
  },
  {
    verb: 'transcripts.getTranscriptActivities',
    args: () => [{}, 'whatsapp', 'c', '1_0_000000000000000000000000', START],
  },
  { verb: 'transcripts.listTranscripts', args: () => [{}, 'whatsapp', 'MSB4'] },
  { verb: 'transcripts.deleteTranscript', args: () => [{}, 'whatsapp', freshId()] },
]

const talk = ({ identity }: Person) => ({ identity, conversationId: 'ticket' })
const says = () => ({ role: 'user', content: [{ type: 'input_text', text: 'hello' }] })

const CONVERSATIONS: readonly Template[] = [
  { verb: 'langchain.getMessages', args: (attacker) => [{ ...talk(attacker), limit: 2 }] },
  { verb: 'langchain.addMessage', args: (attacker) => [talk(attacker), new HumanMessage('hello')] },
  {
    verb: 'langchain.addMessages',
    args: (attacker) => [talk(attacker), [new HumanMessage('hello'), new HumanMessage('there')]],
  },
  { verb: 'langchain.clear', args: (attacker) => [talk(attacker)] },
  { verb: 'agents.getSessionId', args: (attacker) => [talk(attacker)] },
  { verb: 'agents.getItems', args: (attacker) => [talk(attacker), 2] },
  { verb: 'agents.addItems', args: (attacker) => [talk(attacker), [says()]], free: [1] },
  { verb: 'agents.popItem', args: (attacker) => [talk(attacker)] },
  { verb: 'agents.clearSession', args: (attacker) => [talk(attacker)] },
  {
    verb: 'agents.applyHistoryTransaction',
    args: (attacker) => [
      talk(attacker),
      { operationId: freshId(), transaction: { type: 'append_items', items: [says()] } },
    ],
    free: [1],
  },
  {
    verb: 'agents.applyHistoryTransaction',
    about: 'that replaces',
    args: (attacker) => [
      talk(attacker),
      {
        operationId: freshId(),
        transaction: { type: 'replace_suffix', expectedSuffix: [], replacement: [says()] },
      },
    ],
    free: [1],
  },
  {
    verb: 'agents.applyHistoryMutations',
    args: (attacker) => [
      talk(attacker),
      { mutations: [{ type: 'replace_function_call', callId: 'a', replacement: says() }] },
    ],
    free: [1],
  },
]

const sync = ({ userId }: Person) => ({
  ...{ importAs: () => userId, calendarOf: () => 'primary', since: START, onConflict: 'store' },
  ...{ requestsPerMinute: 1_000_000, sendUpdates: 'none' },
})

const CALENDARS: readonly Template[] = [
  { verb: 'calendar.push', args: (attacker) => [sync(attacker)] },
  { verb: 'calendar.pull', args: (attacker) => [sync(attacker), 'primary'] },
  { verb: 'calendar.retry', args: (attacker) => [sync(attacker), attacker.eventId] },
  { verb: 'calendar.conflicts', args: (attacker) => [sync(attacker), attacker.eventId] },
  {
    verb: 'calendar.watch',
    args: (attacker) => [sync(attacker), 'primary', { address: 'http://127.0.0.1:9/' }],
  },
  { verb: 'calendar.unwatch', args: (attacker) => [sync(attacker), 'primary'] },
  {
    verb: 'calendar.handleNotification',
    args: (attacker) => [
      sync(attacker),
      {
        ...{ 'x-goog-channel-id': freshId(), 'x-goog-channel-token': freshId() },
        'x-goog-resource-state': 'exists',
      },
    ],
  },
]

/** What stands beside a store: frameworks' adapters, and Google Calendar. */
export const BESIDE: Readonly<Record<string, readonly Template[]>> = {
  "frameworks' sessions": KEYED,
  'the Bot Framework': BOTS,
  'LangChain and the Agents SDK': CONVERSATIONS,
  'a calendar': CALENDARS,
}
