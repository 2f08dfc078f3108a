import { setTimeout as pause } from 'node:timers/promises'
import { DialogueStoreError, type StoreTransaction } from '../../../src/index.ts'
import { type Fault, failing, faultsOf, withFields } from './fault.ts'

export const transactionsFaults: Fault[] = [
  ...faultsOf('withTransaction', {
    'does not happen at all when work throws, whose error comes back as it was': {
      'a transaction is not taken back': (store) => ({ withTransaction: (work) => work(store) }),
      'what work throws comes back as another error': (store) => ({
        withTransaction: (work) =>
          store.withTransaction(work).catch((error: unknown) => {
            throw error instanceof DialogueStoreError ? error : new Error('The transaction failed.')
          }),
      }),
    },
    'does not happen at all after an error of a verb': {
      'a message that is rejected does not end a transaction': (store) => ({
        withTransaction: (work) =>
          store.withTransaction((tx) =>
            work({
              ...tx,
              storeMessages: async (inputs) =>
                tx.storeMessages(inputs.filter(({ content }) => content !== '')),
            }),
          ),
      }),
    },
    'happens as a whole or fails by the first error, when work catches that of a verb': {
      'a transaction that has failed is said to have happened': (store) => ({
        withTransaction: async (work) => {
          let result: { value: Awaited<ReturnType<typeof work>> } | undefined
          const remembered = async (tx: StoreTransaction) => {
            const value = await work(tx)
            result = { value }
            return value
          }
          return store.withTransaction(remembered).catch((error: unknown) => {
            if (!result) throw error
            return result.value
          })
        },
      }),
      'a transaction fails by its last error': (store) => ({
        withTransaction: failing(store.withTransaction, (error) =>
          error.code === 'TOO_LARGE' ? withFields(error, { code: 'TRANSACTION_CLOSED' }) : error,
        ) as typeof store.withTransaction,
      }),
    },
    'has verbs that see what it has done, and nobody else does before its end': {
      'a transaction does not read what it has done': (store) => ({
        withTransaction: (work) =>
          store.withTransaction((tx) =>
            work({ ...tx, getUser: store.getUser, retrieveContext: store.retrieveContext }),
          ),
      }),
    },
    'refuses a verb of the store on somebody whom it has touched': {
      'a verb of the store joins the transaction that it is called in': (store) => {
        let current: StoreTransaction | undefined
        return {
          mergeContext: (...args) => (current ?? store).mergeContext(...args),
          withTransaction: (work) =>
            store.withTransaction(async (tx) => {
              current = tx
              return work(tx).finally(() => {
                current = undefined
              })
            }),
        }
      },
    },
    'has verbs that are refused after its end': {
      'a handle that is kept goes on': (store) => ({
        withTransaction: (work) =>
          store.withTransaction((tx) =>
            work({ ...tx, getUser: (id) => tx.getUser(id).catch(() => store.getUser(id)) }),
          ),
      }),
    },
    'creates a message once with calls that bring it, too': {
      'a transaction does not know external ids': (store) => ({
        withTransaction: (work) =>
          store.withTransaction((tx) =>
            work({ ...tx, storeMessage: ({ externalId: _, ...input }) => tx.storeMessage(input) }),
          ),
      }),
    },

    'happens as a whole, and gives what work gives': {
      'a transaction gives nothing back': (store) => ({
        withTransaction: async (work) => {
          await store.withTransaction(work)
          return undefined as never
        },
      }),
    },
    'has every verb of contexts and events': {
      'a transaction forgets to delete an event': (store) => ({
        withTransaction: (work) =>
          store.withTransaction((tx) => work({ ...tx, deleteEvent: async () => true })),
      }),
    },
    'queues verbs that are called side by side': {
      'verbs of a transaction overtake each other': (store) => ({
        withTransaction: (work) =>
          store.withTransaction((tx) => {
            let waiting = 0
            const storeMessage: typeof tx.storeMessage = async (input) => {
              /* The last one comes first. */
              const ahead = 5 - waiting++
              await pause(ahead * 20)
              return tx.storeMessage(input)
            }
            return work({ ...tx, storeMessage })
          }),
      }),
    },
    'loses nothing of turns of one user at once': {
      'turns of one user read what others are about to write': (store) => ({
        withTransaction: (work) =>
          store.withTransaction((tx) => work({ ...tx, retrieveContext: store.retrieveContext })),
      }),
    },
    'names the item of a bulk that it refuses, and needs a function': {
      'an item of a bulk is not named by its place': (store) => ({
        withTransaction: failing(store.withTransaction, (error) =>
          withFields(error, {
            issues: error.issues?.map(({ path, reason }) => ({ path: path.slice(1), reason })),
          }),
        ) as typeof store.withTransaction,
      }),
    },
  }),
]
