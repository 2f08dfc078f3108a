import { beforeAll, describe, expect, test } from '@jest/globals'
import type mongoose from 'mongoose'
import { z } from 'zod'
import { nextId, ObjectId } from '../../src/ids.ts'
import type { DialogueStore, Message, User } from '../../src/index.ts'
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
let ana: User
let other: User
beforeAll(async () => {
  ;({ store, db } = await makeWorld())
  ana = await makeUser(store)
  other = await makeUser(store)
})

const say = async (more: object = {}): Promise<Message> =>
  (await store.storeMessage({ userId: ana.id, sender: 'user', content: 'said', ...more })).message
const stored = (id: string) => db.collection('dialogue_messages').findOne({ _id: new ObjectId(id) })

describe('getMessage', () => {
  test('finds by id', async () => {
    const message = await say({ metadata: { a: {} } })
    expect(await store.getMessage(ana.id, { id: message.id })).toEqual(message)
    expect(await store.getMessage(ana.id, { id: new ObjectId(message.id) })).toEqual(message)
  })

  test('finds by external id, of the conversation that is named, or of none', async () => {
    const [plain, grouped] = [
      await say({ externalId: 'e' }),
      await say({ externalId: 'e', conversationId: 'g' }),
    ]
    await say({ externalId: 'only grouped', conversationId: 'g' })
    await store.storeMessage({ userId: other.id, sender: 'user', content: 'x', externalId: 'e' })
    expect(await store.getMessage(ana.id, { externalId: 'e' })).toEqual(plain)
    expect(await store.getMessage(ana.id, { externalId: 'e', conversationId: null })).toEqual(plain)
    expect(await store.getMessage(ana.id, { externalId: 'e', conversationId: 'g' })).toEqual(grouped)
    for (const key of [
      { externalId: 'only grouped' },
      { externalId: 'e', conversationId: 'h' },
      { externalId: 'f' },
    ])
      await rejection(store.getMessage(ana.id, key), 'MESSAGE_NOT_FOUND')
  })

  test('of another user, or of nobody, is not found', async () => {
    const message = await say()
    await rejection(store.getMessage(other.id, { id: message.id }), 'MESSAGE_NOT_FOUND')
    await rejection(store.getMessage(ana.id, { id: nextId() }), 'MESSAGE_NOT_FOUND')
    await rejection(store.getMessage(nextId(), { id: message.id }), 'USER_NOT_FOUND')
    const erased = await makeUser(store)
    const [theirs] = await makeMessages(store, erased.id, 1)
    await store.deleteUser(erased.id)
    await rejection(store.getMessage(erased.id, { id: theirs?.id ?? '' }), 'USER_NOT_FOUND')
  })

  test.each([
    undefined,
    null,
    {},
    'x',
    { id: 'x' },
    { id: nextId(), externalId: 'e' },
    { externalId: { $gt: '' } },
  ])('refuses %p for a key', async (key) => {
    const [path] = await refusedPaths(store.getMessage(ana.id, untyped(key)))
    expect(path).toMatch(/^key/)
  })
})

