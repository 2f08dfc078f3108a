import { beforeAll, describe, expect, test } from '@jest/globals'
import type mongoose from 'mongoose'
import { nextId } from '../../src/ids.ts'
import type { DialogueStore, HistoryOptions, HistoryPage, Message, User } from '../../src/index.ts'
import { makeMessages, makeUser, makeWorld, rejection } from '../support/make.ts'

const BASE = Date.UTC(2024, 0, 1)
/** Three messages share each second. */
const timeOf = (i: number) => new Date(BASE + Math.floor(i / 3) * 1000)
const COUNT = 200

let store: DialogueStore
let db: mongoose.mongo.Db
let ana: User
let other: User
let all: Message[]
beforeAll(async () => {
  ;({ store, db } = await makeWorld())
  ana = await makeUser(store)
  other = await makeUser(store)
  await makeMessages(store, other.id, 30, { timestamp: timeOf(100) })
  const inputs = Array.from({ length: COUNT }, (_, i) => ({
    userId: ana.id,
    sender: i % 2 ? 'assistant' : 'user',
    type: i % 5 ? ('text' as const) : ('voice' as const),
    content: `${i}`,
    timestamp: timeOf(i),
    ...(i % 4 === 0 && { conversationId: i % 8 ? 'ticket' : 'group' }),
  }))
  await store.storeMessages(inputs)
  all = (await store.retrieveHistory(ana.id, { limit: 1000 })).messages
})

const read = (options?: HistoryOptions) => store.retrieveHistory(ana.id, options)
const numbers = (page: Pick<HistoryPage<unknown>, 'messages'>) =>
  page.messages.map(({ content }) => Number(content))
const range = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i)
const cursorOf = (i: number) => all[i]?.cursor ?? ''

describe('a page', () => {
  test('is the newest fifty, oldest first, unless something else is asked for', async () => {
    const page = await read()
    expect(numbers(page)).toEqual(range(150, 200))
    expect(page).toEqual({
      messages: all.slice(150),
      count: COUNT,
      countIsExact: true,
      older: expect.any(String),
      newer: null,
      live: expect.any(String),
    })
  })

  test.each([1, 2, 199, 200, 201, 1000])(
    'has at most %i messages when so many are asked for',
    async (limit) => {
      const page = await read({ limit })
      expect(numbers(page)).toEqual(range(Math.max(0, COUNT - limit), COUNT))
      expect(page.older === null).toBe(limit >= COUNT)
      expect(page.newer).toBeNull()
      expect(page.count).toBe(COUNT)
    },
  )

  test('before a cursor ends just before it, also amid equal timestamps', async () => {
    for (const i of [1, 2, 3, 4, 50, 199]) {
      const page = await read({ before: cursorOf(i), limit: 10 })
      expect(numbers(page)).toEqual(range(Math.max(0, i - 10), i))
      expect(page.older === null).toBe(i <= 10)
      expect(page.newer).not.toBeNull()
    }
  })

  test('after a cursor begins just after it', async () => {
    for (const i of [0, 1, 2, 3, 150, 189, 190, 198]) {
      const page = await read({ after: cursorOf(i), limit: 10 })
      expect(numbers(page)).toEqual(range(i + 1, Math.min(COUNT, i + 11)))
      expect(page.newer === null).toBe(i + 11 >= COUNT)
      expect(page.older).not.toBeNull()
    }
  })

  test('before the first and after the last is empty, and knows the way back', async () => {
    const first = await read({ before: cursorOf(0) })
    expect(first).toMatchObject({ messages: [], older: null, count: COUNT })
    expect(numbers(await read({ after: first.newer, limit: 3 }))).toEqual([0, 1, 2])
    const last = await read({ after: cursorOf(199) })
    expect(last).toMatchObject({ messages: [], newer: null, count: COUNT })
    expect(numbers(await read({ before: last.older, limit: 3 }))).toEqual([197, 198, 199])
  })

  test.each([1, 7, 50, 100, 199, 200])(
    'by %i, walked back and forth, gives each message once',
    async (limit) => {
      const back: number[] = []
      let page = await read({ limit })
      back.unshift(...numbers(page))
      while (page.older) {
        page = await read({ limit, before: page.older, count: false })
        back.unshift(...numbers(page))
      }
      expect(back).toEqual(range(0, COUNT))
      const forth = numbers(page)
      while (page.newer) {
        page = await read({ limit, after: page.newer, count: false })
        forth.push(...numbers(page))
      }
      expect(forth).toEqual(range(0, COUNT))
    },
  )

  test('takes null for a cursor as none, and one beside the other', async () => {
    expect(numbers(await read({ before: null, after: null, limit: 2 }))).toEqual([198, 199])
    expect(numbers(await read({ before: cursorOf(9), after: null, limit: 2 }))).toEqual([7, 8])
    expect(numbers(await read({ before: null, after: cursorOf(9), limit: 2 }))).toEqual([10, 11])
  })
})

