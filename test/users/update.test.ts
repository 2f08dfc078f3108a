import { beforeAll, describe, expect, test } from '@jest/globals'
import type mongoose from 'mongoose'
import { ObjectId } from '../../src/ids.ts'
import type { DialogueStore } from '../../src/index.ts'
import {
  makeBystander,
  makeIdentity,
  makeUser,
  makeWorld,
  refusedPaths,
  rejection,
  storedOf,
  untyped,
} from '../support/make.ts'

let store: DialogueStore
let db: mongoose.mongo.Db
beforeAll(async () => {
  ;({ store, db } = await makeWorld())
})

const full = () => ({
  name: 'Ana',
  identities: [makeIdentity()],
  email: 'ana@example.org',
  locale: 'pt-BR',
  timezone: 'America/Sao_Paulo',
  states: { registration: 'done', scheduling: 'waiting_for_confirm' },
  data: { draft: { title: 'Dentist', place: 'here' }, seen: [1] },
})

describe('a patch', () => {
  test('changes what it names, leaves the rest, and raises the version by one', async () => {
    const bystander = await makeBystander(store)
    const before = await storedOf(db, bystander.id)
    const user = await makeUser(store, full())
    const changed = await store.updateUser(user.id, { name: 'Ana Souza', email: undefined })
    const { updatedAt } = changed
    expect(changed).toEqual({ ...user, name: 'Ana Souza', version: 2, updatedAt })
    expect(updatedAt.getTime()).toBeGreaterThanOrEqual(user.updatedAt.getTime())
    expect(await store.getUser(user.id)).toEqual(changed)
    expect(await storedOf(db, bystander.id)).toEqual(before)
  })

  test('clears with null, so that nothing is stored any more', async () => {
    const user = await makeUser(store, full())
    const cleared = { name: null, email: null, locale: null, timezone: null, states: null, data: null }
    const changed = await store.updateUser(user.id, cleared)
    expect(changed).toMatchObject({ ...cleared, states: {}, data: {}, identities: user.identities })
    const [stored] = (await storedOf(db, user.id)).users
    for (const field of ['name', 'email', 'locale', 'timezone']) expect(stored).not.toHaveProperty(field)
  })

  test('merges states and data: null removes, objects merge, arrays are replaced', async () => {
    const user = await makeUser(store, full())
    const changed = await store.updateUser(user.id, {
      states: { scheduling: null, feedback: 'asked' },
      data: { draft: { place: null, at: '10:00' }, seen: [2], note: {} },
    })
    expect(changed.states).toEqual({ registration: 'done', feedback: 'asked' })
    expect(changed.data).toEqual({ draft: { title: 'Dentist', at: '10:00' }, seen: [2], note: {} })
  })

  test('counts an undefined in states and data as absent', async () => {
    const user = await makeUser(store, full())
    const patch = { states: { registration: undefined }, data: { draft: undefined } }
    expect(await store.updateUser(user.id, patch)).toMatchObject({ states: user.states, data: user.data })
  })

  test('that is empty is a write all the same', async () => {
    const user = await makeUser(store, full())
    expect(await store.updateUser(user.id, {})).toMatchObject({ data: user.data, version: 2 })
  })

  test('stores text that looks like an expression as text', async () => {
    const user = await makeUser(store)
    const patch = {
      name: '$name',
      states: { registration: '$$ROOT' },
      data: { a: '$version', b: { $add: [1, 2] }, c: ['$$NOW'], 'd.e': { $literal: 1 } },
    }
    expect(await store.updateUser(user.id, patch)).toMatchObject(patch)
  })

  test.each([
    ['patch', undefined],
    ['patch', null],
    ['patch', 'name'],
    ['patch.email', { email: 'no' }],
    ['patch.timezone', { timezone: 'Here/There' }],
    ['patch.version', { version: 7 }],
    ['patch.identities', { identities: [] }],
    ['patch.id', { id: '0'.repeat(24) }],
    ['patch.data.x', { data: { x: Number.NaN } }],
    ['patch.states.$x', { states: { $x: '1' } }],
    ['patch.addIdentities.0.id', { addIdentities: [{ provider: 'p' }] }],
    ['patch.removeIdentities', { removeIdentities: 'all' }],
    ['patch.addIdentities', { addIdentities: null }],
  ])('with something wrong at %s is refused (%#), and changes nothing', async (path, patch) => {
    const user = await makeUser(store, full())
    expect(await refusedPaths(store.updateUser(user.id, untyped(patch)))).toContain(path)
    expect(await refusedPaths(store.updateUser(user.id, () => untyped(patch)))).toContain(path)
    expect(await store.getUser(user.id)).toEqual(user)
  })

  test('for nobody is USER_NOT_FOUND, and creates nobody', async () => {
    const id = new ObjectId().toHexString()
    await rejection(store.updateUser(id, { name: 'Ghost' }), 'USER_NOT_FOUND')
    await rejection(
      store.updateUser(id, () => ({ name: 'Ghost' })),
      'USER_NOT_FOUND',
    )
    await rejection(store.updateUser(id, { name: 'Ghost' }, { ifVersion: 1 }), 'USER_NOT_FOUND')
    expect((await storedOf(db, id)).users).toEqual([])
  })

  test('takes data too large for one pipeline, and refuses what no document holds', async () => {
    const user = await makeUser(store, { data: { kept: true, k0: { old: 1 } } })
    const many = Object.fromEntries(Array.from({ length: 200 }, (_, i) => [`k${i}`, { new: i }]))
    const changed = await store.updateUser(user.id, { data: many, states: { big: 'yes' } })
    expect(changed.data).toEqual({ kept: true, ...many, k0: { old: 1, new: 0 } })
    expect(changed).toMatchObject({ version: 2, states: { big: 'yes' } })
    const half = 'x'.repeat(9 * 2 ** 20)
    await store.updateUser(user.id, { data: { half } })
    await rejection(store.updateUser(user.id, { data: { other: half } }), 'TOO_LARGE')
    await rejection(store.updateUser(user.id, { data: { ...many, other: half } }), 'TOO_LARGE')
    await rejection(store.updateUser(user.id, { data: { other: half + half } }), 'TOO_LARGE')
  })
})

