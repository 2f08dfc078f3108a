import { altered, type Fault, failing, faultsOf, withFields } from './fault.ts'

export const errorsFaults: Fault[] = [
  ...faultsOf('users', {
    'who is not there is USER_NOT_FOUND, or null': {
      'an error has no code': (store) => ({
        getUser: failing(store.getUser, ({ message }) => new Error(message)),
      }),
      'an error does not know whether anything was done': (store) => ({
        getUser: failing(store.getUser, (error) => withFields(error, { outcome: 'unknown' })),
      }),
    },
  }),
  ...faultsOf('errors', {
    'show nothing that a user wrote': {
      'an error shows what a user wrote': (store) => ({
        storeMessage: failing(store.storeMessage, (error, { content }) =>
          withFields(error, { message: `"${content}" cannot be stored.` }),
        ),
      }),
      'the cause of an error shows what a user wrote': (store) => ({
        createUser: failing(store.createUser, (error, { name }) => withFields(error, { cause: { name } })),
      }),
    },
    'name everything that is wrong with an input at once': {
      'an error names the first thing that is wrong, and no other': (store) => ({
        createUser: failing(store.createUser, (error) =>
          withFields(error, { issues: error.issues?.slice(0, 1) }),
        ),
      }),
    },
    'tell what no document has room for': {
      'what is too large is called wrong': (store) => ({
        storeContext: failing(store.storeContext, (error) => withFields(error, { code: 'INVALID_INPUT' })),
      }),
    },

    'say what to do, and survive JSON': {
      'an error says nothing': (store) => ({
        updateUser: failing(store.updateUser, (error) => withFields(error, { message: 'No.' })),
      }),
    },
  }),
  ...faultsOf('an open store', {
    'has every verb': {
      'a verb is missing': () => ({ iterateUsers: undefined as never }),
    },
    'answers a ping, and tells what it keeps': {
      'nothing is kept of anybody': ({ stats }) => ({
        stats: altered(stats, (all) => ({ ...all, users: 0 })),
      }),
    },
  }),
  ...faultsOf('a closed store', {
    'has done what it had accepted, and does no more': {
      'a closed store answers': (store) => ({ ping: () => store.ping().catch(() => Object({ ok: true })) }),
    },
  }),
]
