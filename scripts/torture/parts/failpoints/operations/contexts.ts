import type { Operation } from './operation.ts'

export const ofContexts: Record<string, Operation> = {
  storeContext: { call: (store, { userId }) => store.storeContext(userId, { summary: 'new' }) },
  'storeContext, of a version': {
    call: (store, { userId, cursor }) =>
      store.storeContext(userId, { summary: 'new' }, { ifVersion: 1, covers: cursor }),
  },
  mergeContext: { call: (store, { userId }) => store.mergeContext(userId, { more: { a: 1 } }) },
  'mergeContext, by calculation': {
    call: (store, { userId }) => store.mergeContext(userId, { turns: { a: { b: null } }, list: [1] }),
  },
  updateContext: {
    call: (store, { userId }) =>
      store.updateContext(userId, (data) => ({ ...data, turns: Number(data.turns) + 1 })),
  },
  retrieveContext: { call: (store, { userId }) => store.retrieveContext(userId) },
  'retrieveContext, with what is pending': {
    call: (store, { userId }) => store.retrieveContext(userId, { pending: { senders: ['user'] } }),
  },
  deleteContext: { call: (store, { userId }) => store.deleteContext(userId) },
}
