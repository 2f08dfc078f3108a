import { beforeAll, describe, expect, test } from '@jest/globals'
import { nextId, ObjectId } from '../../src/ids.ts'
import type { DialogueStore, Retention } from '../../src/index.ts'
import { seenKey } from '../../src/messages/claim.ts'
import { makeMessages, makeUser, rejection, storedOf } from '../support/make.ts'
import { bookkeepingOf, makeTurnWorld, RETENTIONS, says, type TurnWorld } from './support/turns.ts'

const inTurn = (store: DialogueStore, userId: string, content: string, more: object = {}) =>
  store.withTransaction((tx) => tx.storeMessage(says(userId, content, { externalId: 'x', ...more })))
const plainly = (store: DialogueStore, userId: string, content: string) =>
  store.storeMessage(says(userId, content, { externalId: 'x' }))

describe.each(RETENTIONS)('a delivery that comes again in a transaction, %s', (_, retention) => {
  let world: TurnWorld
  let store: DialogueStore
  let other: DialogueStore
  beforeAll(async () => {
    world = await makeTurnWorld(retention)
    store = world.store
    other = await world.another()
  })
  const contents = async (userId: string) =>
    (await storedOf(world.db, userId)).messages.map(({ content }) => content)

  test.each([
    ['a plain call', plainly],
    ['a transaction', inTurn],
  ])('after %s stores nothing, and gives the first', async (_, first) => {
    const { id } = await makeUser(store)
    const { message, created } = await first(store, id, 'first')
    expect(created).toBe(true)
    for (const one of [store, other]) {
      expect(await inTurn(one, id, 'again')).toEqual({ message, created: false })
      expect(await plainly(one, id, 'again')).toEqual({ message, created: false })
      const [outcome] = await one.storeMessages([says(id, 'again', { externalId: 'x' })])
      expect(outcome).toEqual({ status: 'duplicate', message })
    }
    expect(await contents(id)).toEqual(['first'])
  })

  test.each([
    ['a plain call', plainly],
    ['a transaction', inTurn],
  ])('after a deletion does not bring back what %s stored', async (_, first) => {
    const { id } = await makeUser(store)
    const { message } = await first(store, id, 'first')
    await store.withTransaction((tx) => tx.deleteMessages(id, { ids: [message.id] }))
    for (const one of [store, other])
      for (const again of [inTurn, plainly])
        expect(await again(one, id, 'again')).toMatchObject({ created: false, message: { id: message.id } })
    expect(await contents(id)).toEqual([])
  })

  test('is another one in another conversation, and of another user', async () => {
    const [mine, theirs] = [await makeUser(store), await makeUser(store)]
    await plainly(store, mine.id, 'first')
    const outcomes = await store.withTransaction(async (tx) => [
      await tx.storeMessage(says(mine.id, 'c', { externalId: 'x', conversationId: 'c' })),
      await tx.storeMessage(says(theirs.id, 'theirs', { externalId: 'x' })),
      await tx.storeMessage(says(mine.id, 'c again', { externalId: 'x', conversationId: 'c' })),
    ])
    expect(outcomes.map(({ created }) => created)).toEqual([true, true, false])
    expect([await contents(mine.id), await contents(theirs.id)]).toEqual([['first', 'c'], ['theirs']])
  })

  test('of a transaction that failed is stored', async () => {
    const { id } = await makeUser(store)
    const failed = store.withTransaction(async (tx) => {
      await tx.storeMessage(says(id, 'failed', { externalId: 'x' }))
      throw new Error('failed')
    })
    await expect(failed).rejects.toThrow('failed')
    expect((await bookkeepingOf(world.db, id)).seen).toEqual([])
    expect(await inTurn(other, id, 'again')).toMatchObject({ created: true })
    expect(await contents(id)).toEqual(['again'])
  })

  test.each([
    ['a transaction', inTurn],
    ['a plain call', plainly],
  ])('of a process that died before its insert is stored once, by %s', async (_, again) => {
    const { id } = await makeUser(store)
    const claim = { conversationId: undefined, externalId: 'x', userId: new ObjectId(id) }
    const messageId = nextId()
    const crashed = { messageId, flights: [nextId()], createdAt: new Date() }
    await world.db
      .collection('dialogue_seen')
      .insertOne(Object.assign({ _id: seenKey(claim) as never }, crashed))
    const { message, created } = await again(store, id, 'again')
    expect([message.id, created]).toEqual([messageId.toHexString(), true])
    for (const one of [store, other])
      for (const later of [inTurn, plainly])
        expect(await later(one, id, 'later')).toEqual({ message, created: false })
    expect(await contents(id)).toEqual(['again'])
    await store.deleteMessages(id, { all: true })
    expect(await inTurn(other, id, 'later')).toMatchObject({ created: false })
    expect(await contents(id)).toEqual([])
  })

  test('by an external id given later, in a transaction or before it', async () => {
    const { id } = await makeUser(store)
    const [one, two] = await makeMessages(store, id, 2)
    await store.updateMessage(id, one?.id ?? '', { externalId: 'one' })
    await store.withTransaction(async (tx) => {
      expect(await tx.storeMessage(says(id, 'x', { externalId: 'one' }))).toMatchObject({ created: false })
      await rejection(tx.updateMessage(id, two?.id ?? '', { externalId: 'one' }), 'INVALID_INPUT')
      await tx.updateMessage(id, two?.id ?? '', { externalId: 'two' })
      expect(await tx.storeMessage(says(id, 'x', { externalId: 'two' }))).toMatchObject({ created: false })
      const own = await tx.storeMessage(says(id, 'own'))
      await tx.updateMessage(id, own.message.id, { externalId: 'three' })
    })
    for (const externalId of ['one', 'two', 'three'])
      expect(await other.storeMessage(says(id, 'x', { externalId }))).toMatchObject({ created: false })
    expect(await contents(id)).toEqual(['message 0', 'message 1', 'own'])
  })

  test('by an id that its caller chose', async () => {
    const { id } = await makeUser(store)
    const chosen = nextId().toHexString()
    const outcomes = await store.withTransaction(async (tx) => [
      await tx.storeMessage(says(id, 'first', { id: chosen })),
      await tx.storeMessage(says(id, 'again', { id: chosen })),
    ])
    expect(outcomes.map(({ created }) => created)).toEqual([true, false])
    expect(outcomes[1]?.message).toEqual(outcomes[0]?.message)
    expect(await inTurn(other, id, 'later', { id: chosen, externalId: null })).toMatchObject({
      created: false,
    })
    expect(await contents(id)).toEqual(['first'])
  })
})

