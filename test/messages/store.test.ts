import { beforeAll, describe, expect, test } from '@jest/globals'
import type mongoose from 'mongoose'
import { nextId, ObjectId } from '../../src/ids.ts'
import type { DialogueStore } from '../../src/index.ts'
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

const stored = (id: string) => db.collection('dialogue_messages').findOne({ _id: new ObjectId(id) })

describe('storeMessage', () => {
  test('stores the least there is to say, with defaults', async () => {
    const { id: userId } = await makeUser(store)
    const before = new Date()
    const { message, created } = await store.storeMessage({ userId, sender: 'user', content: 'Olá' })
    expect(created).toBe(true)
    expect(message).toEqual({
      id: expect.stringMatching(/^[0-9a-f]{24}$/),
      userId,
      sender: 'user',
      content: 'Olá',
      type: 'text',
      timestamp: expect.any(Date),
      conversationId: null,
      externalId: null,
      audio: null,
      metadata: {},
      version: 1,
      createdAt: expect.any(Date),
      updatedAt: message.createdAt,
      cursor: expect.any(String),
    })
    expect(message.timestamp.getTime()).toBeGreaterThanOrEqual(before.getTime())
    expect(message.timestamp.getTime()).toBeLessThanOrEqual(Date.now())
    expect(await stored(message.id)).toEqual({
      _id: new ObjectId(message.id),
      userId: new ObjectId(userId),
      timestamp: message.timestamp,
      sender: 'user',
      type: 'text',
      content: 'Olá',
      version: 1,
      createdAt: message.createdAt,
    })
  })

  test('stores every field, and gives it back everywhere', async () => {
    const { id: userId } = await makeUser(store)
    const id = nextId()
    const given = {
      userId,
      id,
      sender: 'assistant',
      content: '你好 👋 مرحبا \u0000 ok',
      type: 'voice' as const,
      timestamp: new Date('2024-02-29T12:00:00.123Z'),
      conversationId: 'ticket 7',
      externalId: 'wamid.HBg=',
      audio: { uri: 's3://b/a.ogg', mimeType: 'audio/ogg', durationSeconds: 1.5 },
      metadata: { 'a.b': [{}, [], null], $x: { '': 1.25 }, nested: { deep: { er: ['é'] } } },
    }
    const { message } = await store.storeMessage(given)
    const { id: _, ...fields } = given
    expect(message).toMatchObject({ ...fields, id: id.toHexString() })
    expect(await store.getMessage(userId, { id })).toEqual(message)
    expect((await store.retrieveHistory(userId)).messages).toEqual([message])
    expect(await stored(message.id)).toMatchObject({
      ...fields,
      userId: new ObjectId(userId),
      createdAt: message.createdAt,
    })
  })

  test('takes dates as they are when it is called, and gives copies', async () => {
    const { id: userId } = await makeUser(store)
    const timestamp = new Date(1e12)
    const call = store.storeMessage({ userId, sender: 'user', content: 'x', timestamp })
    timestamp.setTime(0)
    const { message } = await call
    expect(message.timestamp).toEqual(new Date(1e12))
    message.timestamp.setTime(0)
    expect((await store.getMessage(userId, { id: message.id })).timestamp).toEqual(new Date(1e12))
  })

  test('takes an ObjectId of a user, and says null for what is null', async () => {
    const { id } = await makeUser(store)
    const { message } = await store.storeMessage({
      userId: new ObjectId(id),
      sender: 'user',
      content: 'x',
      type: 'voice',
      conversationId: null,
      externalId: null,
      audio: { durationSeconds: 3, mimeType: undefined, uri: null },
      metadata: null,
      timestamp: undefined,
    })
    expect(message).toMatchObject({ userId: id, conversationId: null, externalId: null, metadata: {} })
    expect(message.audio).toEqual({ uri: null, mimeType: null, durationSeconds: 3 })
    expect(await stored(message.id)).not.toHaveProperty('externalId')
    expect(await stored(message.id)).not.toHaveProperty('metadata')
  })

  test("lets content be '' for voice, or with metadata", async () => {
    const { id: userId } = await makeUser(store)
    const silent = { userId, sender: 'user', content: '' }
    expect((await store.storeMessage({ ...silent, type: 'voice' })).message.content).toBe('')
    expect((await store.storeMessage({ ...silent, metadata: { image: 1 } })).message.content).toBe('')
    expect(await refusedPaths(store.storeMessage(silent))).toEqual(['content'])
    expect(await refusedPaths(store.storeMessage({ ...silent, metadata: {} }))).toEqual(['content'])
    expect((await storedOf(db, userId)).messages).toHaveLength(2)
  })

  test.each<[string, object, string]>([
    ['no user', { userId: undefined }, 'userId'],
    ['an operator for a user', { userId: { $ne: null } }, 'userId'],
    ['no sender', { sender: undefined }, 'sender'],
    ["'' for a sender", { sender: '' }, 'sender'],
    ['a long sender', { sender: 'x'.repeat(101) }, 'sender'],
    ['no content', { content: undefined }, 'content'],
    ['null for content', { content: null }, 'content'],
    ['a lone surrogate', { content: 'a\ud800' }, 'content'],
    ['an id that is none', { id: 'abc' }, 'id'],
    ['another type', { type: 'image' }, 'type'],
    ['a date that is none', { timestamp: new Date('x') }, 'timestamp'],
    ['a number for a date', { timestamp: 1 }, 'timestamp'],
    ["'' for a conversation", { conversationId: '' }, 'conversationId'],
    ['an operator for a conversation', { conversationId: { $gt: '' } }, 'conversationId'],
    ["'' for an external id", { externalId: '' }, 'externalId'],
    ['audio of a text', { audio: { uri: 'x' } }, 'audio'],
    [
      'audio of a negative length',
      { type: 'voice', audio: { durationSeconds: -1 } },
      'audio.durationSeconds',
    ],
    ['audio with an unknown key', { type: 'voice', audio: { url: 'x' } }, 'audio.url'],
    ['an array for metadata', { metadata: [] }, 'metadata'],
    ['a class in metadata', { metadata: { a: { b: new Map() } } }, 'metadata.a.b'],
    ['an unknown key', { text: 'x' }, 'text'],
    ['_id for id', { _id: nextId() }, '_id'],
  ])('refuses %s', async (_, fields, path) => {
    const { id: userId } = await makeUser(store)
    const input = { userId, sender: 'user', content: 'x', ...fields }
    expect(await refusedPaths(store.storeMessage(untyped(input)))).toEqual([path])
    expect((await storedOf(db, userId)).messages).toEqual([])
  })

  test.each([undefined, null, 'x', []])('refuses %p for an input', async (input) => {
    expect(await refusedPaths(store.storeMessage(untyped(input)))).toEqual([''])
  })
})

