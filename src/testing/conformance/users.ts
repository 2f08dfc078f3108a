import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { ObjectId } from '../../ids.ts'
import type { User } from '../../index.ts'
import { casesOf } from './case.ts'
import { all, has, refuses, rejects } from './checks.ts'
import { at, atOnce, identity, newId, newName, untyped, upTo } from './samples.ts'

const EMPTY = { email: null, locale: null, timezone: null, states: {}, data: {} }

export const users = casesOf('users', {
  'a new user has what was given, an id, times and version 1': async ({ store, person }) => {
    const given = {
      identities: [identity(), identity()],
      ...{ name: 'Ana', email: 'ana@example.com', locale: 'pt-BR', timezone: 'America/Sao_Paulo' },
      states: { registration: 'done' },
      data: { plan: 'free' },
    }
    const user = await person(given)
    const { id, createdAt, updatedAt, ...rest } = user
    match(id, /^[0-9a-f]{24}$/)
    deepEqual(rest, { ...given, version: 1 })
    ok(createdAt instanceof Date && updatedAt instanceof Date)
    deepEqual(await store.getUser(id), user)
    deepEqual(await store.getUser(new ObjectId(id)), user)
  },

  'what was never given is null, or empty': async ({ person }) => {
    const reached = [identity()]
    has(await person({ name: 'Ana', identities: [] }), { ...EMPTY, name: 'Ana', identities: [] })
    has(await person({ name: undefined, identities: reached }), { ...EMPTY, name: null, identities: reached })
  },

  'the same id stores once': async ({ store, person }) => {
    const id = newId()
    const first = await person({ id, name: 'first' })
    equal(first.id, id)
    deepEqual(await store.createUser({ id, name: 'second' }), first)
    const other = newId()
    const raced = await atOnce(5, (i) => person({ id: other, name: `${i}`, identities: [] }))
    for (const user of raced) deepEqual(user, raced[0])
  },

  'what is wrong is refused by its place': async ({ store }) => {
    const wrong: [object, string][] = [
      [{ name: '' }, 'name'],
      [{ name: 'x'.repeat(201) }, 'name'],
      [{ name: 'Ana', email: 'ana' }, 'email'],
      [{ name: 'Ana', locale: 'not a locale' }, 'locale'],
      [{ name: 'Ana', timezone: 'Mars/Olympus' }, 'timezone'],
      [{ name: 'Ana', states: { flow: 1 } }, 'states.flow'],
      [{ name: 'Ana', identities: [{ provider: 'p' }] }, 'identities.0.id'],
      [{ name: 'Ana', id: 'no id' }, 'id'],
      [{ name: 'Ana', shoeSize: 40 }, 'shoeSize'],
    ]
    for (const [input, place] of wrong) await refuses(store.createUser(untyped(input)), place)
    await refuses(store.createUser({}))
    await refuses(store.getUser(untyped({ $ne: null })), 'userId')
  },

  'an identity finds its user, and is nobody else’s': async ({ store, person }) => {
    const reached = identity()
    const user = await person({ identities: [reached] })
    deepEqual(await store.findUser(reached), user)
    equal(await store.findUser({ ...reached, provider: 'another' }), null)
    equal(await store.findUser(identity()), null)
    await rejects(store.createUser({ name: 'Thief', identities: [identity(), reached] }), 'IDENTITY_TAKEN')
    deepEqual(await store.findUser(reached), user)
  },

  'ensureUser creates who writes for the first time, once': async ({ store, alsoErase }) => {
    const reached = identity()
    const outcomes = await atOnce(10, (i) => store.ensureUser(reached, { name: `${i}` }))
    for (const { user } of outcomes) alsoErase(user.id)
    equal(outcomes.filter(({ created }) => created).length, 1)
    for (const { user } of outcomes) deepEqual(user, outcomes[0]?.user)
    const again = await store.ensureUser(reached, { name: 'later', data: { later: true } })
    deepEqual(again, { user: outcomes[0]?.user, created: false })
  },

  'ensureUser takes defaults for who is new': async ({ store, alsoErase }) => {
    const reached = identity()
    const defaults = { locale: 'pt-BR', states: { registration: 'waiting_for_email' }, data: { visits: 0 } }
    const { user, created } = await store.ensureUser(reached, defaults)
    alsoErase(user.id)
    equal(created, true)
    has(user, { ...EMPTY, ...defaults, name: null, identities: [reached], version: 1 })
  },

  'what is no identity finds nobody, and creates nobody': async ({ store, person }) => {
    const [reached = identity()] = (await person()).identities
    const wrong: [unknown, string][] = [
      [{ ...reached, provider: { $ne: null } }, 'provider'],
      [{ ...reached, id: { $gt: '' } }, 'id'],
      [{ ...reached, id: /./ }, 'id'],
      [{ ...reached, id: 7 }, 'id'],
      [{ ...reached, provider: '' }, 'provider'],
      [{ ...reached, $or: [{}] }, '$or'],
      [{}, 'provider'],
    ]
    for (const [key, place] of wrong) {
      await refuses(store.findUser(untyped(key)), place)
      await refuses(store.ensureUser(untyped(key)), place)
    }
    for (const key of [undefined, null, reached.id, [reached]]) {
      await refuses(store.findUser(untyped(key)))
      await refuses(store.ensureUser(untyped(key)))
    }
    await refuses(store.ensureUser(identity(), untyped({ email: { $ne: null } })), 'email')
  },

  'who is not there is USER_NOT_FOUND, or null': async ({ store }) => {
    await rejects(store.getUser(newId()), 'USER_NOT_FOUND')
    equal(await store.findUser(identity()), null)
  },
})

