import type { Message } from '../../../src/index.ts'
import { altered, type Fault, faultsOf, hasCode, withMessages, without, withoutNull } from './fault.ts'

/** Neighbours of one moment change places. */
function swapped<M extends Message>(messages: M[]): M[] {
  const result = [...messages]
  for (let i = 1; i < result.length; i += 2) {
    const [one, other] = [result[i - 1], result[i]]
    if (one && other && one.timestamp.getTime() === other.timestamp.getTime())
      result.splice(i - 1, 2, other, one)
  }
  return result
}

export const messagesFaults: Fault[] = [
  ...faultsOf('messages', {
    'all of many that are stored at once are there': {
      'a write is acknowledged, but not made': (store) => {
        let stored = 0
        return {
          storeMessage: async (input) => {
            const outcome = await store.storeMessage(input)
            if (++stored % 20 === 0) await store.deleteMessages(input.userId, { ids: [outcome.message.id] })
            return outcome
          },
        }
      },
    },
    'a stored message has what was given': {
      'the time of a message is that of storing it': (store) => ({
        storeMessage: ({ timestamp: _, ...input }) => store.storeMessage(input),
      }),
      'the metadata of a message is not stored': (store) => ({
        storeMessage: altered(store.storeMessage, async ({ message, created }) => {
          await store.updateMessage(message.userId, message.id, { metadata: null })
          return { message, created }
        }),
      }),
    },
    'the same id stores once, and not for somebody else': {
      'storeMessage says of every message that it is new': ({ storeMessage }) => ({
        storeMessage: altered(storeMessage, ({ message }) => ({ message, created: true })),
      }),
    },
    'a bulk has an outcome for each, and one that is wrong fails nobody else': {
      'one wrong message fails its bulk': ({ storeMessages }) => ({
        storeMessages: altered(storeMessages, (outcomes) => {
          for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.error
          return outcomes
        }),
      }),
      'a bulk leaves out what it rejects': ({ storeMessages }) => ({
        storeMessages: altered(storeMessages, (outcomes) =>
          outcomes.filter(({ status }) => status !== 'rejected'),
        ),
      }),
    },

    'what was never given is null, or its default': {
      'a message without a time is of 1970': (store) => ({
        storeMessage: (input) => store.storeMessage({ timestamp: new Date(0), ...input }),
      }),
    },
    'content may be empty for voice, or with metadata': {
      'a voice note has to have words': (store) => ({
        storeMessage: ({ type, ...input }) =>
          store.storeMessage(input.content === '' ? input : { ...input, ...(type && { type }) }),
      }),
    },
    'what is wrong is refused by its place': {
      'what a message cannot have is left out': (store) => ({
        storeMessage: (input) => store.storeMessage(without(input, 'mood')),
      }),
    },
    'nobody’s message is USER_NOT_FOUND': {
      'a message creates its user': (store) => ({
        storeMessage: (input) =>
          store.storeMessage(input).catch(async (error: unknown) => {
            if (!hasCode(error, 'USER_NOT_FOUND')) throw error
            await store.createUser({ id: input.userId, name: 'Ghost' })
            return store.storeMessage(input)
          }),
      }),
    },
  }),
  ...faultsOf('the order of a history', {
    'is that of input within a call, for equal timestamps': {
      'messages of one moment change places': ({ retrieveHistory }) => ({
        retrieveHistory: altered(
          retrieveHistory,
          withMessages(({ messages }) => swapped(messages)),
        ),
      }),
    },
    'is that of time first': {
      'a history is in the order of storing': ({ retrieveHistory }) => ({
        retrieveHistory: altered(
          retrieveHistory,
          withMessages(({ messages }) => messages.toSorted((a, b) => (a.id < b.id ? -1 : 1))),
        ),
      }),
    },

    'is that of awaited calls, single ones and bulks, for equal timestamps': {
      'messages of one moment are in the order of what they say': ({ retrieveHistory }) => ({
        retrieveHistory: altered(
          retrieveHistory,
          withMessages(({ messages }) =>
            messages.toSorted((a, b) => +a.timestamp - +b.timestamp || (a.content < b.content ? -1 : 1)),
          ),
        ),
      }),
    },
  }),
  ...faultsOf('getMessage', {
    'gives nobody what is somebody else’s': {
      'a message is given to whoever knows its id': (store) => {
        const all = new Map<string, Message>()
        return {
          storeMessage: altered(store.storeMessage, (outcome) => {
            all.set(outcome.message.id, outcome.message)
            return outcome
          }),
          getMessage: async (userId, key) =>
            ('id' in key && all.get(`${key.id}`)) || store.getMessage(userId, key),
        }
      },
    },

    'finds by id, and by external id and conversation': {
      'an external id is looked for outside of conversations only': (store) => ({
        getMessage: (userId, key) =>
          store.getMessage(userId, 'id' in key ? key : { externalId: key.externalId }),
      }),
    },
  }),
  ...faultsOf('updateMessage', {
    'changes a message, whose place stays': {
      'metadata is merged instead of replaced': (store) => ({
        updateMessage: async (userId, id, patch, options) => {
          const { metadata } = await store.getMessage(userId, { id })
          const merged = patch.metadata ? { ...patch, metadata: { ...metadata, ...patch.metadata } } : patch
          return store.updateMessage(userId, id, merged, options)
        },
      }),
      'a message that is changed moves to the end': (store) => ({
        updateMessage: async (userId, id, patch, options) => {
          const changed = await store.updateMessage(userId, id, patch, options)
          const { sender, content, metadata } = changed
          await store.deleteMessages(userId, { ids: [id] })
          await store.storeMessage({ userId, sender, content, metadata })
          return changed
        },
      }),
    },
    'holds ifVersion against what is stored': {
      'ifVersion of a message is ignored': (store) => ({
        updateMessage: (userId, id, patch) => store.updateMessage(userId, id, patch),
      }),
    },
    'claims an external id that is given later': {
      'an external id that is given later is not claimed': (store) => ({
        updateMessage: (userId, id, { externalId: _, ...patch }, options) =>
          store.updateMessage(userId, id, patch, options),
      }),
    },

    'leaves what is undefined, and clears what is null': {
      'null does not clear a field of a message': (store) => ({
        updateMessage: (userId, id, patch, options) =>
          store.updateMessage(userId, id, withoutNull(patch), options),
      }),
    },
    'refuses what is wrong by its place, and then changes nothing': {
      'what a change of a message may not say is left out': (store) => ({
        updateMessage: (userId, id, patch, options) =>
          store.updateMessage(userId, id, without(patch, 'timestamp'), options),
      }),
    },
  }),
  ...faultsOf('deleteMessages', {
    'deletes a conversation, or all, of one user': {
      'deleteMessages leaves the last one': (store) => ({
        deleteMessages: async (userId, filter) => {
          if (!('all' in filter)) return store.deleteMessages(userId, filter)
          const { messages } = await store.retrieveHistory(userId, { limit: 1000 })
          const ids = messages.slice(0, -1).map(({ id }) => id)
          await store.deleteMessages(userId, { ids })
          return messages.length
        },
      }),
    },
    'deletes those that are named, and says how many': {
      'deleteMessages counts what it was given': (store) => ({
        deleteMessages: async (userId, filter) => {
          const deleted = await store.deleteMessages(userId, filter)
          return 'ids' in filter ? filter.ids.length : deleted
        },
      }),
    },

    'counts each message once, whoever deletes it': {
      'deleteMessages counts before it deletes': (store) => ({
        deleteMessages: async (userId, filter) => {
          const { count } = await store.retrieveHistory(userId)
          const deleted = await store.deleteMessages(userId, filter)
          return 'all' in filter ? (count ?? 0) : deleted
        },
      }),
    },
    'refuses what names nothing': {
      'a filter that names nothing deletes all': (store) => ({
        deleteMessages: (userId, filter) =>
          store.deleteMessages(userId, Object.keys(filter).length === 0 ? { all: true } : filter),
      }),
    },
  }),
]
