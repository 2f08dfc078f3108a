import { deepEqual, equal, ok } from 'node:assert/strict'
import { casesOf } from './case.ts'
import { has, refuses, rejects, sameJson, thrownBy } from './checks.ts'
import { appointment, atOnce, BEGIN, identity, newId, say, untyped } from './samples.ts'

const FULL = {
  ...{ name: 'Ana', email: 'ana@example.com', locale: 'pt-BR', timezone: 'America/Sao_Paulo' },
  states: { registration: 'done', scheduling: 'waiting_for_confirm' },
  data: { draft: { title: 'Dentist', place: 'here' }, seen: [1] },
}

export const userUpdates = casesOf('updateUser', {
  'changes what it names, and raises the version by one': async ({ store, person }) => {
    const [user, other] = [await person(FULL), await person()]
    const changed = await store.updateUser(user.id, { name: 'Ana Souza', email: undefined })
    deepEqual(changed, { ...user, name: 'Ana Souza', version: 2, updatedAt: changed.updatedAt })
    ok(changed.updatedAt >= user.updatedAt)
    deepEqual(await store.getUser(user.id), changed)
    deepEqual(await store.getUser(other.id), other)
  },

  'clears with null': async ({ store, person }) => {
    const user = await person(FULL)
    const none = { name: null, email: null, locale: null, timezone: null }
    const changed = await store.updateUser(user.id, { ...none, states: null, data: null })
    has(changed, { ...none, states: {}, data: {}, identities: user.identities })
    deepEqual(await store.getUser(user.id), changed)
  },

  'merges states and data: null removes, objects merge, all else replaces': async ({ store, person }) => {
    const { id } = await person(FULL)
    const { states, data } = await store.updateUser(id, {
      states: { scheduling: null, feedback: 'asked', registration: undefined },
      data: { draft: { place: null, at: '10:00', title: undefined }, seen: [2], '$a.b': {} },
    })
    deepEqual({ ...states }, { registration: 'done', feedback: 'asked' })
    sameJson(data, { draft: { title: 'Dentist', at: '10:00' }, seen: [2], '$a.b': {} })
    sameJson((await store.getUser(id)).data, data)
  },

  'adds and removes identities in the same write': async ({ store, person, alsoErase }) => {
    const [old, kept, added] = [identity(), identity(), identity()]
    const user = await person({ identities: [old, kept] })
    const patch = { addIdentities: [added, kept], removeIdentities: [old], name: 'Ana' }
    has(await store.updateUser(user.id, patch), { identities: [kept, added], name: 'Ana', version: 2 })
    equal(await store.findUser(old), null)
    equal((await store.findUser(added))?.id, user.id)
    const { user: next, created } = await store.ensureUser(old)
    alsoErase(next.id)
    equal(created, true)
  },

  'is refused as a whole for an identity of somebody else': async ({ store, person }) => {
    const [user, other] = [await person(), await person()]
    const patch = { name: 'Thief', addIdentities: other.identities, removeIdentities: user.identities }
    await rejects(store.updateUser(user.id, patch), 'IDENTITY_TAKEN')
    deepEqual(await store.getUser(user.id), user)
    deepEqual(await store.findUser(other.identities[0] ?? identity()), other)
  },

  'loses none of twenty changes at once': async ({ store, person }) => {
    const { id } = await person()
    await atOnce(20, (i) =>
      store.updateUser(id, { data: { [`key ${i}`]: i }, states: { [`flow ${i}`]: 'x' } }),
    )
    const { data, states, version } = await store.getUser(id)
    deepEqual([Object.keys(data).length, Object.keys(states).length, version], [20, 20, 21])
  },

  'runs a function on the user as stored, again when somebody was faster': async ({ store, person }) => {
    const { id } = await person({ data: { visits: 0 } })
    await atOnce(5, () =>
      store.updateUser(id, async ({ data }) => ({ data: { visits: Number(data.visits) + 1 } })),
    )
    deepEqual((await store.getUser(id)).data, { visits: 5 })
    const own = new Error('of the caller’s own')
    const fail = () => {
      throw own
    }
    equal(await thrownBy(store.updateUser(id, fail)), own)
    equal((await store.getUser(id)).version, 6)
  },

  'holds ifVersion against what is stored': async ({ store, person }) => {
    const { id } = await person()
    await store.updateUser(id, { name: 'second' }, { ifVersion: 1 })
    const conflict = { expected: 1, actual: 2 }
    await rejects(store.updateUser(id, { name: 'third' }, { ifVersion: 1 }), 'VERSION_CONFLICT', conflict)
    await rejects(
      store.updateUser(id, () => ({ name: 'third' }), { ifVersion: 1 }),
      'VERSION_CONFLICT',
      conflict,
    )
    has(await store.getUser(id), { name: 'second', version: 2 })
  },

  'makes one yes of a double yes, by ifStates': async ({ store, person }) => {
    const { id } = await person({ states: { scheduling: 'waiting_for_confirm' } })
    const yes = () =>
      store.updateUser(
        id,
        { states: { scheduling: null } },
        { ifStates: { scheduling: 'waiting_for_confirm' } },
      )
    const answers = await Promise.allSettled([yes(), yes(), yes()])
    equal(answers.filter(({ status }) => status === 'fulfilled').length, 1)
    const error = await rejects(yes(), 'STATE_CONFLICT')
    has(Object(error.expected), { scheduling: 'waiting_for_confirm' })
    has(Object(error.actual), { scheduling: null })
    equal((await store.getUser(id)).version, 2)
  },

  'takes null in ifStates for no state': async ({ store, person }) => {
    const { id } = await person({ states: { registration: 'begun' } })
    const begin = { states: { scheduling: 'begun' } }
    await rejects(store.updateUser(id, begin, { ifStates: { registration: null } }), 'STATE_CONFLICT')
    await store.updateUser(id, begin, { ifStates: { scheduling: null, registration: 'begun' } })
    await rejects(store.updateUser(id, begin, { ifStates: { scheduling: null } }), 'STATE_CONFLICT')
    equal((await store.getUser(id)).version, 2)
  },

  'is the only verb that raises a user’s version': async ({ store, person }) => {
    const user = await person()
    await say(store, user.id, 'hello')
    await store.mergeContext(user.id, { turns: 1 })
    await appointment(store, user.id, BEGIN)
    await store.withUserLock(user.id, async () => {})
    await store.withTransaction((tx) => say(tx, user.id, 'hello'))
    deepEqual(await store.getUser(user.id), user)
  },

  'refuses what is wrong by its place, and then changes nothing': async ({ store, person }) => {
    const user = await person()
    const wrong: [object, string][] = [
      [{ email: 'no' }, 'email'],
      [{ version: 7 }, 'version'],
      [{ identities: [] }, 'identities'],
      [{ states: { $flow: 'x' } }, 'states.$flow'],
      [{ data: { list: [undefined] } }, 'data.list.0'],
    ]
    for (const [patch, place] of wrong) {
      await refuses(store.updateUser(user.id, untyped(patch)), place)
      await refuses(
        store.updateUser(user.id, () => untyped(patch)),
        place,
      )
    }
    await refuses(store.updateUser(user.id, {}, { ifVersion: -1 }), 'ifVersion')
    deepEqual(await store.getUser(user.id), user)
  },

  'of nobody is USER_NOT_FOUND': async ({ store }) => {
    await rejects(store.updateUser(newId(), { name: 'Ghost' }), 'USER_NOT_FOUND')
    await rejects(store.updateUser(newId(), { name: 'Ghost' }, { ifVersion: 1 }), 'USER_NOT_FOUND')
    await rejects(
      store.updateUser(newId(), () => ({ name: 'Ghost' })),
      'USER_NOT_FOUND',
    )
  },
})
