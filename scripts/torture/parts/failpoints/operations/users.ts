import { makeCrowd } from '../scene.ts'
import { allOf, type Operation } from './operation.ts'

const FLOW = { booking: 'done' }

export const ofUsers: Record<string, Operation> = {
  'createUser, with an id': {
    call: (store, { freshId, fresh }) => store.createUser({ id: freshId, identities: [fresh] }),
  },
  'createUser, with an identity': { call: (store, { fresh }) => store.createUser({ identities: [fresh] }) },
  'createUser, with a name': { call: (store) => store.createUser({ name: 'Bia' }) },
  getUser: { call: (store, { userId }) => store.getUser(userId) },
  findUser: { call: (store, { known }) => store.findUser(known) },
  'ensureUser, who is new': {
    call: (store, { fresh }) => store.ensureUser(fresh, { states: FLOW, data: { a: 1 } }),
  },
  'ensureUser, who is known': { call: (store, { known }) => store.ensureUser(known) },
  withUserLock: {
    call: (store, { userId }) => store.withUserLock(userId, async () => 'worked', { leaseMs: 1000 }),
  },
  updateUser: {
    call: (store, { userId, fresh }) =>
      store.updateUser(userId, { name: 'Bia', states: FLOW, data: { a: { b: 1 } }, addIdentities: [fresh] }),
  },
  'updateUser, of a version': {
    call: (store, { userId }) => store.updateUser(userId, { email: 'b@example.com' }, { ifVersion: 1 }),
  },
  'updateUser, in a state': {
    call: (store, { userId }) =>
      store.updateUser(userId, { states: FLOW }, { ifStates: { booking: 'asked' } }),
  },
  'updateUser, by a function': {
    call: (store, { userId }) =>
      store.updateUser(userId, ({ data }) => ({ data: { seen: Number(data.seen ?? 0) + 1 } })),
  },
  listUsers: { call: (store) => store.listUsers({ states: { booking: 'asked' } }) },
  iterateUsers: { prepare: makeCrowd, call: (store) => allOf(store.iterateUsers({ limit: 3 })) },
}
