import type { Person } from '../scene.ts'
import { freshId, LATER } from '../scene.ts'
import type { Template } from './template.ts'

const audio = () => ({ uri: 's3://notes/1.ogg', mimeType: 'audio/ogg', durationSeconds: 3.2 })
const message = ({ userId }: Person) => ({
  ...{ userId, sender: 'user', content: 'hello', type: 'voice', timestamp: new Date(), audio: audio() },
  ...{ conversationId: 'ticket', metadata: { transcript: [{ model: 'whisper' }] } },
})
const filters = () => ({
  ...{ from: new Date(0), to: LATER, conversationId: 'ticket', senders: ['user'], types: ['text', 'voice'] },
})

export const MESSAGES: readonly Template[] = [
  { verb: 'storeMessage', args: (attacker) => [message(attacker)], keeps: [0] },
  {
    verb: 'storeMessage',
    about: 'with ids',
    args: (attacker) => [{ ...message(attacker), id: freshId(), externalId: freshId() }],
  },
  {
    verb: 'storeMessages',
    args: (attacker) => [[message(attacker), { ...message(attacker), externalId: freshId(), id: freshId() }]],
  },
  {
    verb: 'retrieveHistory',
    args: ({ userId, older }) => [userId, { limit: 10, before: older, count: 'exact', ...filters() }],
  },
  {
    verb: 'retrieveHistory',
    about: 'after a cursor',
    args: ({ userId, cursor }) => [userId, { limit: 10, after: cursor, count: false, types: ['text'] }],
  },
  { verb: 'iterateHistory', args: ({ userId, cursor }) => [userId, { after: cursor, ...filters() }] },
  {
    verb: 'followMessages',
    args: ({ userId, live }) => [{ userId, after: live, signal: new AbortController().signal }],
    isOfAll: true,
  },
  { verb: 'getMessage', args: ({ userId, messageId }) => [userId, { id: messageId }] },
  {
    verb: 'getMessage',
    about: 'by its external id',
    args: ({ userId, externalId, conversationId }) => [userId, { externalId, conversationId }],
  },
  {
    verb: 'updateMessage',
    args: ({ userId, voiceId }) => [
      userId,
      voiceId,
      {
        content: 'better',
        metadata: { transcript: [{ model: 'x' }] },
        audio: audio(),
        externalId: freshId(),
      },
    ],
  },
  {
    verb: 'updateMessage',
    about: 'of a version',
    args: ({ userId, messageId }) => [userId, messageId, { content: 'better' }, { ifVersion: 1 }],
  },
  { verb: 'deleteMessages', args: ({ userId }) => [userId, { ids: [freshId(), freshId()] }] },
  {
    verb: 'deleteMessages',
    about: 'of a conversation',
    args: ({ userId }) => [userId, { conversationId: 'of nobody' }],
  },
  { verb: 'deleteMessages', about: 'all', args: () => [freshId(), { all: true }] },
]
