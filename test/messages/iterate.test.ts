import { beforeAll, describe, expect, test } from '@jest/globals'
import type mongoose from 'mongoose'
import { nextId } from '../../src/ids.ts'
import type { DialogueStore, IterateOptions, Message, User } from '../../src/index.ts'
import { makeMessages, makeUser, makeWorld, refusedPaths, rejection, untyped } from '../support/make.ts'
import { profile } from './support/profile.ts'

const COUNT = 3000
const timeOf = (i: number) => new Date(Date.UTC(2024, 0, 1) + Math.floor(i / 700) * 1000)

let store: DialogueStore
let db: mongoose.mongo.Db
let ana: User
let ids: string[]
beforeAll(async () => {
  ;({ store, db } = await makeWorld())
  ana = await makeUser(store)
  const bystander = await makeUser(store)
  const outcomes = await store.storeMessages(
    Array.from({ length: COUNT }, (_, i) => ({
      userId: i % 100 === 99 ? bystander.id : ana.id,
      sender: i % 3 ? 'user' : 'assistant',
      type: i % 2 ? ('text' as const) : ('voice' as const),
      content: `${i}`,
      timestamp: timeOf(i),
      ...(i % 50 === 0 && { conversationId: 'c' }),
    })),
  )
  const messages = outcomes.flatMap((outcome) => ('message' in outcome ? outcome.message : []))
  ids = messages.filter(({ userId }) => userId === ana.id).map(({ content }) => content)
})

async function contents(options?: IterateOptions, userId = ana.id): Promise<string[]> {
  const found: string[] = []
  for await (const { content } of store.iterateHistory(userId, options)) found.push(content)
  return found
}
const first = async (iterable: AsyncIterable<Message>) => {
  for await (const message of iterable) return message
  return undefined
}
const drain = async (userId: unknown, options?: unknown) => {
  for await (const _ of store.iterateHistory(untyped(userId), untyped(options)));
}

describe('iterateHistory', () => {
  test('gives all of it, oldest first, and of nobody else', async () => {
    expect(await contents()).toEqual(ids)
  })

  test('goes on after a cursor', async () => {
    const { messages } = await store.retrieveHistory(ana.id, { limit: 1000 })
    for (const i of [0, 499, 998, 999]) {
      const after = messages[i]?.cursor ?? ''
      expect(await contents({ after })).toEqual(messages.slice(i + 1).map(({ content }) => content))
    }
    expect(await contents({ after: null })).toHaveLength(ids.length)
  })

  test.each<[string, IterateOptions, (i: number) => boolean]>([
    ['a time', { from: timeOf(700), to: timeOf(2100) }, (i) => i >= 700 && i < 2100],
    ['a conversation', { conversationId: 'c' }, (i) => i % 50 === 0],
    ['senders', { senders: ['assistant'] }, (i) => i % 3 === 0],
    ['types', { types: ['voice'] }, (i) => i % 2 === 0],
    [
      'all of them',
      { senders: ['user'], types: ['text'], from: timeOf(1400) },
      (i) => i % 6 !== 3 && i % 2 === 1 && i >= 1400,
    ],
  ])('is filtered to %s', async (_, options, matches) => {
    expect(await contents(options)).toEqual(ids.filter((content) => matches(Number(content))))
  })

  test('of a history without messages ends at once', async () => {
    expect(await contents({}, (await makeUser(store)).id)).toEqual([])
  })

  test('asks for no more when its consumer stops', async () => {
    const ops = await profile(db, () => first(store.iterateHistory(ana.id)))
    expect(ops).toHaveLength(1)
    const early = store.iterateHistory(ana.id)[Symbol.asyncIterator]()
    expect((await early.next()).value).toMatchObject({ content: '0' })
    await early.return?.()
    expect(await early.next()).toEqual({ done: true, value: undefined })
  })

  test('sees what is stored while it goes on, after its place', async () => {
    const { id } = await makeUser(store)
    await makeMessages(store, id, 600)
    const seen: string[] = []
    for await (const { content } of store.iterateHistory(id)) {
      seen.push(content)
      if (seen.length === 10) await makeMessages(store, id, 1, { content: 'late' })
    }
    expect(seen).toHaveLength(601)
    expect(seen.at(-1)).toBe('late')
  })

  test('ends with USER_NOT_FOUND when its user is erased meanwhile', async () => {
    const { id } = await makeUser(store)
    await makeMessages(store, id, 1200)
    const erasing = async () => {
      for await (const { content } of store.iterateHistory(id))
        if (content === 'message 3') await store.deleteUser(id)
    }
    await rejection(erasing(), 'USER_NOT_FOUND')
  })

  test('throws at the first next(), not before', async () => {
    const unknown = store.iterateHistory(nextId())
    await rejection(drain(nextId()), 'USER_NOT_FOUND')
    await rejection(first(unknown), 'USER_NOT_FOUND')
    expect(await refusedPaths(drain('ana'))).toEqual(['userId'])
    expect(await refusedPaths(drain(ana.id, { after: 'garbage' }))).toEqual(['options.after'])
    expect(await refusedPaths(drain(ana.id, { after: '' }))).toEqual(['options.after'])
    expect(await refusedPaths(drain(ana.id, { limit: 5 }))).toEqual(['options.limit'])
    expect(await refusedPaths(drain(ana.id, { from: new Date(1), to: new Date(0) }))).toEqual(['options.to'])
  })
})
