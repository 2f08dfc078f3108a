import { beforeAll, describe, expect, test } from '@jest/globals'
import type mongoose from 'mongoose'
import { z } from 'zod'
import { nextId } from '../../src/ids.ts'
import type { DialogueStore, NewMessage, StoreOutcome } from '../../src/index.ts'
import {
  makeMessages,
  makeUser,
  makeWorld,
  refusedPaths,
  rejection,
  storedOf,
  untyped,
} from '../support/make.ts'
import { makeStore } from '../support/store.ts'

let store: DialogueStore
let db: mongoose.mongo.Db
beforeAll(async () => {
  ;({ store, db } = await makeWorld())
})

const statuses = (outcomes: StoreOutcome<unknown>[]) => outcomes.map(({ status }) => status)
const pathsOf = (outcome: StoreOutcome<unknown> | undefined) =>
  outcome?.status === 'rejected' ? outcome.error.issues?.map(({ path }) => path) : undefined

describe('storeMessages', () => {
  test('of nothing is nothing', async () => {
    expect(await store.storeMessages([])).toEqual([])
  })

  test.each([undefined, null, {}, 'x', { length: 1 }])('refuses %p, which is no array', async (inputs) => {
    expect(await refusedPaths(store.storeMessages(untyped(inputs)))).toEqual([''])
  })

  test('has an outcome for each item, in the order of input', async () => {
    const { id: userId } = await makeUser(store)
    const say = (content: string, more: object = {}) => ({ userId, sender: 'user', content, ...more })
    const id = nextId().toHexString()
    const first = await store.storeMessage(say('delivered before', { externalId: 'd-1' }))
    const outcomes = await store.storeMessages([
      say('a'),
      say('delivered again', { externalId: 'd-1' }),
      untyped(say('', { metadata: {} })),
      say('b', { id }),
      say('b again', { id }),
      say('c', { externalId: 'd-2' }),
      say('c again', { externalId: 'd-2' }),
      say('of a stranger', { userId: nextId() }),
      untyped(null),
      say('d'),
    ])
    expect(statuses(outcomes)).toEqual(
      ['created', 'duplicate', 'rejected', 'created', 'duplicate', 'created', 'duplicate'].concat([
        'rejected',
        'rejected',
        'created',
      ]),
    )
    expect(outcomes[1]).toEqual({ status: 'duplicate', message: first.message })
    expect(outcomes[4]).toMatchObject({ message: { id, content: 'b' } })
    expect(outcomes[6]).toMatchObject({ message: { content: 'c' } })
    expect(outcomes[7]).toMatchObject({ error: { code: 'USER_NOT_FOUND' } })
    const contents = (await storedOf(db, userId)).messages.map(({ content }) => content)
    expect(contents.sort()).toEqual(['a', 'b', 'c', 'd', 'delivered before'])
  })

  test('names a rejected item by its index in each path', async () => {
    const shaped = await makeStore({ shapes: { metadata: z.object({ mood: z.string() }) } })
    const { id: userId } = await makeUser(shaped)
    const owner = await makeUser(shaped)
    const [taken] = await makeMessages(shaped, owner.id, 1, { metadata: { mood: 'calm' } })
    const fine = { userId, sender: 'user', content: 'x', metadata: { mood: 'good' } }
    const outcomes = await shaped.storeMessages([
      fine,
      untyped({ ...fine, sender: '', content: 1 }),
      untyped({ ...fine, metadata: { mood: 7 } }),
      { ...fine, id: taken?.id ?? '' },
      untyped({ ...fine, extra: true }),
      fine,
    ])
    expect(statuses(outcomes)).toEqual(['created', 'rejected', 'rejected', 'rejected', 'rejected', 'created'])
    expect(pathsOf(outcomes[1])).toEqual([
      [1, 'sender'],
      [1, 'content'],
    ])
    expect(pathsOf(outcomes[2])).toEqual([[2, 'metadata', 'mood']])
    expect(pathsOf(outcomes[3])).toEqual([[3, 'id']])
    expect(pathsOf(outcomes[4])).toEqual([[4, 'extra']])
    expect(outcomes[2]).toMatchObject({ error: { message: expect.stringContaining('2.metadata.mood') } })
  })

  test('lets no item fail for what another program did to the validator', async () => {
    const { store: strict, db: database } = await makeWorld()
    const { id: userId } = await makeUser(strict)
    const validator = { content: { $ne: 'forbidden' } }
    await database.command({ collMod: 'dialogue_messages', validator })
    const refused = { userId, sender: 'user', content: 'forbidden', externalId: 'f-1' }
    const outcomes = await strict.storeMessages([
      { ...refused, content: 'fine', externalId: 'f-0' },
      refused,
      { userId, sender: 'user', content: 'fine too' },
    ])
    expect(statuses(outcomes)).toEqual(['created', 'rejected', 'created'])
    expect(pathsOf(outcomes[1])).toEqual([[1]])
    await database.command({ collMod: 'dialogue_messages', validator: {} })
    expect(await strict.storeMessage(refused)).toMatchObject({ created: true })
  })

  test('stores thousands, of many users, in order', async () => {
    const people = await Promise.all(Array.from({ length: 5 }, () => makeUser(store)))
    const timestamp = new Date('2024-01-01T00:00:00Z')
    const inputs: NewMessage[] = Array.from({ length: 5000 }, (_, i) => ({
      userId: people[i % 5]?.id ?? '',
      sender: 'user',
      content: `${i}`,
      timestamp,
    }))
    const outcomes = await store.storeMessages(inputs)
    expect(new Set(statuses(outcomes))).toEqual(new Set(['created']))
    expect(outcomes.map((outcome) => 'message' in outcome && outcome.message.content)).toEqual(
      inputs.map(({ content }) => content),
    )
    for (const [who, { id }] of people.entries()) {
      const { messages, count } = await store.retrieveHistory(id, { limit: 1000 })
      expect(count).toBe(1000)
      expect(messages.map(({ content }) => Number(content))).toEqual(
        Array.from({ length: 1000 }, (_, i) => i * 5 + who),
      )
    }
  })
})

describe('more bytes than maxQueuedBytes', () => {
  test('wait in storeMessages, while storeMessage is refused at once', async () => {
    const narrow = await makeStore({ maxQueuedBytes: 64 * 1024 })
    const { id: userId } = await makeUser(narrow)
    const inputs = Array.from({ length: 200 }, (_, i) => ({
      userId,
      sender: 'user',
      content: `${i} ${'x'.repeat(10_000)}`,
    }))
    const bulk = narrow.storeMessages(inputs)
    const error = await rejection(narrow.storeMessage(inputs[0] ?? untyped({})), 'OVERLOADED')
    expect(error).toMatchObject({ outcome: 'not-applied', retryable: true })
    expect(new Set(statuses(await bulk))).toEqual(new Set(['created']))
    const { messages, count } = await narrow.retrieveHistory(userId, { limit: 1000 })
    expect(count).toBe(200)
    expect(messages.map(({ content }) => content)).toEqual(inputs.map(({ content }) => content))
    expect(await narrow.storeMessage({ userId, sender: 'user', content: 'room again' })).toMatchObject({
      created: true,
    })
  })

  test('are no hindrance for a single larger message', async () => {
    const narrow = await makeStore({ maxQueuedBytes: 1000 })
    const { id: userId } = await makeUser(narrow)
    const large = { userId, sender: 'user', content: 'x'.repeat(5000) }
    expect(await narrow.storeMessage(large)).toMatchObject({ created: true })
    const both = await narrow.storeMessages([large, large])
    expect(statuses(both)).toEqual(['created', 'created'])
  })
})
