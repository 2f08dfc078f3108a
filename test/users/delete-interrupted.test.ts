import { beforeAll, describe, expect, test } from '@jest/globals'
import type mongoose from 'mongoose'
import { ObjectId } from '../../src/ids.ts'
import type { DialogueStore } from '../../src/index.ts'
import {
  belongingsOf,
  makeBystander,
  makeEvent,
  makeMessages,
  makeUser,
  makeWorld,
  rejection,
  storedOf,
} from '../support/make.ts'

let store: DialogueStore
let db: mongoose.mongo.Db
beforeAll(async () => {
  ;({ store, db } = await makeWorld())
})

const erasedAt = new Date('2026-01-01T00:00:00Z')

interface Interruption {
  /** Of the step that was under way: its number, and what it was to remove. */
  erasing: { step: number; messages: ObjectId[]; events: ObjectId[] }
  receipt: { messages: number; contexts: number; events: number }
}

/** What a process leaves that dies in the middle of `deleteUser`, written as it writes it. */
async function interrupt(userId: string, left: Interruption): Promise<void> {
  const _id = new ObjectId(userId)
  await db.collection('dialogue_contexts').deleteOne({ userId: _id })
  await db.collection('dialogue_users').replaceOne({ _id }, { erasedAt, ...left })
}

const idsOf = (documents: { id: string }[]) => documents.map(({ id }) => new ObjectId(id))
const messages = () => db.collection('dialogue_messages')

describe('an erasure that was interrupted', () => {
  test('before its first step is finished by a repeat', async () => {
    const user = await makeUser(store)
    await makeMessages(store, user.id, 4)
    await makeEvent(store, user.id)
    await interrupt(user.id, {
      erasing: { step: 0, messages: [], events: [] },
      receipt: { messages: 0, contexts: 1, events: 0 },
    })
    const receipt = { userId: user.id, messages: 4, contexts: 1, events: 1, erasedAt }
    expect(await store.deleteUser(user.id)).toEqual(receipt)
    expect(await store.deleteUser(user.id)).toEqual(receipt)
    expect(await belongingsOf(db, user.id)).toEqual([])
  })

  test('between counting and removing counts nothing twice', async () => {
    const bystander = await makeBystander(store)
    const before = await storedOf(db, bystander.id)
    const user = await makeUser(store)
    const stored = await makeMessages(store, user.id, 10)
    const event = await makeEvent(store, user.id)
    const planned = idsOf(stored.slice(0, 6))
    await messages().deleteMany({ _id: { $in: planned.slice(0, 4) } })
    await interrupt(user.id, {
      erasing: { step: 1, messages: planned, events: idsOf([event]) },
      receipt: { messages: 6, contexts: 0, events: 1 },
    })
    expect(await store.deleteUser(user.id)).toMatchObject({ messages: 10, contexts: 0, events: 1 })
    expect(await belongingsOf(db, user.id)).toEqual([])
    expect(await storedOf(db, bystander.id)).toEqual(before)
  })

  test('after its last removal only has to be closed', async () => {
    const user = await makeUser(store)
    const stored = await makeMessages(store, user.id, 3)
    await messages().deleteMany({ userId: new ObjectId(user.id) })
    await interrupt(user.id, {
      erasing: { step: 7, messages: idsOf(stored), events: [] },
      receipt: { messages: 6003, contexts: 1, events: 2 },
    })
    expect(await store.deleteUser(user.id)).toMatchObject({
      messages: 6003,
      contexts: 1,
      events: 2,
      erasedAt,
    })
    expect((await storedOf(db, user.id)).users[0]).not.toHaveProperty('erasing')
  })

  test("never removes what is another user's, whatever it wrote down", async () => {
    const bystander = await makeBystander(store)
    const before = await storedOf(db, bystander.id)
    const user = await makeUser(store)
    const foreign = {
      messages: before.messages.map(({ _id }) => _id),
      events: before.events.map(({ _id }) => _id),
    }
    await interrupt(user.id, {
      erasing: { step: 1, ...foreign },
      receipt: { messages: 3, contexts: 0, events: 1 },
    })
    await store.deleteUser(user.id)
    expect(await storedOf(db, bystander.id)).toEqual(before)
  })

  test('is finished once when ten repeat it at once', async () => {
    const user = await makeUser(store)
    const stored = await makeMessages(store, user.id, 1500)
    await interrupt(user.id, {
      erasing: { step: 1, messages: idsOf(stored.slice(0, 1000)), events: [] },
      receipt: { messages: 1000, contexts: 0, events: 0 },
    })
    const receipts = await Promise.all(Array.from({ length: 10 }, () => store.deleteUser(user.id)))
    for (const receipt of receipts) expect(receipt).toEqual({ ...receipts[0], messages: 1500 })
  })

  test('keeps the user away from every other verb meanwhile', async () => {
    const user = await makeUser(store)
    await makeMessages(store, user.id, 3)
    await interrupt(user.id, {
      erasing: { step: 0, messages: [], events: [] },
      receipt: { messages: 0, contexts: 0, events: 0 },
    })
    await rejection(store.getUser(user.id), 'USER_NOT_FOUND')
    await rejection(store.retrieveHistory(user.id), 'USER_NOT_FOUND')
    await rejection(store.storeMessage({ userId: user.id, sender: 'user', content: 'hi' }), 'USER_NOT_FOUND')
    await rejection(store.retrieveContext(user.id), 'USER_NOT_FOUND')
  })
})
