import { freshId, identityOf } from '../scene.ts'
import { byFunction, type Template } from './template.ts'

const fields = () => ({
  ...{ name: 'Caio', email: 'caio@example.com', locale: 'pt-BR', timezone: 'America/Sao_Paulo' },
  ...{ states: { registration: 'done' }, data: { draft: { list: [{ a: 'x' }] } } },
})

export const USERS: readonly Template[] = [
  {
    verb: 'createUser',
    args: () => [{ identities: [identityOf()], ...fields() }],
    keeps: [0],
  },
  { verb: 'createUser', about: 'with an id', args: () => [{ id: freshId(), name: 'Caio' }] },
  { verb: 'getUser', args: ({ userId }) => [userId] },
  { verb: 'findUser', args: ({ identity }) => [{ ...identity }] },
  { verb: 'ensureUser', args: () => [identityOf(), fields()], keeps: [0, 1] },
  { verb: 'ensureUser', about: 'with an id', args: () => [identityOf(), { id: freshId(), name: 'Caio' }] },
  {
    verb: 'withUserLock',
    args: ({ userId }) => [userId, async () => 'done', { waitMs: 2000, leaseMs: 1000 }],
  },
  {
    verb: 'updateUser',
    args: ({ userId }) => [userId, fields()],
    keeps: [1],
  },
  {
    verb: 'updateUser',
    about: 'identities',
    args: ({ userId }) => [
      userId,
      { addIdentities: [identityOf()], removeIdentities: [identityOf()] },
      { ifStates: { scheduling: 'idle' } },
    ],
  },
  {
    verb: 'updateUser',
    about: 'of a version',
    args: ({ userId }) => [userId, { name: 'Caio' }, { ifVersion: 1, ifStates: { scheduling: null } }],
  },
  {
    verb: 'updateUser',
    about: 'by a function',
    args: ({ userId }) => [userId, fields(), { ifStates: { scheduling: 'idle' } }],
    keeps: [1],
    call: byFunction('updateUser'),
  },
  { verb: 'deleteUser', args: () => [freshId()] },
  {
    verb: 'listUsers',
    args: ({ email, usersCursor }) => [
      { limit: 10, cursor: usersCursor, email, states: { scheduling: 'idle', registration: email } },
    ],
    isOfAll: true,
  },
  {
    verb: 'iterateUsers',
    args: ({ email, usersCursor }) => [
      { limit: 10, cursor: usersCursor, email, states: { registration: email } },
    ],
    isOfAll: true,
  },
  { verb: 'exportUser', args: ({ userId }) => [userId] },
]
