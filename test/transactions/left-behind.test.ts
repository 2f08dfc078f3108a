import { beforeAll, describe, expect, test } from '@jest/globals'
import { ObjectId } from '../../src/ids.ts'
import type { DialogueStore, Message } from '../../src/index.ts'
import { seenKey } from '../../src/messages/claim.ts'
import { makeMessages, makeUser, rejection, storedOf } from '../support/make.ts'
import { changedTo, leaveEntry, messageOf, unsettledIn } from './support/entries.ts'
import { contentsIn, makeTurnWorld, RETENTIONS, says, type TurnWorld, until } from './support/turns.ts'

/* A process died between its commit and settling: the first who looks finds all of the turn. */

interface Left {
  userId: string
  /** By the turn: said, changed, and deleted. */
  said: ObjectId
  changed: Message
  deleted: Message
}

type Verb = [string, (store: DialogueStore, left: Left) => Promise<unknown>, unknown]

/** What each verb has to find, if it settles first. */
const READING: Verb[] = [
  ['retrieveHistory', (store, { userId }) => contentsIn(store, userId), ['changed', 'said']],
  [
    'the count of retrieveHistory',
    async (store, { userId }) => (await store.retrieveHistory(userId, { limit: 1 })).count,
    2,
  ],
  [
    'iterateHistory',
    async (store, { userId }) => {
      const contents: string[] = []
      for await (const { content } of store.iterateHistory(userId)) contents.push(content)
      return contents
    },
    ['changed', 'said'],
  ],
  [
    'getMessage',
    async (store, { userId, said }) => (await store.getMessage(userId, { id: said })).content,
    'said',
  ],
  [
    'getMessage of a changed one',
    async (store, { userId, changed }) => (await store.getMessage(userId, { id: changed.id })).content,
    'changed',
  ],
  [
    'getMessage of a deleted one',
    (store, { userId, deleted }) =>
      rejection(store.getMessage(userId, { id: deleted.id }), 'MESSAGE_NOT_FOUND').then(({ code }) => code),
    'MESSAGE_NOT_FOUND',
  ],
  [
    'retrieveContext',
    async (store, { userId }) => (await store.retrieveContext(userId, { pending: true })).pending,
    2,
  ],
  [
    'a redelivery',
    async (store, { userId }) =>
      (await store.storeMessage(says(userId, 'again', { externalId: 'x' }))).message.content,
    'said',
  ],
  [
    'getMessage in a transaction',
    (store, { userId, said }) =>
      store.withTransaction(async (tx) => (await tx.getMessage(userId, { id: said })).content),
    'said',
  ],
  [
    'a redelivery in a transaction',
    (store, { userId }) =>
      store.withTransaction(
        async (tx) => (await tx.storeMessage(says(userId, 'again', { externalId: 'x' }))).message.content,
      ),
    'said',
  ],
  [
    'retrieveContext in a transaction',
    (store, { userId }) =>
      store.withTransaction(async (tx) => (await tx.retrieveContext(userId, { pending: true })).pending),
    2,
  ],
  [
    'exportUser',
    async (store, { userId }) => {
      let messages = 0
      for await (const { kind } of store.exportUser(userId)) if (kind === 'message') messages++
      return messages
    },
    2,
  ],
]

/** These wait until whoever was to settle it can't do anything any more. */
const CHANGING: Verb[] = [
  ['deleteMessages', (store, { userId }) => store.deleteMessages(userId, { all: true }), 2],
  [
    'deleteMessages of one that is not there yet',
    (store, { userId, said }) => store.deleteMessages(userId, { ids: [said] }),
    1,
  ],
  [
    'updateMessage',
    async (store, { userId, said }) =>
      (await store.updateMessage(userId, said, { metadata: { a: 1 } })).content,
    'said',
  ],
  [
    'updateMessage of a changed one',
    async (store, { userId, changed }) =>
      (await store.updateMessage(userId, changed.id, { metadata: { a: 1 } })).version,
    3,
  ],
  ['deleteUser', async (store, { userId }) => (await store.deleteUser(userId)).messages, 2],
  [
    'deleteMessages in a transaction',
    (store, { userId }) => store.withTransaction((tx) => tx.deleteMessages(userId, { all: true })),
    2,
  ],
]

