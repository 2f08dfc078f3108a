import { altered, type Fault, faultsOf, hasCode } from './fault.ts'

export const contextsFaults: Fault[] = [
  ...faultsOf('contexts', {
    'storeContext replaces': {
      'storeContext merges': (store) => ({
        storeContext: (userId, data, options) => store.mergeContext(userId, data, options),
      }),
      'storeContext says of every context that it is new': ({ storeContext }) => ({
        storeContext: altered(storeContext, ({ context }) => ({ context, created: true })),
      }),
    },
    'mergeContext merges as RFC 7396 says': {
      'mergeContext replaces': (store) => ({
        mergeContext: (userId, patch, options) => store.storeContext(userId, patch, options),
      }),
      'mergeContext merges the first level only': (store) => ({
        mergeContext: (userId, patch, options) =>
          store.updateContext(userId, (data) => ({ ...data, ...patch }), options),
      }),
      'mergeContext merges into lists, by index': (store) => ({
        mergeContext: async (userId, patch, options) => {
          const { data } = await store.retrieveContext(userId)
          const isInto = (key: string, value: unknown) => Array.isArray(data[key]) && !Array.isArray(value)
          const merged = Object.entries(patch).map(([key, value]) => [
            key,
            isInto(key, value) && typeof value === 'object' ? { ...Object(data[key]), ...value } : value,
          ])
          return store.mergeContext(userId, Object.fromEntries(merged), options)
        },
      }),
    },
    'mergeContext into nothing removes nothing, and keeps no null': {
      'null is kept where there is nothing to remove': (store) => ({
        mergeContext: async (userId, patch, options) => {
          const { version } = await store.retrieveContext(userId)
          return version === 0
            ? store.storeContext(userId, patch, options)
            : store.mergeContext(userId, patch, options)
        },
      }),
    },
    'mergeContext loses none of twenty changes at once': {
      'a merge is made by reading and writing': (store) => ({
        mergeContext: async (userId, patch, options) => {
          const { data } = await store.retrieveContext(userId)
          return store.storeContext(userId, { ...data, ...patch }, options)
        },
      }),
    },
    'updateContext changes what is stored, again when somebody was faster': {
      'a change of a context is not tried again': (store) => ({
        updateContext: async (userId, change, options) => {
          const { data } = await store.retrieveContext(userId)
          return store.storeContext(userId, await change(data), options)
        },
      }),
    },
    'holds ifVersion against what is stored': {
      'ifVersion of a merge is ignored': (store) => ({
        mergeContext: (userId, patch, { ifVersion: _, ...options } = {}) =>
          store.mergeContext(userId, patch, options),
      }),
    },
    'takes ifVersion 0 for: it has no data now': {
      'ifVersion 0 means that there never was any data': (store) => ({
        storeContext: async (userId, data, options) => {
          const { version } = await store.retrieveContext(userId)
          const ifVersion = options?.ifVersion === 0 && version > 0 ? version + 1 : options?.ifVersion
          return store.storeContext(
            userId,
            data,
            ifVersion === undefined ? options : { ...options, ifVersion },
          )
        },
      }),
    },
    'deleteContext empties it, and the version goes on rising': {
      'the version begins anew when a context was emptied': (store) => {
        const before = new Map<string, number>()
        return {
          deleteContext: async (userId) => {
            const deleted = await store.deleteContext(userId)
            before.set(`${userId}`, (await store.retrieveContext(userId)).version)
            return deleted
          },
          retrieveContext: altered(store.retrieveContext, (context) => ({
            ...context,
            version: context.version - (before.get(context.userId) ?? 0),
          })),
        }
      },
    },

    'a context without data is {} at version 0': {
      'versions begin with one': ({ retrieveContext }) => ({
        retrieveContext: altered(retrieveContext, (context) => ({
          ...context,
          version: context.version || 1,
        })),
      }),
    },
    'refuses what is no object, and knows nobody’s': {
      'a list may be a context': (store) => ({
        storeContext: (userId, data, options) =>
          store.storeContext(userId, Array.isArray(data) ? { ...data } : data, options),
      }),
    },
  }),
  ...faultsOf('covers and pending', {
    'nothing but covers moves the mark': {
      'every write moves the mark': (store) => ({
        mergeContext: async (userId, patch, options) => {
          const { messages } = await store.retrieveHistory(userId, { limit: 1 })
          const covers = messages[0]?.cursor
          return store.mergeContext(userId, patch, covers ? { covers, ...options } : options)
        },
      }),
      'updateContext forgets covers': (store) => ({
        updateContext: (userId, change, { covers: _, ...options } = {}) =>
          store.updateContext(userId, change, options),
      }),
    },
    'what comes while a summary is made stays pending': {
      'a summary covers all that there is': (store) => ({
        mergeContext: async (userId, patch, options) => {
          const { messages } = await store.retrieveHistory(userId, { limit: 1 })
          const covers = messages[0]?.cursor
          return store.mergeContext(
            userId,
            patch,
            options?.covers && covers ? { ...options, covers } : options,
          )
        },
      }),
    },
    'pending counts everything until there is a mark, and then what came after it': {
      'pending counts the marked message, too': ({ retrieveContext }) => ({
        retrieveContext: altered(retrieveContext, ({ pending, ...context }) => ({
          ...context,
          pending: pending !== null && context.covers ? pending + 1 : pending,
        })),
      }),
    },
    'pending is right after deletions, that of the marked message too': {
      'pending does not notice deletions': (store) => {
        const deleted = new Map<string, number>()
        return {
          deleteMessages: altered(store.deleteMessages, (count, userId) => {
            deleted.set(`${userId}`, (deleted.get(`${userId}`) ?? 0) + count)
            return count
          }),
          retrieveContext: altered(store.retrieveContext, ({ pending, ...context }) => ({
            ...context,
            pending: pending === null ? null : pending + (deleted.get(context.userId) ?? 0),
          })),
        }
      },
    },
    'pending counts by sender and by conversation': {
      'pending counts all senders': (store) => ({
        retrieveContext: (userId, { pending } = {}) =>
          store.retrieveContext(userId, pending ? { pending: true } : {}),
      }),
    },
    'pending is exact to 1,000': {
      'pending goes to 500': ({ retrieveContext }) => ({
        retrieveContext: altered(retrieveContext, ({ pending, ...context }) => ({
          ...context,
          pending: pending === null ? null : Math.min(pending, 500),
        })),
      }),
    },
    'the mark moves with a transaction, or not at all': {
      'a transaction forgets covers': (store) => ({
        withTransaction: (work) =>
          store.withTransaction((tx) =>
            work({ ...tx, mergeContext: (userId, patch) => tx.mergeContext(userId, patch) }),
          ),
      }),
      'the mark is moved outside of the transaction': (store) => ({
        withTransaction: async (work) => {
          let last: Parameters<typeof store.mergeContext> | undefined
          const moved = () => last && store.mergeContext(last[0], {}, last[2])
          return store
            .withTransaction((tx) =>
              work({
                ...tx,
                mergeContext: (...args) => {
                  last = args
                  return tx.mergeContext(...args)
                },
              }),
            )
            .finally(moved)
        },
      }),
    },

    'a write that is refused does not move the mark': {
      'a write that is refused moves the mark': (store) => ({
        storeContext: (userId, data, options) =>
          store.storeContext(userId, data, options).catch(async (error: unknown) => {
            const { covers } = options ?? {}
            if (covers && hasCode(error, 'VERSION_CONFLICT')) await store.mergeContext(userId, {}, { covers })
            throw error
          }),
      }),
    },
    'messages of one moment are told apart': {
      'pending counts from the moment after the mark': (store) => ({
        retrieveContext: altered(store.retrieveContext, async (context, userId) => {
          const { messages } = await store.retrieveHistory(userId, { limit: 1000 })
          const mark = messages.find(({ cursor }) => cursor === context.covers)
          const later = messages.filter(({ timestamp }) => mark && timestamp > mark.timestamp)
          return mark ? { ...context, pending: later.length } : context
        }),
      }),
    },
    'a place of another’s history is refused, as is what is none': {
      'a place that cannot be read is no place': (store) => ({
        storeContext: (userId, data, options) =>
          store.storeContext(userId, data, options).catch((error: unknown) => {
            if (!hasCode(error, 'INVALID_INPUT')) throw error
            return store.storeContext(userId, data)
          }),
      }),
    },
  }),
]
