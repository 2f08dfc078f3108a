import { beforeAll, describe, expect, test } from '@jest/globals'
import type mongoose from 'mongoose'
import { ObjectId } from '../../src/ids.ts'
import type { DialogueStore } from '../../src/index.ts'
import {
  makeBystander,
  makeIdentity,
  makeWorld,
  refusedPaths,
  rejection,
  storedOf,
  untyped,
} from '../support/make.ts'
import { makeStore } from '../support/store.ts'

let store: DialogueStore
let db: mongoose.mongo.Db
let dbName: string
beforeAll(async () => {
  ;({ store, db, dbName } = await makeWorld())
})

const withIdentity = (identity: { provider: string; id: string }) =>
  db.collection('dialogue_users').countDocuments({ identities: identity })

describe('getUser', () => {
  test('throws USER_NOT_FOUND for an id that nobody has', async () => {
    const error = await rejection(store.getUser(new ObjectId()), 'USER_NOT_FOUND')
    expect(error).toMatchObject({ outcome: 'not-applied', retryable: false })
  })

  test.each([undefined, null, '', 'me', 1, {}, { $ne: null }, ['0'.repeat(24)], `${'0'.repeat(24)} `])(
    'refuses %p as an id, before any query',
    async (id) => {
      expect(await refusedPaths(store.getUser(untyped(id)))).toEqual(['userId'])
    },
  )
})

describe('findUser', () => {
  test('finds by any of the identities, and gives null for one that nobody has', async () => {
    const identities = [makeIdentity(), makeIdentity('telegram')]
    const user = await store.createUser({ identities })
    for (const identity of identities) expect(await store.findUser(identity)).toEqual(user)
    expect(await store.findUser(makeIdentity())).toBeNull()
    expect(await store.findUser({ provider: 'telegram', id: identities[0]?.id ?? '' })).toBeNull()
  })

  test('never takes an operator for an identity', async () => {
    await makeBystander(store)
    const nobody = { provider: 'whatsapp', id: { $ne: null } }
    expect(await refusedPaths(store.findUser(untyped(nobody)))).toEqual(['identity.id'])
    expect(await refusedPaths(store.findUser(untyped({ $gt: {} })))).toContain('identity.$gt')
    expect(await refusedPaths(store.findUser(untyped(undefined)))).toEqual(['identity'])
  })
})

describe('ensureUser', () => {
  test('creates with the defaults at a first message, and ignores them afterwards', async () => {
    const identity = makeIdentity()
    const defaults = {
      name: 'Ana',
      email: 'ana@example.org',
      locale: 'pt-BR',
      timezone: 'America/Sao_Paulo',
      states: { registration: 'new' },
      data: { source: 'ad' },
    }
    const first = await store.ensureUser(identity, defaults)
    expect(first).toMatchObject({ created: true, user: { ...defaults, identities: [identity], version: 1 } })
    const again = await store.ensureUser(identity, { name: 'Somebody else' })
    expect(again).toEqual({ user: first.user, created: false })
  })

  test('needs no defaults: a first contact may have no name', async () => {
    const { user } = await store.ensureUser(makeIdentity())
    expect(user).toMatchObject({ name: null, states: {}, data: {} })
    expect(await store.retrieveContext(user.id)).toMatchObject({ data: {}, version: 0 })
  })

  test('creates one user when a hundred first messages race, over two stores', async () => {
    const other = await makeStore({ dbName })
    const identity = makeIdentity()
    const outcomes = await Promise.all(
      Array.from({ length: 100 }, (_, i) =>
        (i % 2 ? store : other).ensureUser(identity, { name: `Racer ${i}` }),
      ),
    )
    expect(outcomes.filter(({ created }) => created)).toHaveLength(1)
    expect(new Set(outcomes.map(({ user }) => `${user.id} ${user.name}`)).size).toBe(1)
    expect(await withIdentity(identity)).toBe(1)
  })

  test('finds a user who was created, or given the identity, in another way', async () => {
    const [first, second] = [makeIdentity(), makeIdentity()]
    const user = await store.createUser({ identities: [first] })
    expect(await store.ensureUser(first)).toEqual({ user, created: false })
    const changed = await store.updateUser(user.id, { addIdentities: [second] })
    expect(await store.ensureUser(second)).toEqual({ user: changed, created: false })
  })

  test('does not take somebody else for the person when an id in the defaults is theirs', async () => {
    const bystander = await makeBystander(store)
    const before = await storedOf(db, bystander.id)
    const identity = makeIdentity()
    expect(await refusedPaths(store.ensureUser(identity, { id: bystander.id }))).toEqual(['defaults.id'])
    expect(await store.findUser(identity)).toBeNull()
    expect(await storedOf(db, bystander.id)).toEqual(before)
  })

  test('takes an id of the caller, the same one from all who race', async () => {
    const id = new ObjectId().toHexString()
    const identity = makeIdentity()
    const outcomes = await Promise.all(Array.from({ length: 10 }, () => store.ensureUser(identity, { id })))
    expect(new Set(outcomes.map(({ user }) => user.id))).toEqual(new Set([id]))
    expect(outcomes.filter(({ created }) => created)).toHaveLength(1)
  })

  test('refuses a wrong identity and wrong defaults, also for somebody who is known', async () => {
    const identity = makeIdentity()
    await store.ensureUser(identity)
    expect(await refusedPaths(store.ensureUser(identity, { email: 'no' }))).toEqual(['defaults.email'])
    expect(await refusedPaths(store.ensureUser(identity, untyped({ identities: [] })))).toEqual([
      'defaults.identities',
    ])
    expect(await refusedPaths(store.ensureUser({ provider: '', id: '1' }))).toEqual(['identity.provider'])
    expect(await refusedPaths(store.ensureUser({ provider: 'x', id: '\ud800' }))).toEqual(['identity.id'])
  })
})
