import { beforeAll, describe, expect, test } from '@jest/globals'
import type mongoose from 'mongoose'
import type { DialogueStore, Message } from '../../src/index.ts'
import { makeUser, rejection } from '../support/make.ts'
import { makeDatabase, makeStore } from '../support/store.ts'
import { profile } from './support/profile.ts'

const MIB = 2 ** 20
/** Together far more than one document, or one reply of the server, can hold. */
const SIZES = [1, 7 * MIB, 15 * MIB, 2, 9 * MIB, 3]

let store: DialogueStore
let db: mongoose.mongo.Db
let userId: string
let all: Message[]
beforeAll(async () => {
  const made = await makeDatabase()
  db = made.db
  store = await makeStore({ dbName: made.dbName, retention: { kind: 'capped', sizeBytes: 64 * MIB } })
  userId = (await makeUser(store)).id
  const outcomes = await store.storeMessages(
    SIZES.map((size, i) => ({ userId, sender: i % 2 ? 'large' : 'any', content: `${i}`.repeat(size) })),
  )
  all = outcomes.flatMap((outcome) => ('message' in outcome ? outcome.message : []))
})

describe('a page of very large messages', () => {
  test('is whole', async () => {
    expect(all).toHaveLength(SIZES.length)
    const page = await store.retrieveHistory(userId)
    expect(page).toMatchObject({ count: SIZES.length, older: null, newer: null, live: expect.any(String) })
    expect(page.messages).toEqual(all)
  })

  test('has its places, and its filters', async () => {
    const [, , third, fourth, fifth] = all
    const before = await store.retrieveHistory(userId, { before: fifth?.cursor ?? '', limit: 3 })
    expect(before.messages).toEqual(all.slice(1, 4))
    expect(before.older).not.toBeNull()
    expect(before.newer).not.toBeNull()
    const after = await store.retrieveHistory(userId, { after: fourth?.cursor ?? '' })
    expect(after.messages).toEqual(all.slice(4))
    expect(after).toMatchObject({ older: expect.any(String), newer: null })
    const large = await store.retrieveHistory(userId, { senders: ['any'], before: fourth?.cursor ?? '' })
    expect(large.messages).toEqual([all[0], third])
  })

  test('is for somebody who is there', async () => {
    const gone = await makeUser(store)
    const content = 'x'.repeat(9 * MIB)
    for (const _ of [1, 2]) await store.storeMessage({ userId: gone.id, sender: 'user', content })
    expect((await store.retrieveHistory(gone.id)).messages).toHaveLength(2)
    await store.deleteUser(gone.id)
    await rejection(store.retrieveHistory(gone.id), 'USER_NOT_FOUND')
  })
})

describe('iterating over very large messages', () => {
  test('gives each once, in order', async () => {
    const seen: Message[] = []
    for await (const message of store.iterateHistory(userId)) seen.push(message)
    expect(seen.map(({ id }) => id)).toEqual(all.map(({ id }) => id))
    expect(seen.map(({ content }) => content.length)).toEqual(SIZES)
  })

  test('holds no more than 16 MiB of them, or a message and its successor', async () => {
    const iterate = async () => {
      for await (const _ of store.iterateHistory(userId));
    }
    const ops = await profile(db, iterate)
    /* What does not fit in the reply of one command is read by a cursor, which would take any number. */
    const byCursor = ops.filter(({ command }) => command.aggregate === 'dialogue_messages')
    expect(byCursor.length).toBeGreaterThan(0)
    for (const { command } of byCursor) expect(command.pipeline).toContainEqual({ $limit: 2 })
  })
})
