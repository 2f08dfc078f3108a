import { beforeAll, describe, expect, test } from '@jest/globals'
import type mongoose from 'mongoose'
import { nextId } from '../../src/ids.ts'
import type { DeletionInput, DialogueStore, User } from '../../src/index.ts'
import {
  makeBystander,
  makeMessages,
  makeUser,
  makeWorld,
  refusedPaths,
  rejection,
  storedOf,
  untyped,
} from '../support/make.ts'

let store: DialogueStore
let db: mongoose.mongo.Db
let bystander: User
let untouched: unknown
beforeAll(async () => {
  ;({ store, db } = await makeWorld())
  bystander = await makeBystander(store)
  untouched = await storedOf(db, bystander.id)
})

const contentsOf = async (userId: string) =>
  (await storedOf(db, userId)).messages.map(({ content }) => content)

describe('deleteMessages', () => {
  test('deletes those that are named, of this user only', async () => {
    const { id } = await makeUser(store)
    const messages = await makeMessages(store, id, 5)
    const theirs = (await store.retrieveHistory(bystander.id)).messages.map((message) => message.id)
    const ids = [messages[1]?.id ?? '', messages[3]?.id ?? '', messages[3]?.id ?? '', nextId(), ...theirs]
    expect(await store.deleteMessages(id, { ids })).toBe(2)
    expect(await contentsOf(id)).toEqual(['message 0', 'message 2', 'message 4'])
    expect(await store.deleteMessages(id, { ids })).toBe(0)
    expect(await store.deleteMessages(id, { ids: [] })).toBe(0)
    expect(await storedOf(db, bystander.id)).toEqual(untouched)
  })

  test('deletes a conversation', async () => {
    const { id } = await makeUser(store)
    await makeMessages(store, id, 3, { conversationId: 'c' })
    await makeMessages(store, id, 1, { conversationId: 'd', content: 'other' })
    await makeMessages(store, id, 1, { content: 'none' })
    await makeMessages(store, bystander.id, 1, { conversationId: 'c', id: nextId() })
    untouched = await storedOf(db, bystander.id)
    expect(await store.deleteMessages(id, { conversationId: 'c' })).toBe(3)
    expect(await contentsOf(id)).toEqual(['other', 'none'])
    expect(await store.deleteMessages(id, { conversationId: 'c' })).toBe(0)
    expect(await storedOf(db, bystander.id)).toEqual(untouched)
  })

  test('deletes all, thousands too', async () => {
    const { id } = await makeUser(store)
    await makeMessages(store, id, 2500)
    expect(await store.deleteMessages(id, { all: true })).toBe(2500)
    expect(await contentsOf(id)).toEqual([])
    expect(await store.retrieveHistory(id)).toMatchObject({ messages: [], count: 0 })
    expect(await store.deleteMessages(id, { all: true })).toBe(0)
    expect(await storedOf(db, bystander.id)).toEqual(untouched)
  })

  test('deletes thousands by id', async () => {
    const { id } = await makeUser(store)
    const messages = await makeMessages(store, id, 2200)
    const ids = messages.slice(100).map((message) => message.id)
    expect(await store.deleteMessages(id, { ids })).toBe(2100)
    expect(await contentsOf(id)).toHaveLength(100)
  })

  test('counts each message once, whoever deletes it', async () => {
    const { id } = await makeUser(store)
    await makeMessages(store, id, 1500)
    const counts = await Promise.all([1, 2, 3, 4].map(() => store.deleteMessages(id, { all: true })))
    expect(counts.reduce((sum, count) => sum + count)).toBe(1500)
  })

  test('lets the user write on', async () => {
    const { id } = await makeUser(store)
    await makeMessages(store, id, 2)
    await store.deleteMessages(id, { all: true })
    await makeMessages(store, id, 1, { content: 'new' })
    expect(await contentsOf(id)).toEqual(['new'])
  })

  test('is USER_NOT_FOUND for whom it does not know', async () => {
    await rejection(store.deleteMessages(nextId(), { all: true }), 'USER_NOT_FOUND')
    const { id } = await makeUser(store)
    await store.deleteUser(id)
    for (const filter of [{ all: true as const }, { ids: [] }, { conversationId: 'c' }])
      await rejection(store.deleteMessages(id, filter), 'USER_NOT_FOUND')
  })

  test.each<unknown>([
    undefined,
    null,
    {},
    'all',
    { all: false },
    { ids: 'x' },
    { ids: ['x'] },
    { ids: [{ $ne: null }] },
    { conversationId: '' },
    { conversationId: { $ne: 'c' } },
    { conversationId: null },
    { all: true, ids: [] },
    { sender: 'user' },
  ])('refuses %p', async (filter) => {
    const paths = await refusedPaths(store.deleteMessages(bystander.id, filter as DeletionInput))
    for (const path of paths) expect(path).toMatch(/^filter/)
    expect(await storedOf(db, bystander.id)).toEqual(untouched)
  })

  test('refuses what is no user', async () => {
    expect(await refusedPaths(store.deleteMessages(untyped({ $ne: null }), { all: true }))).toEqual([
      'userId',
    ])
  })
})