/** Left when the file begins, since a while is a quarter of a minute: the other tests run meanwhile. */
let forgotten: { db: TurnWorld['db']; userId: string }
beforeAll(async () => {
  const { store, db } = await makeTurnWorld()
  const { id: userId } = await makeUser(store)
  await leaveEntry(db, userId, { inserts: [messageOf(userId, 'said')] })
  forgotten = { db, userId }
})

describe.each(RETENTIONS)('what a process left behind, %s', (_, retention) => {
  let world: TurnWorld
  let other: DialogueStore
  beforeAll(async () => {
    world = await makeTurnWorld(retention)
    other = await world.another()
  })

  async function leave(untilMs: number): Promise<Left> {
    const { store, db } = world
    const { id: userId } = await makeUser(store)
    const [changed, deleted] = await makeMessages(store, userId, 2)
    if (!changed || !deleted) throw new Error('not stored')
    const said = messageOf(userId, 'said', { externalId: 'x' })
    const claim = { messageId: said._id, createdAt: new Date() }
    await db.collection<{ _id: string }>('dialogue_seen').insertOne({ _id: seenKey(said), ...claim })
    const deletions = [new ObjectId(deleted.id)]
    await leaveEntry(db, userId, {
      inserts: [said],
      replacements: [changedTo(changed, 'changed')],
      deletions,
      untilMs,
    })
    return { userId, said: said._id, changed, deleted }
  }

  /** Whoever was to settle it died long ago, or just now. */
  const expectFound = async ([_, look, found]: Verb): Promise<void> => {
    for (const untilMs of [-60_000, 3000]) {
      const left = await leave(untilMs)
      expect(await look(other, left)).toEqual(found)
      const { messages } = await storedOf(world.db, left.userId)
      expect(messages.map(({ content }) => content)).not.toContain('message 1')
    }
  }

  test.each(READING)('is found by %s, in another store', async (...verb) => {
    const bystander = await leave(-60_000)
    await expectFound(verb)
    expect(await contentsIn(other, bystander.userId)).toEqual(['changed', 'said'])
  })

  test(`is found by ${CHANGING.map(([name]) => name).join(', ')}`, async () => {
    await Promise.all(CHANGING.map(expectFound))
  })

  test('is counted by stats, and settled when a store opens', async () => {
    const { db, store, another } = world
    const before = new Date()
    const left = [await leave(-60_000), await leave(3000)]
    const { journal } = await store.stats()
    expect(journal.unsettled).toBe(2)
    expect(journal.oldest?.getTime()).toBeGreaterThanOrEqual(before.getTime())
    await another()
    await until(async () => (await unsettledIn(db)) === 0)
    for (const { userId } of left) {
      const contents = (await storedOf(db, userId)).messages.map(({ content }) => content).sort()
      expect(contents).toEqual(['changed', 'said'])
    }
    expect((await store.stats()).journal).toEqual({ unsettled: 0, oldest: null })
  })

  test('by many, is settled once by many readers of many stores', async () => {
    const { db, store } = world
    const { id: userId } = await makeUser(store)
    for (let i = 0; i < 5; i++)
      await leaveEntry(db, userId, { inserts: [0, 1, 2].map((j) => messageOf(userId, `${i} ${j}`)) })
    const pages = await Promise.all(
      Array.from({ length: 12 }, (_, i) => contentsIn(i % 2 === 0 ? store : other, userId)),
    )
    expect(new Set(pages.map((page) => page.length))).toEqual(new Set([15]))
    expect((await storedOf(db, userId)).messages).toHaveLength(15)
    expect(await unsettledIn(db)).toBe(0)
  })
})

test('is settled in a while though nobody looks', async () => {
  const { db, userId } = forgotten
  await until(async () => (await unsettledIn(db)) === 0)
  expect((await storedOf(db, userId)).messages).toMatchObject([{ content: 'said' }])
})
