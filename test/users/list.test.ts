import { beforeAll, describe, expect, test } from '@jest/globals'
import { ObjectId } from '../../src/ids.ts'
import type { DialogueStore, User } from '../../src/index.ts'
import { makeIdentity, makeMessages, makeUser, makeWorld, refusedPaths, untyped } from '../support/make.ts'

let store: DialogueStore
/** In the order of their ids: the even ones wait for a confirmation. */
let everybody: User[]
beforeAll(async () => {
  ;({ store } = await makeWorld())
  const made = await Promise.all(
    Array.from({ length: 25 }, (_, i) =>
      makeUser(store, {
        identities: [makeIdentity()],
        email: i < 3 ? 'shared@example.org' : `user${i}@example.org`,
        states: { scheduling: i % 2 ? 'idle' : 'waiting_for_confirm', 'with space': `${i % 3}` },
      }),
    ),
  )
  everybody = made.sort((a, b) => (a.id < b.id ? -1 : 1))
})

async function collect(options?: Parameters<DialogueStore['iterateUsers']>[0]): Promise<User[]> {
  const users: User[] = []
  for await (const user of store.iterateUsers(options)) users.push(user)
  return users
}

/** All pages, and how long each was. */
async function pages(options: { limit: number; states?: Record<string, string> }) {
  const users: User[] = []
  const lengths: number[] = []
  let cursor: string | null = null
  do {
    const page: { users: User[]; nextCursor: string | null } = await store.listUsers({ ...options, cursor })
    users.push(...page.users)
    lengths.push(page.users.length)
    cursor = page.nextCursor
  } while (cursor !== null)
  return { users, lengths }
}

describe('listUsers', () => {
  test('gives everybody on one page when there is room', async () => {
    expect(await store.listUsers()).toEqual({ users: everybody, nextCursor: null })
    expect(await store.listUsers({ limit: 25 })).toEqual({ users: everybody, nextCursor: null })
  })

  test('gives everybody once over pages, and no empty last page', async () => {
    expect(await pages({ limit: 10 })).toEqual({ users: everybody, lengths: [10, 10, 5] })
    expect(await pages({ limit: 5 })).toEqual({ users: everybody, lengths: [5, 5, 5, 5, 5] })
    expect((await pages({ limit: 1 })).users).toEqual(everybody)
  })

  test('filters by email and by states, all of which have to hold', async () => {
    const shared = await store.listUsers({ email: 'shared@example.org' })
    expect(shared.users).toEqual(everybody.filter(({ email }) => email === 'shared@example.org'))
    expect(shared.users).toHaveLength(3)
    const states = { scheduling: 'waiting_for_confirm', 'with space': '1' }
    const waiting = everybody.filter((user) => user.states.scheduling === states.scheduling)
    expect((await store.listUsers({ states: { scheduling: states.scheduling } })).users).toEqual(waiting)
    const both = waiting.filter((user) => user.states['with space'] === '1')
    expect((await pages({ limit: 2, states })).users).toEqual(both)
    expect(await store.listUsers({ states, email: 'nobody@example.org' })).toEqual({
      users: [],
      nextCursor: null,
    })
    expect((await store.listUsers({ states: {}, email: undefined })).users).toEqual(everybody)
  })

  test('goes on after who was on the page, also when they are gone or others came', async () => {
    const mine = await makeUser(store, { states: { own: 'x' } })
    const next = await makeUser(store, { states: { own: 'x' } })
    const { nextCursor } = await store.listUsers({ limit: 1, states: { own: 'x' } })
    await store.deleteUser(mine.id)
    const later = await makeUser(store, { states: { own: 'x' } })
    const rest = await store.listUsers({ cursor: nextCursor, states: { own: 'x' } })
    expect(rest.users.map(({ id }) => id)).toEqual([next.id, later.id])
    await Promise.all([next, later].map(({ id }) => store.deleteUser(id)))
  })

  test.each([
    ['limit', 0],
    ['limit', 1001],
    ['limit', 1.5],
    ['limit', '10'],
    ['limit', null],
    ['email', { $ne: null }],
    ['email', ['a@example.org']],
    ['states.scheduling', { scheduling: { $exists: true } }],
    ['states.$where', { $where: 'true' }],
    ['states.a.b', { 'a.b': 'c' }],
    ['skip', 10],
  ])('refuses a wrong %s (%#)', async (path, value) => {
    const options = untyped({ [path.split('.')[0] ?? '']: value })
    expect(await refusedPaths(store.listUsers(options))).toEqual([`options.${path}`])
    expect(await refusedPaths(collect(options))).toEqual([`options.${path}`])
  })

  test('refuses cursors that it did not give', async () => {
    const page = await store.listUsers({ limit: 1 })
    const genuine = page.nextCursor ?? ''
    const [message] = await makeMessages(store, everybody[0]?.id ?? '', 1)
    const forged = [
      '',
      'x',
      everybody[0]?.id,
      message?.cursor,
      `${genuine}A`,
      genuine.slice(1),
      `${genuine}=`,
      ` ${genuine}`,
      Buffer.concat([Buffer.from([2]), new ObjectId().id]).toString('base64url'),
      Buffer.alloc(13).toString('base64url'),
      Buffer.concat([Buffer.from([1]), new ObjectId().id])
        .toString('base64')
        .replace(/.$/, '/'),
    ]
    for (const cursor of forged) {
      if (cursor === genuine) continue
      const paths = await refusedPaths(store.listUsers({ cursor }))
      expect([cursor, paths]).toEqual([cursor, ['options.cursor']])
    }
    expect(await refusedPaths(store.listUsers({ cursor: untyped({ $gt: '' }) }))).toEqual(['options.cursor'])
  })
})

describe('iterateUsers', () => {
  test('gives everybody who matches, however few are asked for at once', async () => {
    expect(await collect()).toEqual(everybody)
    expect(await collect({ limit: 3 })).toEqual(everybody)
    const waiting = everybody.filter((user) => user.states.scheduling === 'waiting_for_confirm')
    expect(await collect({ limit: 2, states: { scheduling: 'waiting_for_confirm' } })).toEqual(waiting)
  })

  test('goes on from a cursor of listUsers', async () => {
    const { nextCursor } = await store.listUsers({ limit: 20 })
    expect(await collect({ cursor: nextCursor })).toEqual(everybody.slice(20))
  })

  test('can be left early', async () => {
    for await (const user of store.iterateUsers({ limit: 1 })) {
      expect(user).toEqual(everybody[0])
      break
    }
  })
})