describe('identities', () => {
  test('are added and removed in one write; who was removed can be somebody else', async () => {
    const [old, kept, added] = [makeIdentity(), makeIdentity(), makeIdentity()]
    const user = await store.createUser({ identities: [old, kept] })
    const patch = { addIdentities: [added], removeIdentities: [old], name: 'Ana' }
    expect(await store.updateUser(user.id, patch)).toMatchObject({ identities: [kept, added], version: 2 })
    expect(await store.findUser(old)).toBeNull()
    expect(await store.createUser({ identities: [old] })).toMatchObject({ identities: [old] })
  })

  test('taken by another refuse the whole patch', async () => {
    const bystander = await makeBystander(store)
    const before = await storedOf(db, bystander.id)
    const user = await makeUser(store, full())
    const patch = { name: 'Thief', addIdentities: bystander.identities, removeIdentities: user.identities }
    await rejection(store.updateUser(user.id, patch), 'IDENTITY_TAKEN')
    await rejection(
      store.updateUser(user.id, () => patch),
      'IDENTITY_TAKEN',
    )
    expect(await store.getUser(user.id)).toEqual(user)
    expect(await storedOf(db, bystander.id)).toEqual(before)
  })

  test('given twice, or already there, are there once; removing what is not there changes nothing', async () => {
    const [one, other] = [makeIdentity(), makeIdentity()]
    const user = await store.createUser({ identities: [one] })
    const changed = await store.updateUser(user.id, { addIdentities: [other, one, other] })
    expect(changed.identities).toEqual([one, other])
    const again = await store.updateUser(user.id, { removeIdentities: [makeIdentity()] })
    expect(again.identities).toEqual([one, other])
  })

  test('may all go, from more than one user', async () => {
    for (const identity of [makeIdentity(), makeIdentity()]) {
      const user = await store.createUser({ identities: [identity], name: 'Ana' })
      expect(await store.updateUser(user.id, { removeIdentities: [identity] })).toMatchObject({
        identities: [],
      })
      expect((await storedOf(db, user.id)).users[0]).not.toHaveProperty('identities')
    }
  })

  test('are no more than fifty, however they come', async () => {
    const identities = Array.from({ length: 50 }, () => makeIdentity())
    const user = await store.createUser({ identities })
    const more = store.updateUser(user.id, { addIdentities: [makeIdentity()] })
    expect(await refusedPaths(more)).toEqual(['patch.addIdentities'])
    const swap = { addIdentities: [makeIdentity()], removeIdentities: identities.slice(1) }
    expect((await store.updateUser(user.id, swap)).identities).toHaveLength(2)
  })

  test('added by twenty users at once go to one of them', async () => {
    const identity = makeIdentity()
    const people = await Promise.all(Array.from({ length: 20 }, () => makeUser(store)))
    const outcomes = await Promise.allSettled(
      people.map(({ id }) => store.updateUser(id, { addIdentities: [identity] })),
    )
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    expect(await db.collection('dialogue_users').countDocuments({ identities: identity })).toBe(1)
  })
})