const SMALL: [string, Retention][] = [
  ['evicted', { kind: 'capped', sizeBytes: 64 * 1024, maxMessages: 10 }],
  ['trimmed', { kind: 'rolling', maxPerUser: 10 }],
]

test.each(SMALL)(
  'a message that was %s does not come back, whoever stored it and whoever repeats it',
  async (_, retention) => {
    const { store, db, another } = await makeTurnWorld(retention)
    const other = await another()
    for (const first of [plainly, inTurn]) {
      const { id } = await makeUser(store)
      const { message } = await first(store, id, 'first')
      await makeMessages(store, id, 15)
      const kept = (await storedOf(db, id)).messages
      expect(kept.map(({ content }) => content)).not.toContain('first')
      for (const one of [store, other])
        for (const again of [inTurn, plainly])
          expect(await again(one, id, 'again')).toMatchObject({ created: false, message: { id: message.id } })
      expect((await storedOf(db, id)).messages).toEqual(kept)
    }
  },
)

test('a transaction that stores more than may be kept has its messages trimmed', async () => {
  const { store, db } = await makeTurnWorld({ kind: 'rolling', maxPerUser: 10 })
  const { id } = await makeUser(store)
  await store.withTransaction((tx) =>
    tx.storeMessages(Array.from({ length: 40 }, (_, i) => says(id, `${i}`, { externalId: `${i}` }))),
  )
  const kept = (await storedOf(db, id)).messages.map(({ content }) => content)
  expect(kept.length).toBeLessThanOrEqual(11)
  expect(kept.at(-1)).toBe('39')
})
