import { type DialogueStore, DialogueStoreError } from '../../../../../src/index.ts'
import { leaveInserted, leaveOwed, makeMany, type Scene, sayMore } from '../scene.ts'
import { allOf, firstOf, type Operation } from './operation.ts'

/** Messages of one call. */
const BULK = 20
const says = ({ userId }: Scene, content: string) => ({ userId, sender: 'user', content })

export const ofMessages: Record<string, Operation> = {
  storeMessage: { call: (store, scene) => store.storeMessage(says(scene, 'hello')) },
  'storeMessage, with an external id': {
    call: (store, scene) => store.storeMessage({ ...says(scene, 'hello'), externalId: 'delivery' }),
  },
  'storeMessage, that another process has left': {
    prepare: leaveInserted,
    call: (store, scene) => store.storeMessage({ ...says(scene, 'hello'), externalId: 'delivery' }),
  },
  'storeMessage, with an id': {
    call: (store, scene) =>
      store.storeMessage({ ...says(scene, 'hello'), id: scene.freshId, conversationId: 'ticket' }),
  },
  storeMessages: {
    call: (store, scene) =>
      allStored(
        store,
        Array.from({ length: BULK }, (_, i) => says(scene, `bulk ${i}`)),
      ),
  },
  'storeMessages, with external ids': {
    call: (store, scene) =>
      allStored(
        store,
        Array.from({ length: BULK }, (_, i) => ({ ...says(scene, `bulk ${i}`), externalId: `${i}` })),
      ),
    inSteps: true,
  },
  retrieveHistory: { call: (store, { userId }) => store.retrieveHistory(userId) },
  'retrieveHistory, filtered': {
    call: (store, { userId }) =>
      store.retrieveHistory(userId, { senders: ['user'], types: ['text'], limit: 2, count: 'exact' }),
  },
  'retrieveHistory, before a place': {
    call: (store, { userId, cursor }) => store.retrieveHistory(userId, { before: cursor, limit: 1 }),
  },
  'retrieveHistory, to whom something is owed': {
    prepare: leaveOwed,
    call: (store, { userId }) => store.retrieveHistory(userId),
    isOwed: true,
  },
  iterateHistory: {
    call: (store, { userId, cursor }) => allOf(store.iterateHistory(userId, { after: cursor })),
  },
  'iterateHistory, of much': {
    prepare: makeMany,
    call: async (store, { userId }) => (await allOf(store.iterateHistory(userId))).length,
  },
  followMessages: {
    prepare: sayMore,
    call: (store, { userId, live }) => firstOf(store.followMessages({ userId, after: live })),
  },
  'getMessage, by its id': {
    call: (store, { userId, messageIds: [id = ''] }) => store.getMessage(userId, { id }),
  },
  'getMessage, by its external id': {
    call: (store, { userId }) => store.getMessage(userId, { externalId: 'first' }),
  },
  updateMessage: {
    call: (store, { userId, messageIds: [id = ''] }) =>
      store.updateMessage(userId, id, { content: 'changed', metadata: { a: 1 } }),
  },
  'updateMessage, of a version': {
    call: (store, { userId, messageIds: [id = ''] }) =>
      store.updateMessage(userId, id, { content: 'changed', externalId: 'renamed' }, { ifVersion: 1 }),
  },
  'deleteMessages, by their ids': {
    call: (store, { userId, messageIds }) => store.deleteMessages(userId, { ids: messageIds.slice(0, 2) }),
  },
  'deleteMessages, of a conversation': {
    call: (store, { userId }) => store.deleteMessages(userId, { conversationId: 'ticket' }),
  },
  'deleteMessages, all of many': {
    prepare: makeMany,
    call: (store, { userId }) => store.deleteMessages(userId, { all: true }),
    inSteps: true,
  },
}

/** Messages travel together, or in parts: then each has an outcome of its own, and it is not known of all of them. */
async function allStored(store: DialogueStore, inputs: Parameters<DialogueStore['storeMessages']>[0]) {
  const outcomes = await store.storeMessages(inputs)
  const errors = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.error] : []))
  const [first] = errors
  if (!first) return outcomes
  const { code, message, retryable } = first
  throw errors.length === outcomes.length
    ? first
    : new DialogueStoreError(code, message, { outcome: 'unknown', retryable })
}
