import { byFunction, type Template } from './template.ts'

const data = () => ({ summary: 'x', topics: [{ name: 'dentist' }] })

export const CONTEXTS: readonly Template[] = [
  {
    verb: 'storeContext',
    args: ({ userId, cursor }) => [userId, data(), { covers: cursor }],
    ...{ json: [1], keeps: [1] },
  },
  {
    verb: 'storeContext',
    about: 'of a version',
    args: ({ userId }) => [userId, data(), { ifVersion: 1 }],
    json: [1],
  },
  {
    verb: 'mergeContext',
    args: ({ userId, cursor }) => [userId, data(), { covers: cursor }],
    ...{ json: [1], keeps: [1] },
  },
  {
    verb: 'updateContext',
    args: ({ userId }) => [userId, () => data(), { ifVersion: 1 }],
  },
  {
    verb: 'updateContext',
    about: 'by the word of a function',
    args: ({ userId, cursor }) => [userId, data(), { covers: cursor }],
    ...{ json: [1], keeps: [1] },
    call: byFunction('updateContext'),
  },
  {
    verb: 'retrieveContext',
    args: ({ userId }) => [userId, { pending: { senders: ['user'], conversationId: 'ticket' } }],
  },
  { verb: 'retrieveContext', about: 'pending', args: ({ userId }) => [userId, { pending: true }] },
  { verb: 'deleteContext', args: ({ userId }) => [userId] },
]