/** Who is in a flow that nobody else in the database is in, oldest first. */
async function inFlow(person: (fields: object) => Promise<User>, count: number) {
  const flow = newName()
  const made: User[] = []
  for (const i of upTo(count))
    made.push(
      await person({ states: { [flow]: i % 2 ? 'odd' : 'even' }, email: `${i % 3}@${flow}.example.com` }),
    )
  return { flow, made }
}
const ids = (some: User[]): string[] => some.map(({ id }) => id).sort()

export const lists = casesOf('lists of users', {
  'pages give everybody who matches once, and no empty last page': async ({ store, person }) => {
    const { flow, made } = await inFlow(person, 12)
    const even = made.filter((_, i) => i % 2 === 0)
    for (const [limit, lengths] of [
      [4, [4, 2]],
      [3, [3, 3]],
      [6, [6]],
    ] as const) {
      const seen: User[][] = []
      let cursor: string | null = null
      do {
        const page: Awaited<ReturnType<typeof store.listUsers>> = await store.listUsers({
          ...{ limit, cursor, states: { [flow]: 'even' } },
        })
        seen.push(page.users)
        cursor = page.nextCursor
      } while (cursor !== null && seen.length < 5)
      deepEqual(
        seen.map(({ length }) => length),
        lengths,
      )
      deepEqual(ids(seen.flat()), ids(even))
    }
  },

  'filters have to hold all of them': async ({ store, person }) => {
    const { flow, made } = await inFlow(person, 6)
    const email = `0@${flow}.example.com`
    const { users: same } = await store.listUsers({ email })
    deepEqual(ids(same), ids([at(made, 0), at(made, 3)]))
    deepEqual(await store.listUsers({ email, states: { [flow]: 'even' } }), {
      users: [made[0]],
      nextCursor: null,
    })
    deepEqual(await store.listUsers({ email, states: { [flow]: 'none' } }), { users: [], nextCursor: null })
  },

  'an iteration gives everybody who matches once, and goes on from a cursor': async ({ store, person }) => {
    const { flow, made } = await inFlow(person, 8)
    const states = { [flow]: 'odd' }
    const odd = ids(made.filter((_, i) => i % 2))
    deepEqual(ids(await all(store.iterateUsers({ states }))), odd)
    deepEqual(ids(await all(store.iterateUsers({ states, limit: 1 }))), odd)
    const { users: first, nextCursor } = await store.listUsers({ states, limit: 3 })
    const rest = await all(store.iterateUsers({ states, cursor: nextCursor }))
    deepEqual(ids([...first, ...rest]), odd)
  },

  'what is wrong is refused by its place': async ({ store }) => {
    for (const limit of [0, 1001, 1.5]) await refuses(store.listUsers({ limit }), 'limit')
    await refuses(store.listUsers({ cursor: 'no cursor' }), 'cursor')
    await refuses(store.listUsers(untyped({ email: { $ne: null } })), 'email')
    await refuses(store.listUsers(untyped({ states: { $where: 'true' } })), 'states.$where')
    await refuses(all(store.iterateUsers(untyped({ skip: 1 }))), 'skip')
  },
})
