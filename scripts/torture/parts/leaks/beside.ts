import { HumanMessage } from '@langchain/core/messages'
import type { Call } from './call.ts'
import { keyOf, textOf, wordOf } from './marks.ts'
import { jsonOf, newUser, type Subject } from './subject.ts'

const NAMESPACE = textOf('Namespace')
const KEY = textOf('Key')
/** A key of an object: the path of an error names it. */
const ITEM = keyOf('Item')
const activity = () => ({
  ...{ type: 'message', id: wordOf('Activity'), timestamp: new Date(), text: textOf('Activity') },
  ...{ channelId: wordOf('Channel'), conversation: { id: wordOf('Chat') }, recipient: { id: 'bot' } },
  ...{ from: { id: wordOf('From'), name: textOf('From') }, channelData: jsonOf('Activity') },
})
const says = () => ({ role: 'user', content: [{ type: 'input_text', text: textOf('Item') }] })

type Named = [verb: string, ...args: unknown[]]

/** One call of each method of what stands beside a store, with a mark in everything that is text. */
export function besideCalls({ userId, eventId }: Subject): Call[] {
  const [identity] = newUser().identities
  const whose = { namespace: NAMESPACE, userOf: () => identity }
  const talk = { identity, conversationId: textOf('Talk') }
  const sync = { importAs: () => userId, requestsPerMinute: 1_000_000 }
  const ofAll = (verb: string): Named => [verb, whose]
  const calls: Named[] = [
    ['grammy.read', whose, KEY],
    ['grammy.write', whose, KEY, jsonOf('Session')],
    ['grammy.has', whose, KEY],
    ...['grammy.readAllEntries', 'grammy.readAllKeys', 'grammy.readAllValues'].map(ofAll),
    ['telegraf.set', whose, KEY, jsonOf('Session')],
    ['telegraf.get', whose, KEY],
    ['telegraf.delete', whose, KEY],
    ['grammy.delete', whose, KEY],
    ['storage.write', whose, { [ITEM]: jsonOf('Stored') }],
    ['storage.write', whose, { [ITEM]: { ...jsonOf('Stored'), eTag: textOf('Tag') } }],
    ['storage.read', whose, [ITEM]],
    ['storage.delete', whose, [ITEM]],
    ['transcripts.logActivity', {}, activity()],
    ['transcripts.getTranscriptActivities', {}, wordOf('Channel'), wordOf('Chat')],
    ['transcripts.getTranscriptActivities', {}, wordOf('Channel'), wordOf('Chat'), textOf('Token')],
    ['transcripts.listTranscripts', {}, wordOf('Channel')],
    ['transcripts.deleteTranscript', {}, wordOf('Channel'), wordOf('Chat')],
    ['langchain.addMessage', talk, new HumanMessage(textOf('Said'))],
    ['langchain.addMessages', talk, [new HumanMessage(textOf('Said')), new HumanMessage(textOf('More'))]],
    ['langchain.getMessages', talk],
    ['langchain.clear', talk],
    ['agents.getSessionId', talk],
    ['agents.addItems', talk, [says()]],
    ['agents.getItems', talk],
    [
      'agents.applyHistoryTransaction',
      talk,
      {
        operationId: textOf('Operation'),
        transaction: { type: 'replace_suffix', expectedSuffix: [says()], replacement: [says()] },
      },
    ],
    [
      'agents.applyHistoryMutations',
      talk,
      { mutations: [{ type: 'replace_function_call', callId: textOf('Call'), replacement: says() }] },
    ],
    ['agents.popItem', talk],
    ['agents.clearSession', talk],
    ['calendar.push', sync],
    ['calendar.push', { ...sync, calendarOf: () => textOf('Calendar') }],
    ['calendar.pull', sync, 'primary'],
    ['calendar.pull', sync, textOf('Calendar')],
    ['calendar.conflicts', sync, eventId],
    ['calendar.retry', sync, eventId],
    ['calendar.watch', sync, textOf('Calendar'), { address: `https://example.com/${wordOf('Hook')}` }],
    ['calendar.watch', sync, 'primary', { address: 'http://127.0.0.1:9/c4n4ry' }],
    [
      'calendar.handleNotification',
      sync,
      { 'x-goog-channel-id': textOf('Channel'), 'x-goog-channel-token': textOf('ChannelToken') },
    ],
    ['calendar.unwatch', sync, 'primary'],
  ]
  return calls.map(([verb, ...args]) => ({ verb, args }))
}
