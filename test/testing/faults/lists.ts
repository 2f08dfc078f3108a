import { DialogueStoreError } from '../../../src/index.ts'
import { altered, type Fault, faultsOf, hasCode } from './fault.ts'

export const listsFaults: Fault[] = [
  ...faultsOf('lists of users', {
    'pages give everybody who matches once, and no empty last page': {
      'a page of users lacks its last one': ({ listUsers }) => ({
        listUsers: altered(listUsers, ({ users, nextCursor }) => ({
          users: nextCursor ? users.slice(0, -1) : users,
          nextCursor,
        })),
      }),
      'a full page of users is always followed by another': (store) => ({
        listUsers: altered(store.listUsers, async (page, options) => {
          if (page.nextCursor || page.users.length < (options?.limit ?? Number.POSITIVE_INFINITY)) return page
          const { nextCursor } = await store.listUsers({ limit: 1 })
          return { ...page, nextCursor }
        }),
      }),
    },
    'filters have to hold all of them': {
      'a filter by e-mail makes one by state be forgotten': (store) => ({
        listUsers: ({ states, ...options } = {}) =>
          store.listUsers(options.email || !states ? options : { ...options, states }),
      }),
    },

    'an iteration gives everybody who matches once, and goes on from a cursor': {
      'an iteration of users begins at the beginning': (store) => ({
        iterateUsers: ({ cursor: _, ...options } = {}) => store.iterateUsers(options),
      }),
    },
    'what is wrong is refused by its place': {
      'a limit that is too large is made smaller': (store) => ({
        listUsers: (options = {}) =>
          store.listUsers(options.limit ? { ...options, limit: Math.min(options.limit, 1000) } : options),
      }),
    },
  }),
  ...faultsOf('withUserLock', {
    'runs one at a time for a user, and gives what work gives': {
      'a lock lets everybody in': () => ({ withUserLock: (_, work) => work() }),
    },
    'is USER_LOCKED after waitMs, and does not run then': {
      'one lock is for all users': (store) => {
        let first: string | undefined
        return {
          withUserLock: (id, work, options) => {
            first ??= `${id}`
            return store.withUserLock(first, work, options)
          },
        }
      },
    },

    'is free after an error, which comes back as it was': {
      'what work throws under a lock comes back as another error': (store) => ({
        withUserLock: (id, work, options) =>
          store.withUserLock(id, work, options).catch((error: unknown) => {
            throw error instanceof DialogueStoreError ? error : new Error('The work failed.')
          }),
      }),
    },
    'is for users who are there, and refuses what is wrong': {
      'a lock is for anybody': (store) => ({
        withUserLock: (id, work, options) =>
          store.withUserLock(id, work, options).catch((error: unknown) => {
            if (!hasCode(error, 'USER_NOT_FOUND')) throw error
            return work()
          }),
      }),
    },
  }),
  ...faultsOf('exportUser', {
    'gives all that is stored of one user, each once, and nothing of others': {
      'events are not exported': (store) => ({
        async *exportUser(userId) {
          for await (const item of store.exportUser(userId)) if (item.kind !== 'event') yield item
        },
      }),
      'the last page of messages is not exported': (store) => ({
        async *exportUser(userId) {
          let messages = 0
          for await (const item of store.exportUser(userId)) {
            if (item.kind === 'message' && ++messages > 50) return
            yield item
          }
        },
      }),
    },

    'fails at its first step': {
      'an export of nobody is empty': (store) => ({
        async *exportUser(userId) {
          const user = await store.getUser(userId).catch(() => undefined)
          if (user) yield* store.exportUser(userId)
        },
      }),
    },
  }),
]