describe('an id chosen by the caller', () => {
  test('stores once; a repeat gives the first message, whatever it says', async () => {
    const { id: userId } = await makeUser(store)
    const input = { userId, sender: 'user', content: 'first', id: nextId().toHexString() }
    const first = await store.storeMessage(input)
    expect(first).toMatchObject({ created: true, message: { id: input.id } })
    const repeat = await store.storeMessage({ ...input, content: 'second', timestamp: new Date(0) })
    expect(repeat).toEqual({ created: false, message: first.message })
    expect((await storedOf(db, userId)).messages).toHaveLength(1)
  })

  test('stores once when thirty calls race', async () => {
    const { id: userId } = await makeUser(store)
    const id = nextId()
    const calls = Array.from({ length: 30 }, (_, i) =>
      store.storeMessage({ userId, sender: 'user', content: `try ${i}`, id }),
    )
    const outcomes = await Promise.all(calls)
    expect(outcomes.filter(({ created }) => created)).toHaveLength(1)
    const [there, ...others] = (await storedOf(db, userId)).messages
    expect(others).toEqual([])
    for (const { message } of outcomes) expect(message.content).toBe(there?.content)
  })

  test("of another user's message is refused, and tells nothing of it", async () => {
    const owner = await makeUser(store)
    const other = await makeUser(store)
    const [secret] = await makeMessages(store, owner.id, 1, { content: 'a secret', sender: 'owner' })
    const untouched = await storedOf(db, owner.id)
    const theft = { userId: other.id, sender: 'thief', content: 'x', id: secret?.id ?? '' }
    const error = await rejection(store.storeMessage(theft), 'INVALID_INPUT')
    expect(error.issues).toEqual([{ path: ['id'], reason: 'is the id of another message' }])
    expect(JSON.stringify(error) + error.message).not.toMatch(/secret|owner/)
    expect(await storedOf(db, owner.id)).toEqual(untouched)
    expect((await storedOf(db, other.id)).messages).toEqual([])
  })

  test("of another user's message is not to be had by an external id either", async () => {
    const owner = await makeUser(store)
    const thief = await makeUser(store)
    const [secret] = await makeMessages(store, owner.id, 1, { content: 'a secret' })
    const theft = { userId: thief.id, sender: 'thief', content: 'x', externalId: 'theft' }
    await rejection(store.storeMessage({ ...theft, id: secret?.id ?? '' }), 'INVALID_INPUT')
    const own = await store.storeMessage(theft)
    expect(own).toMatchObject({ created: true, message: { content: 'x', userId: thief.id } })
    expect(own.message.id).not.toBe(secret?.id)
    expect((await storedOf(db, owner.id)).messages).toHaveLength(1)
  })
})

describe('a user who is not there', () => {
  test('is USER_NOT_FOUND, and nothing is left behind', async () => {
    const userId = nextId().toHexString()
    const error = await rejection(
      store.storeMessage({ userId, sender: 'user', content: 'x', externalId: 'unknown-1' }),
      'USER_NOT_FOUND',
    )
    expect(error).toMatchObject({ outcome: 'not-applied', retryable: false })
    expect((await storedOf(db, userId)).messages).toEqual([])
    expect(
      await db.collection<{ _id: string }>('dialogue_seen').countDocuments({ _id: new RegExp(userId) }),
    ).toBe(0)
  })

  test('is USER_NOT_FOUND after an erasure, also for a store that has known them', async () => {
    const { store: other, db: database, dbName } = await makeWorld()
    const eraser = await makeStore({ dbName })
    const user = await makeUser(other)
    await makeMessages(other, user.id, 3)
    await eraser.deleteUser(user.id)
    const late = { userId: user.id, sender: 'user', content: 'late', externalId: 'late-1' }
    await rejection(other.storeMessage(late), 'USER_NOT_FOUND')
    const [outcome] = await other.storeMessages([late])
    expect(outcome).toMatchObject({ status: 'rejected', error: { code: 'USER_NOT_FOUND' } })
    expect((await storedOf(database, user.id)).messages).toEqual([])
    expect(
      await database
        .collection<{ _id: string }>('dialogue_seen')
        .countDocuments({ _id: new RegExp(user.id) }),
    ).toBe(0)
  })
})

test('the server itself refuses a message of another shape', async () => {
  const { id } = await makeUser(store)
  const odd = { userId: new ObjectId(id), sender: 'user', text: 'x' }
  await expect(db.collection('dialogue_messages').insertOne(odd)).rejects.toMatchObject({ code: 121 })
})