describe('updateMessage', () => {
  test('changes content and metadata; the rest, and the place, stay', async () => {
    const neighbours = [await say(), await say({ externalId: 'mid', metadata: { a: 1, b: 2 } }), await say()]
    const [, message] = neighbours
    const changed = await store.updateMessage(ana.id, message?.id ?? '', {
      content: 'corrected',
      metadata: { b: 3 },
    })
    expect(changed).toEqual({
      ...message,
      content: 'corrected',
      metadata: { b: 3 },
      version: 2,
      updatedAt: expect.any(Date),
    })
    expect(changed.updatedAt.getTime()).toBeGreaterThanOrEqual(changed.createdAt.getTime())
    expect(await stored(changed.id)).toMatchObject({ content: 'corrected', metadata: { b: 3 }, version: 2 })
    const { messages } = await store.retrieveHistory(ana.id, { limit: 3 })
    expect(messages).toEqual([neighbours[0], changed, neighbours[2]])
  })

  test('leaves what is undefined, and clears what is null', async () => {
    const given = { type: 'voice', audio: { uri: 'a' }, metadata: { a: 1 }, externalId: 'cleared' }
    const message = await say(given)
    const same = await store.updateMessage(ana.id, message.id, { content: undefined, audio: undefined })
    expect(same).toEqual({ ...message, version: 2, updatedAt: same.updatedAt })
    const clearing = { audio: null, metadata: null, externalId: null }
    const cleared = await store.updateMessage(ana.id, message.id, clearing)
    expect(cleared).toMatchObject({ audio: null, metadata: {}, externalId: null, version: 3 })
    const document = await stored(message.id)
    for (const field of ['audio', 'metadata', 'externalId']) expect(document).not.toHaveProperty(field)
    await rejection(store.getMessage(ana.id, { externalId: 'cleared' }), 'MESSAGE_NOT_FOUND')
  })

  test('replaces audio, of voice only', async () => {
    const voice = await say({ type: 'voice', audio: { uri: 'a', durationSeconds: 2 } })
    const audio = { uri: 'b', durationSeconds: undefined }
    const changed = await store.updateMessage(ana.id, voice.id, { audio, content: '' })
    expect(changed).toMatchObject({ content: '', audio: { uri: 'b', mimeType: null, durationSeconds: null } })
    const again = await store.updateMessage(ana.id, voice.id, {
      audio: { ...changed.audio, durationSeconds: 0 },
    })
    expect(again.audio).toEqual({ uri: 'b', mimeType: null, durationSeconds: 0 })
    const document = await db.collection('dialogue_messages').findOne({ _id: new ObjectId(voice.id) })
    expect(document?.audio).toEqual({ uri: 'b', durationSeconds: 0 })
    const text = await say()
    const refused = store.updateMessage(ana.id, text.id, { audio: { uri: 'b' } })
    expect(await refusedPaths(refused)).toEqual(['patch.audio'])
    expect(await store.updateMessage(ana.id, text.id, { audio: null })).toMatchObject({ audio: null })
  })

  test("takes '' where a new message may have it", async () => {
    const plain = await say()
    expect(await refusedPaths(store.updateMessage(ana.id, plain.id, { content: '' }))).toEqual([
      'patch.content',
    ])
    await store.updateMessage(ana.id, plain.id, { content: '', metadata: { image: 1 } })
    const bare = store.updateMessage(ana.id, plain.id, { metadata: null })
    expect(await refusedPaths(bare)).toEqual(['patch.content'])
    expect(await store.getMessage(ana.id, { id: plain.id })).toMatchObject({
      content: '',
      metadata: { image: 1 },
    })
  })

  test('gives what looks like an expression or an operator back as it was', async () => {
    const message = await say()
    const patch = { content: '$content', metadata: { $set: { a: '$$ROOT' }, 'a.b': ['$x'] } }
    expect(await store.updateMessage(ana.id, message.id, patch)).toMatchObject(patch)
    expect(await stored(message.id)).toMatchObject(patch)
  })

  test.each<[object, string]>([
    [{ content: null }, 'patch.content'],
    [{ content: 1 }, 'patch.content'],
    [{ sender: 'x' }, 'patch.sender'],
    [{ timestamp: new Date() }, 'patch.timestamp'],
    [{ metadata: [] }, 'patch.metadata'],
    [{ metadata: { a: Number.NaN } }, 'patch.metadata.a'],
    [{ externalId: '' }, 'patch.externalId'],
    [{ audio: { x: 1 } }, 'patch.audio.x'],
  ])('refuses %p', async (patch, path) => {
    const message = await say()
    expect(await refusedPaths(store.updateMessage(ana.id, message.id, untyped(patch)))).toEqual([path])
    expect(await store.getMessage(ana.id, { id: message.id })).toEqual(message)
  })

  test('of what is not there is not found', async () => {
    const message = await say()
    const change = { content: 'x' }
    await rejection(store.updateMessage(ana.id, nextId(), change), 'MESSAGE_NOT_FOUND')
    await rejection(store.updateMessage(other.id, message.id, change), 'MESSAGE_NOT_FOUND')
    await rejection(store.updateMessage(nextId(), message.id, change), 'USER_NOT_FOUND')
    expect(await store.getMessage(ana.id, { id: message.id })).toEqual(message)
  })

  test('holds metadata against its shape', async () => {
    const shaped = await makeStore({ shapes: { metadata: z.object({ mood: z.string() }) } })
    const { id } = await makeUser(shaped)
    const [message] = await makeMessages(shaped, id, 1, { metadata: { mood: 'good' } })
    const wrong = shaped.updateMessage(id, message?.id ?? '', { metadata: untyped({ mood: 1 }) })
    expect(await refusedPaths(wrong)).toEqual(['patch.metadata.mood'])
    const right = await shaped.updateMessage(id, message?.id ?? '', { metadata: { mood: 'calm' } })
    expect(right.metadata).toEqual({ mood: 'calm' })
  })
})

