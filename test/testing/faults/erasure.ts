import type { ErasureReceipt, Message, User } from '../../../src/index.ts'
import { altered, type Fault, faultsOf, hasCode } from './fault.ts'

export const erasureFaults: Fault[] = [
  ...faultsOf('deleteUser', {
    'gives a receipt, and the same one again': {
      'a receipt is another one when it is repeated': ({ deleteUser }) => ({
        deleteUser: altered(deleteUser, (receipt) => ({ ...receipt, erasedAt: new Date() })),
      }),
      'a receipt forgets what was erased when it is repeated': (store) => {
        const given = new Set<string>()
        return {
          deleteUser: altered(store.deleteUser, (receipt): ErasureReceipt => {
            if (given.has(receipt.userId)) return { ...receipt, messages: 0 }
            given.add(receipt.userId)
            return receipt
          }),
        }
      },
    },
    'leaves the user to no verb': {
      'a message of a user who is erased stays': (store) => {
        const kept = new Map<string, Message>()
        return {
          storeMessages: altered(store.storeMessages, (outcomes) => {
            for (const outcome of outcomes)
              if (outcome.status === 'created') kept.set(outcome.message.userId, outcome.message)
            return outcomes
          }),
          retrieveHistory: async (userId, options) =>
            store.retrieveHistory(userId, options).catch((error: unknown) => {
              const message = kept.get(`${userId}`)
              if (!message) throw error
              return { messages: [message], count: 1, countIsExact: true, older: null, newer: null, live: '' }
            }),
        }
      },
      'a user who is erased may come back under the same id': (store) => ({
        createUser: ({ id, ...input }) =>
          store.createUser({ ...input, ...(id && { id }) }).catch(() => store.createUser(input)),
      }),
    },
    'leaves nothing to lists': {
      'an erased user stays in lists': (store) => {
        const all = new Map<string, User>()
        return {
          createUser: altered(store.createUser, (user) => {
            for (const [flow] of Object.entries(user.states)) all.set(flow, user)
            return user
          }),
          listUsers: altered(store.listUsers, (page, options) => {
            const [flow = ''] = Object.keys(options?.states ?? {})
            const user = all.get(flow)
            return page.users.length === 0 && user ? { users: [user], nextCursor: null } : page
          }),
        }
      },
    },
    'frees the identities at once, for somebody who has nothing': {
      'the identity of an erased user finds them': (store) => {
        const all = new Map<string, User>()
        return {
          createUser: altered(store.createUser, (user) => {
            for (const identity of user.identities) all.set(JSON.stringify(identity), user)
            return user
          }),
          findUser: async (identity) =>
            (await store.findUser(identity)) ?? all.get(JSON.stringify(identity)) ?? null,
        }
      },
    },

    'gives one receipt to all who call at once': {
      'each who erases a user gets a receipt of their own': (store) => {
        let given = 0
        return {
          deleteUser: altered(store.deleteUser, (receipt) => ({
            ...receipt,
            erasedAt: new Date(receipt.erasedAt.getTime() + given++),
          })),
        }
      },
    },
    'counts a context only where there was data': {
      'every user has had a context': ({ deleteUser }) => ({
        deleteUser: altered(deleteUser, (receipt) => ({ ...receipt, contexts: 1 })),
      }),
    },
    'leaves everybody else alone': {
      'an erasure empties the contexts of others': (store) => {
        const known = new Set<string>()
        return {
          storeContext: altered(store.storeContext, (outcome, userId) => {
            known.add(`${userId}`)
            return outcome
          }),
          deleteUser: altered(store.deleteUser, async (receipt) => {
            known.delete(receipt.userId)
            for (const userId of known) await store.deleteContext(userId)
            return receipt
          }),
        }
      },
    },
    'leaves nothing of what is written at the same time': {
      'an erased user has an empty history': (store) => ({
        retrieveHistory: (userId, options) =>
          store.retrieveHistory(userId, options).catch((error: unknown) => {
            if (!hasCode(error, 'USER_NOT_FOUND')) throw error
            return { messages: [], count: 0, countIsExact: true, older: null, newer: null, live: '' }
          }),
      }),
    },
    'is for users who are there': {
      'whoever is not there is erased, too': (store) => ({
        deleteUser: (id) =>
          store.deleteUser(id).catch((error: unknown) => {
            if (!hasCode(error, 'USER_NOT_FOUND')) throw error
            return { userId: `${id}`, messages: 0, contexts: 0, events: 0, erasedAt: new Date() }
          }),
      }),
    },
  }),
]
