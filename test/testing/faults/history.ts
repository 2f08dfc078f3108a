import type { Message } from '../../../src/index.ts'
import { altered, type Fault, faultsOf, hasCode, withMessages } from './fault.ts'

export const historyFaults: Fault[] = [
  ...faultsOf('retrieveHistory', {
    'gives the newest fifty, oldest first, unless something else is asked for': {
      'a page is of twenty, unless asked otherwise': (store) => ({
        retrieveHistory: (userId, options) => store.retrieveHistory(userId, { limit: 20, ...options }),
      }),
      'a history begins with the newest': ({ retrieveHistory }) => ({
        retrieveHistory: altered(
          retrieveHistory,
          withMessages(({ messages }) => messages.toReversed()),
        ),
      }),
      'the count is that of all users': (store) => ({
        retrieveHistory: altered(store.retrieveHistory, async (page) => ({
          ...page,
          count: (await store.stats()).messages.count + 1,
        })),
      }),
      'the count is that of the page': ({ retrieveHistory }) => ({
        retrieveHistory: altered(retrieveHistory, (page) => ({ ...page, count: page.messages.length })),
      }),
    },
    'gives each message once, whichever way it is paged through': {
      'a page is off by one': ({ retrieveHistory }) => ({
        retrieveHistory: altered(
          retrieveHistory,
          withMessages(({ messages, older }) => (older ? messages.slice(1) : messages)),
        ),
      }),
      'a page begins with the end of the one before': (store) => ({
        retrieveHistory: altered(store.retrieveHistory, async (page, userId, options) => {
          if (!options?.after || !page.older) return page
          const before = await store.retrieveHistory(userId, { before: page.older, limit: 1 })
          return { ...page, messages: [...before.messages, ...page.messages] }
        }),
      }),
      'the way to older pages is lost after the second': ({ retrieveHistory }) => ({
        retrieveHistory: altered(retrieveHistory, (page, _, options) => ({
          ...page,
          older: options?.before ? null : page.older,
        })),
      }),
      'the oldest page is followed by an empty one': ({ retrieveHistory }) => ({
        retrieveHistory: altered(retrieveHistory, (page, _, options) => ({
          ...page,
          older: page.messages.length === options?.limit ? (page.messages[0]?.cursor ?? null) : page.older,
        })),
      }),
    },
    'goes on from the place of any message, and knows the way back': {
      'a page before a place has no way back': ({ retrieveHistory }) => ({
        retrieveHistory: altered(retrieveHistory, (page, _, options) => ({
          ...page,
          newer: options?.before ? null : page.newer,
        })),
      }),
    },
    'counts to ten thousand, and further when asked to': {
      'the count goes no further than ten thousand': (store) => ({
        retrieveHistory: (userId, { count, ...options } = {}) =>
          store.retrieveHistory(userId, { ...options, count: count !== false }),
      }),
    },
    'takes from inclusively and to exclusively': {
      'to is inclusive': (store) => ({
        retrieveHistory: (userId, { to, ...options } = {}) =>
          store.retrieveHistory(userId, to ? { ...options, to: new Date(to.getTime() + 1) } : options),
      }),
    },
    'filters page, count and places': {
      'a filter does not hold for the count': (store) => ({
        retrieveHistory: altered(store.retrieveHistory, async (page, userId) => ({
          ...page,
          count: (await store.retrieveHistory(userId, { limit: 1 })).count,
        })),
      }),
      'the filter by sender is ignored': (store) => ({
        retrieveHistory: (userId, { senders: _, ...options } = {}) => store.retrieveHistory(userId, options),
      }),
    },
    'refuses what is wrong, and another’s cursor': {
      'a cursor that it cannot read is ignored': (store) => ({
        retrieveHistory: (userId, options) =>
          store.retrieveHistory(userId, options).catch((error: unknown) => {
            const isCursor = hasCode(error, 'INVALID_INPUT') && (options?.before || options?.after)
            if (!isCursor) throw error
            return store.retrieveHistory(userId, { ...options, before: null, after: null })
          }),
      }),
    },

    'of somebody who never said a word is empty': {
      'nothing is not counted': ({ retrieveHistory }) => ({
        retrieveHistory: altered(retrieveHistory, (page) => ({ ...page, count: page.count || null })),
      }),
    },
    'counts as asked for': {
      'what matches is counted, whether or not that was asked for': (store) => ({
        retrieveHistory: (userId, { count, ...options } = {}) =>
          store.retrieveHistory(userId, { ...options, count: count || true }),
      }),
    },
    'keeps its places while messages come and go': {
      'places are counted from the newest': (store) => {
        const skips = new Map<string, number>()
        return {
          retrieveHistory: async (userId, options = {}) => {
            const skipped = skips.get(options.before ?? '') ?? 0
            const page = await store.retrieveHistory(userId, options)
            const { messages: all } = await store.retrieveHistory(userId, { limit: 1000 })
            const rest = all.slice(0, all.length - skipped).slice(-(options.limit ?? 50))
            if (page.older) skips.set(page.older, skipped + rest.length)
            return options.before && skipped ? { ...page, messages: rest } : page
          },
        }
      },
    },
  }),
  ...faultsOf('iterateHistory', {
    'gives all of it once, oldest first, however long': {
      'an iteration skips one where its pages meet': (store) => ({
        async *iterateHistory(userId, options) {
          let count = 0
          for await (const message of store.iterateHistory(userId, options))
            if (++count % 500 !== 0) yield message
        },
      }),
    },
    'goes on after a place, and filters': {
      'an iteration after a place begins with it': (store) => ({
        async *iterateHistory(userId, options = {}) {
          const { after, ...filter } = options
          let reached = !after
          for await (const message of store.iterateHistory(userId, filter)) {
            reached ||= message.cursor === after
            if (reached) yield message
          }
        },
      }),
    },

    'can be left, and fails at its first step': {
      'an iteration of nobody’s history is empty': (store) => ({
        async *iterateHistory(userId, options) {
          const { messages } = await store.retrieveHistory(userId).catch(() => ({ messages: null }))
          if (messages) yield* store.iterateHistory(userId, options)
        },
      }),
    },
  }),
  ...faultsOf('followMessages', {
    'goes on from any item without gap or repeat': {
      'following repeats the item that it goes on from': (store) => {
        const seen = new Map<string, Message>()
        return {
          async *followMessages(options = {}) {
            const last = seen.get(options.after ?? '')
            if (last) yield { message: last, resume: options.after ?? '' }
            for await (const item of store.followMessages(options)) {
              seen.set(item.resume, item.message)
              yield item
            }
          },
        }
      },
    },
    'is of one user when asked': {
      'whoever follows one user is given everybody': (store) => ({
        followMessages: ({ userId: _, ...options } = {}) => store.followMessages(options),
      }),
    },
    'gives no changes, no deletions and no repeats of a delivery': {
      'following gives messages as they are now': (store) => ({
        async *followMessages(options) {
          for await (const { message, resume } of store.followMessages(options)) {
            const now = await store.getMessage(message.userId, { id: message.id }).catch(() => undefined)
            yield { message: now ?? { ...message, content: 'deleted' }, resume }
          }
        },
      }),
    },
    'ends quietly when it is aborted: before, and while it waits': {
      'following that is aborted throws': (store) => ({
        async *followMessages(options) {
          yield* store.followMessages(options)
          options?.signal?.throwIfAborted()
        },
      }),
    },

    'goes on where a page ended, each message once, as getMessage gives it': {
      'what is followed lacks its metadata': (store) => ({
        async *followMessages(options) {
          for await (const { message, resume } of store.followMessages(options))
            yield { message: { ...message, metadata: {} }, resume }
        },
      }),
    },
    'waits for what is stored while it follows': {
      'following ends when it has caught up': (store) => ({
        async *followMessages(options) {
          let left = 2
          for await (const item of store.followMessages(options)) {
            yield item
            if (--left === 0) return
          }
        },
      }),
    },
    'refuses what is wrong, and knows nobody’s': {
      'nobody can be followed': (store) => ({
        async *followMessages(options = {}) {
          const { userId } = options
          const isThere = !userId || (await store.getUser(userId).catch(() => undefined))
          if (isThere) yield* store.followMessages(options)
        },
      }),
    },
  }),
]
