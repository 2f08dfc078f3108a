import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { ObjectId } from '../../ids.ts'
import { casesOf } from './case.ts'
import { contents, has, history, refuses, rejects } from './checks.ts'
import { after, at, atOnce, BEGIN, MINUTE_MS, newId, say, says, talk, untyped, upTo } from './samples.ts'

export const messages = casesOf('messages', {
  'a stored message has what was given': async ({ store, person }) => {
    const { id: userId } = await person()
    const given = {
      ...{ userId, sender: 'user', content: 'Book the dentist', type: 'voice' as const, timestamp: BEGIN },
      ...{ conversationId: 'dentist', externalId: 'wamid.1', metadata: { model: { confidence: 0.9 } } },
    }
    const audio = { uri: 's3://notes/1.ogg', mimeType: 'audio/ogg', durationSeconds: 3.2 }
    const { message, created } = await store.storeMessage({ ...given, audio })
    equal(created, true)
    const { id, version, createdAt, updatedAt, cursor, ...rest } = message
    deepEqual(rest, { ...given, audio })
    match(id, /^[0-9a-f]{24}$/)
    ok(cursor.length > 0 && createdAt instanceof Date && updatedAt instanceof Date)
    equal(version, 1)
    deepEqual(await store.getMessage(userId, { id: new ObjectId(id) }), message)
    deepEqual((await store.retrieveHistory(userId)).messages, [message])
  },

  'what was never given is null, or its default': async ({ store, person }) => {
    const { id: userId } = await person()
    const now = new Date()
    const { timestamp, ...message } = await say(store, userId, 'hello')
    has(message, { type: 'text', conversationId: null, externalId: null, audio: null, metadata: {} })
    /* By the clock of whatever machine. */
    ok(timestamp >= after(now, -MINUTE_MS) && timestamp <= after(new Date(), MINUTE_MS))
    const { audio } = await say(store, userId, '', { type: 'voice', audio: { uri: 'a' } })
    deepEqual(audio, { uri: 'a', mimeType: null, durationSeconds: null })
  },

  'content may be empty for voice, or with metadata': async ({ store, person }) => {
    const { id } = await person()
    await say(store, id, '', { type: 'voice' })
    await say(store, id, '', { metadata: { image: 'x.png' } })
    await refuses(store.storeMessage(says(id, '')), 'content')
    await refuses(store.storeMessage(says(id, '', { metadata: {} })), 'content')
    await refuses(store.storeMessage(says(id, 'x', { audio: { uri: 'a' } })), 'audio')
    equal((await store.retrieveHistory(id)).count, 2)
  },

  'what is wrong is refused by its place': async ({ store, person }) => {
    const { id } = await person()
    const wrong: [object, string][] = [
      [{ sender: '' }, 'sender'],
      [{ content: 7 }, 'content'],
      [{ content: '\ud800' }, 'content'],
      [{ type: 'video' }, 'type'],
      [{ timestamp: new Date(Number.NaN) }, 'timestamp'],
      [{ timestamp: '2024-01-01' }, 'timestamp'],
      [{ userId: { $ne: null } }, 'userId'],
      [{ type: 'voice', audio: { durationSeconds: -1 } }, 'audio.durationSeconds'],
      [{ metadata: [] }, 'metadata'],
      [{ mood: 'good' }, 'mood'],
    ]
    for (const [fields, place] of wrong)
      await refuses(store.storeMessage(untyped({ ...says(id, 'x'), ...fields })), place)
    equal((await store.retrieveHistory(id)).count, 0)
  },

  'the same id stores once, and not for somebody else': async ({ store, person }) => {
    const [user, other] = [await person(), await person()]
    const id = newId()
    const first = await store.storeMessage(says(user.id, 'first', { id }))
    deepEqual(first.message.id, id)
    deepEqual(await store.storeMessage(says(user.id, 'second', { id })), { ...first, created: false })
    await refuses(store.storeMessage(says(other.id, 'theirs', { id })), 'id')
    deepEqual(await history(store, user.id), ['first'])
    deepEqual(await history(store, other.id), [])
  },

  'a bulk has an outcome for each, and one that is wrong fails nobody else': async ({ store, person }) => {
    const { id } = await person()
    const repeated = says(id, 'a', { externalId: 'a' })
    const inputs = [repeated, says(id, ''), repeated, says(newId(), 'of nobody'), says(id, 'b')]
    const outcomes = await store.storeMessages(inputs)
    deepEqual(
      outcomes.map(({ status }) => status),
      ['created', 'rejected', 'duplicate', 'rejected', 'created'],
    )
    deepEqual(
      outcomes.map((outcome) =>
        outcome.status === 'rejected' ? outcome.error.code : outcome.message.content,
      ),
      ['a', 'INVALID_INPUT', 'a', 'USER_NOT_FOUND', 'b'],
    )
    deepEqual(await history(store, id), ['a', 'b'])
    deepEqual(await store.storeMessages([]), [])
    await refuses(store.storeMessages(untyped({ length: 1 })))
  },

  'nobody’s message is USER_NOT_FOUND': async ({ store }) => {
    await rejects(store.storeMessage(says(newId(), 'x')), 'USER_NOT_FOUND')
    await rejects(store.storeMessage(says(newId(), 'x', { externalId: 'x' })), 'USER_NOT_FOUND')
  },

  'all of many that are stored at once are there': async ({ store, person }) => {
    const people = [await person(), await person()]
    const stored = await atOnce(60, (i) => say(store, at(people, i % 2).id, `${i}`))
    for (const [who, { id }] of people.entries()) {
      const { messages: found, count } = await store.retrieveHistory(id)
      equal(count, 30)
      deepEqual(new Set(found), new Set(stored.filter((_, i) => i % 2 === who)))
    }
  },
})

/** Of one moment. */
const then = { timestamp: BEGIN }
const numbers = (count: number): string[] => upTo(count).map(String)

export const order = casesOf('the order of a history', {
  'is that of input within a call, for equal timestamps': async ({ store, person }) => {
    const { id } = await person()
    await talk(store, id, upTo(100), then)
    deepEqual(await history(store, id), numbers(100))
  },

  'is that of awaited calls, single ones and bulks, for equal timestamps': async ({ store, person }) => {
    const { id } = await person()
    for (const i of upTo(12)) {
      if (i % 3) await say(store, id, `${i}`, then)
      else await talk(store, id, [i], then)
    }
    deepEqual(await history(store, id), numbers(12))
  },

  'is that of time first': async ({ store, person }) => {
    const { id } = await person()
    for (const ms of [3000, -1, 2000, 1, 0]) await say(store, id, `${ms}`, { timestamp: after(BEGIN, ms) })
    deepEqual(await history(store, id), ['-1', '0', '1', '2000', '3000'])
    const { messages: newest } = await store.retrieveHistory(id, { limit: 2 })
    deepEqual(contents(newest), ['2000', '3000'])
  },
})
