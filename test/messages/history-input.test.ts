import { beforeAll, expect, test } from '@jest/globals'
import type { DialogueStore, Message, User } from '../../src/index.ts'
import { makeMessages, makeUser, makeWorld, refusedPaths, untyped } from '../support/make.ts'

let store: DialogueStore
let ana: User
let other: User
let said: Message[]
beforeAll(async () => {
  ;({ store } = await makeWorld())
  ana = await makeUser(store)
  other = await makeUser(store)
  said = await makeMessages(store, ana.id, 3)
})

test.each<[string, object, string]>([
  ['a limit of 0', { limit: 0 }, 'options.limit'],
  ['a limit above 1000', { limit: 1001 }, 'options.limit'],
  ['a limit of 1.5', { limit: 1.5 }, 'options.limit'],
  ["'' for a cursor", { before: '' }, 'options.before'],
  ['a garbled cursor', { after: 'garbage' }, 'options.after'],
  ['an object for a cursor', { before: { $gt: '' } }, 'options.before'],
  ['a range that ends before it begins', { from: new Date(2), to: new Date(1) }, 'options.to'],
  ['a text for a date', { from: '2024-01-01' }, 'options.from'],
  ['no senders', { senders: [] }, 'options.senders'],
  ['an operator for a sender', { senders: [{ $ne: 1 }] }, 'options.senders.0'],
  ['another type', { types: ['image'] }, 'options.types.0'],
  ['another count', { count: 'all' }, 'options.count'],
  ['an operator for a conversation', { conversationId: { $ne: 1 } }, 'options.conversationId'],
  ['an unknown option', { skip: 1 }, 'options.skip'],
])('refuses %s', async (_, options, path) => {
  expect(await refusedPaths(store.retrieveHistory(ana.id, untyped(options)))).toEqual([path])
})

test('refuses both cursors at once, and a cursor of another user', async () => {
  const before = said[1]?.cursor ?? ''
  expect(await refusedPaths(store.retrieveHistory(ana.id, { before, after: before }))).toEqual([
    'options.after',
  ])
  expect(await refusedPaths(store.retrieveHistory(other.id, { before }))).toEqual(['options.before'])
  expect(await refusedPaths(store.retrieveHistory(other.id, { after: before }))).toEqual(['options.after'])
})

test.each([undefined, null, 'ana', 7, {}, { $ne: null }, []])('refuses %p for a user', async (userId) => {
  expect(await refusedPaths(store.retrieveHistory(untyped(userId)))).toEqual(['userId'])
})
