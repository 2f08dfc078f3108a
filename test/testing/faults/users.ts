import type { User, UserPatchInput } from '../../../src/index.ts'
import { altered, type Fault, failing, faultsOf, hasCode, withFields, without, withoutNull } from './fault.ts'

const asPatch = (
  patch: UserPatchInput | ((user: User) => unknown),
  change: (patch: UserPatchInput) => object,
) => (typeof patch === 'function' ? patch : change(patch))

export const usersFaults: Fault[] = [
  ...faultsOf('users', {
    'ensureUser creates who writes for the first time, once': {
      'ensureUser says of everybody that they are new': ({ ensureUser }) => ({
        ensureUser: altered(ensureUser, ({ user }) => ({ user, created: true })),
      }),
      'ensureUser gives defaults to who is there': (store) => ({
        ensureUser: async (identity, defaults = {}) => {
          const { user, created } = await store.ensureUser(identity, defaults)
          const { name } = defaults
          return { user: created ? user : await store.updateUser(user.id, { name: name ?? null }), created }
        },
      }),
    },
    'what was never given is null, or empty': {
      'what a user has not is left out': ({ createUser }) => ({
        createUser: altered(createUser, (user) => JSON.parse(JSON.stringify(withoutNull(user)))),
      }),
    },
    'an identity finds its user, and is nobody else’s': {
      'an identity is found whatever its provider': (store) => ({
        findUser: async (identity) =>
          (await store.findUser(identity)) ?? store.findUser({ ...identity, provider: 'conformance' }),
      }),
    },
    'what is wrong is refused by its place': {
      'an e-mail address may be anything': (store) => ({
        createUser: ({ email: _, ...input }) => store.createUser(input),
      }),
    },

    'what is no identity finds nobody, and creates nobody': {
      'what is no identity finds somebody': (store) => ({
        findUser: (identity) =>
          store.findUser(identity).catch(async (error: unknown) => {
            if (!hasCode(error, 'INVALID_INPUT')) throw error
            return (await store.listUsers({ limit: 1 })).users[0] ?? null
          }),
      }),
      'what is no identity is made one': (store) => ({
        ensureUser: (identity, defaults) =>
          store.ensureUser({ ...identity, id: `${identity?.id}` }, defaults),
      }),
    },

    'a new user has what was given, an id, times and version 1': {
      'the states of a new user are forgotten': (store) => ({
        createUser: ({ states: _, ...input }) => store.createUser(input),
      }),
    },
    'the same id stores once': {
      'a user who is stored already gets what the repeat says': ({ createUser }) => ({
        createUser: altered(createUser, (user, { name }) => ({ ...user, name: name ?? null })),
      }),
    },
    'ensureUser takes defaults for who is new': {
      'defaults are forgotten': (store) => ({ ensureUser: (identity) => store.ensureUser(identity) }),
    },
  }),
  ...faultsOf('updateUser', {
    'changes what it names, and raises the version by one': {
      'a version is not raised': ({ updateUser }) => ({
        updateUser: altered(updateUser, (user) => ({ ...user, version: user.version - 1 })),
      }),
    },
    'clears with null': {
      'null does not clear a field of a user': (store) => ({
        updateUser: (id, patch, options) => store.updateUser(id, asPatch(patch, withoutNull), options),
      }),
    },
    'merges states and data: null removes, objects merge, all else replaces': {
      'a patch replaces the data of a user': (store) => ({
        updateUser: async (id, patch, options) => {
          await store.updateUser(id, { data: null })
          return store.updateUser(id, patch, options)
        },
      }),
    },
    'adds and removes identities in the same write': {
      'an identity that was removed stays': (store) => ({
        updateUser: (id, patch, options) =>
          store.updateUser(
            id,
            asPatch(patch, ({ removeIdentities: _, ...rest }) => rest),
            options,
          ),
      }),
    },
    'loses none of twenty changes at once': {
      'a change is made by reading and writing': (store) => ({
        updateUser: async (id, patch, options) => {
          if (typeof patch === 'function') return store.updateUser(id, patch, options)
          const { states, data } = await store.getUser(id)
          await store.updateUser(id, { states: null, data: null })
          return store.updateUser(id, {
            ...patch,
            data: { ...data, ...patch.data },
            states: { ...states, ...patch.states },
          })
        },
      }),
    },
    'runs a function on the user as stored, again when somebody was faster': {
      'a function is called once, whoever is faster': (store) => ({
        updateUser: async (id, patch, options) =>
          typeof patch === 'function'
            ? store.updateUser(id, await patch(await store.getUser(id)), options)
            : store.updateUser(id, patch, options),
      }),
    },
    'holds ifVersion against what is stored': {
      'ifVersion of a user is ignored': (store) => ({
        updateUser: (id, patch, { ifVersion: _, ...options } = {}) => store.updateUser(id, patch, options),
      }),
      'a conflict does not tell what is there': (store) => ({
        updateUser: failing(store.updateUser, (error) => withFields(error, { actual: undefined })),
      }),
    },
    'makes one yes of a double yes, by ifStates': {
      'ifStates is ignored': (store) => ({
        updateUser: (id, patch, { ifStates: _, ...options } = {}) => store.updateUser(id, patch, options),
      }),
    },
    'is the only verb that raises a user’s version': {
      'a message raises the version of its user': (store) => ({
        storeMessage: altered(store.storeMessage, async (outcome, { userId }) => {
          await store.updateUser(userId, {})
          return outcome
        }),
      }),
    },

    'is refused as a whole for an identity of somebody else': {
      'an identity that is taken is left out of the patch': (store) => ({
        updateUser: (id, patch, options) =>
          store.updateUser(id, patch, options).catch((error: unknown) => {
            if (!hasCode(error, 'IDENTITY_TAKEN')) throw error
            return store.updateUser(
              id,
              asPatch(patch, ({ addIdentities: _, ...rest }) => rest),
              options,
            )
          }),
      }),
    },
    'takes null in ifStates for no state': {
      'null in ifStates is no condition': (store) => ({
        updateUser: (id, patch, { ifStates = {}, ...options } = {}) => {
          const conditions = Object.entries(ifStates).filter(([, state]) => state !== null)
          return store.updateUser(id, patch, { ...options, ifStates: Object.fromEntries(conditions) })
        },
      }),
    },
    'refuses what is wrong by its place, and then changes nothing': {
      'what a patch may not say is left out': (store) => ({
        updateUser: (id, patch, options) =>
          store.updateUser(
            id,
            asPatch(patch, (given) => without(given, 'version')),
            options,
          ),
      }),
    },
    'of nobody is USER_NOT_FOUND': {
      'a patch creates who is not there': (store) => ({
        updateUser: (id, patch, options) =>
          store.updateUser(id, patch, options).catch((error: unknown) => {
            if (!hasCode(error, 'USER_NOT_FOUND')) throw error
            return store.createUser({ id, name: 'Ghost' })
          }),
      }),
    },
  }),
]