describe('filters', () => {
  test('from is inclusive, to is exclusive', async () => {
    const page = await read({ from: timeOf(30), to: timeOf(60) })
    expect(numbers(page)).toEqual(range(30, 60))
    expect(page).toMatchObject({ count: 30, countIsExact: true, older: null, newer: null })
    expect(numbers(await read({ from: timeOf(198) }))).toEqual([198, 199])
    expect(numbers(await read({ to: timeOf(3) }))).toEqual([0, 1, 2])
    expect(await read({ from: timeOf(30), to: timeOf(30) })).toMatchObject({ messages: [], count: 0 })
  })

  test('hold for the first and the last moment that a Date can say', async () => {
    const whole = { from: new Date(-8.64e15), to: new Date(8.64e15) }
    expect(await read(whole)).toMatchObject({ messages: all.slice(150), count: COUNT })
    expect(await read({ ...whole, before: cursorOf(5) })).toMatchObject({ messages: all.slice(0, 5) })
  })

  test.each<[string, HistoryOptions, (i: number) => boolean]>([
    ['a conversation', { conversationId: 'ticket' }, (i) => i % 4 === 0 && i % 8 !== 0],
    ['a sender', { senders: ['user'] }, (i) => i % 2 === 0],
    ['several senders', { senders: ['user', 'assistant', 'nobody'] }, () => true],
    ['a type', { types: ['voice'] }, (i) => i % 5 === 0],
    ['both types', { types: ['voice', 'text'] }, () => true],
    ['an unknown conversation', { conversationId: 'none' }, () => false],
    ['an unknown sender', { senders: ['none'] }, () => false],
    [
      'all of them',
      { conversationId: 'group', senders: ['user'], types: ['voice'], from: timeOf(30), to: timeOf(150) },
      (i) => i % 40 === 0 && i >= 30 && i < 150,
    ],
  ])('to %s hold for page, count and places', async (_, filter, matches) => {
    const wanted = range(0, COUNT).filter(matches)
    const whole = await read({ ...filter, limit: 1000 })
    expect(numbers(whole)).toEqual(wanted)
    expect(whole).toMatchObject({ count: wanted.length, countIsExact: true, older: null, newer: null })
    const seen: number[] = []
    let page = await read({ ...filter, limit: 7 })
    seen.unshift(...numbers(page))
    while (page.older) {
      page = await read({ ...filter, limit: 7, before: page.older })
      expect(page.count).toBe(wanted.length)
      expect(page.newer).not.toBeNull()
      seen.unshift(...numbers(page))
    }
    expect(seen).toEqual(wanted)
  })

  test('say whether something lies behind the cursor that passes them', async () => {
    const senders = ['user']
    expect(await read({ senders, after: cursorOf(0) })).toMatchObject({ older: expect.any(String) })
    expect(await read({ senders: ['assistant'], after: cursorOf(0) })).toMatchObject({ older: null })
    expect(await read({ senders, before: cursorOf(199) })).toMatchObject({ newer: null })
    expect(await read({ from: timeOf(30), after: cursorOf(31) })).toMatchObject({ older: expect.any(String) })
    expect(await read({ from: timeOf(30), after: cursorOf(29) })).toMatchObject({ older: null })
    expect(await read({ to: timeOf(30), before: cursorOf(30) })).toMatchObject({ newer: null })
  })
})

describe('the count', () => {
  test('is left out, or exact, as asked for', async () => {
    expect(await read({ count: false })).toMatchObject({ count: null, countIsExact: false })
    expect(await read({ count: true })).toMatchObject({ count: COUNT, countIsExact: true })
    expect(await read({ count: 'exact' })).toMatchObject({ count: COUNT, countIsExact: true })
    expect(await read({ count: 'exact', senders: ['user'] })).toMatchObject({
      count: 100,
      countIsExact: true,
    })
  })
})

describe('a history', () => {
  test('of somebody who never said a word is empty', async () => {
    const { id } = await makeUser(store)
    expect(await store.retrieveHistory(id)).toEqual({
      messages: [],
      count: 0,
      countIsExact: true,
      older: null,
      newer: null,
      live: expect.any(String),
    })
    expect(await store.retrieveHistory(id, { senders: ['user'] })).toMatchObject({
      messages: [],
      count: 0,
      older: null,
    })
  })

  test('of a user who is not there, or was erased, is USER_NOT_FOUND', async () => {
    await rejection(store.retrieveHistory(nextId()), 'USER_NOT_FOUND')
    const { id } = await makeUser(store)
    const [message] = await makeMessages(store, id, 3)
    await store.deleteUser(id)
    for (const options of [
      {},
      { count: false as const },
      { senders: ['user'] },
      { before: message?.cursor ?? '' },
    ])
      await rejection(store.retrieveHistory(id, options), 'USER_NOT_FOUND')
  })

  test("shows a message's fields, and nothing of the store's own", async () => {
    const page = await store.retrieveHistory(other.id, { limit: 1 })
    expect(Object.keys(page.messages[0] ?? {}).sort()).toEqual(
      ['audio', 'content', 'conversationId', 'createdAt', 'cursor', 'externalId', 'id', 'metadata'].concat([
        'sender',
        'timestamp',
        'type',
        'updatedAt',
        'userId',
        'version',
      ]),
    )
    expect(await db.collection('dialogue_messages').countDocuments({})).toBe(COUNT + 30)
  })
})