describe('ifVersion', () => {
  test('lets one of ten changes through', async () => {
    const message = await say()
    const changes = Array.from({ length: 10 }, (_, i) =>
      store.updateMessage(ana.id, message.id, { content: `${i}` }, { ifVersion: 1 }),
    )
    const outcomes = await Promise.allSettled(changes)
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    for (const outcome of outcomes)
      if (outcome.status === 'rejected')
        expect(outcome.reason).toMatchObject({ code: 'VERSION_CONFLICT', expected: 1, actual: 2 })
    expect(await store.getMessage(ana.id, { id: message.id })).toMatchObject({ version: 2 })
  })

  test('refuses without effect, on external ids neither', async () => {
    const message = await say()
    const stale = store.updateMessage(ana.id, message.id, { externalId: 'stale' }, { ifVersion: 7 })
    expect(await rejection(stale, 'VERSION_CONFLICT')).toMatchObject({ expected: 7, actual: 1 })
    expect(await say({ externalId: 'stale', content: 'new' })).toMatchObject({ content: 'new' })
    const odd = store.updateMessage(ana.id, message.id, {}, untyped({ ifVersion: -1 }))
    expect(await refusedPaths(odd)).toEqual(['options.ifVersion'])
  })
})

describe('an external id given later', () => {
  test('is claimed: a delivery with it is a repeat', async () => {
    const message = await say({ conversationId: 'c' })
    const named = await store.updateMessage(ana.id, message.id, { externalId: 'later' })
    const repeat = {
      userId: ana.id,
      sender: 'user',
      content: 'again',
      externalId: 'later',
      conversationId: 'c',
    }
    expect(await store.storeMessage(repeat)).toEqual({ created: false, message: named })
    expect(await store.updateMessage(ana.id, message.id, { externalId: 'later' })).toMatchObject({
      version: 3,
    })
    expect(await say({ externalId: 'later' })).toMatchObject({ content: 'said' })
  })

  test("is refused when it is another message's", async () => {
    await say({ externalId: 'theirs' })
    const message = await say()
    const taking = store.updateMessage(ana.id, message.id, { externalId: 'theirs', content: 'x' })
    expect(await refusedPaths(taking)).toEqual(['patch.externalId'])
    expect(await store.getMessage(ana.id, { id: message.id })).toEqual(message)
    const { messages } = await storedOf(db, ana.id)
    expect(messages.filter(({ externalId }) => externalId === 'theirs')).toHaveLength(1)
  })

  test('goes to one of two messages that want it at once', async () => {
    const two = [await say(), await say()]
    const outcomes = await Promise.allSettled(
      two.map(({ id }) => store.updateMessage(ana.id, id, { externalId: 'wanted' })),
    )
    expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
    const { messages } = await storedOf(db, ana.id)
    expect(messages.filter(({ externalId }) => externalId === 'wanted')).toHaveLength(1)
  })
})
