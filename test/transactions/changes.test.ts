import { beforeAll, describe, expect, test } from '@jest/globals'
import { nextId } from '../../src/ids.ts'
import type { DialogueStore, Message, StoreTransaction } from '../../src/index.ts'
import { makeBystander, makeMessages, makeUser, refusedPaths, rejection, storedOf } from '../support/make.ts'
import {
  bookkeepingOf,
  contentsIn,
  makeTurnWorld,
  RETENTIONS,
  says,
  type TurnWorld,
} from './support/turns.ts'

describe.each(RETENTIONS)('messages changed in a transaction, %s', (_, retention) => {
  let world: TurnWorld
  let store: DialogueStore
  let other: DialogueStore
  beforeAll(async () => {
    world = await makeTurnWorld(retention)
    store = world.store
    other = await world.another()
  })

  /** Three in a conversation and two in none, stored; one of each kind, of the transaction's own. */
  async function withMixed<T>(work: (tx: StoreTransaction, userId: string, all: Message[]) => Promise<T>) {
    const { id } = await makeUser(store)
    const stored = [
      ...(await makeMessages(store, id, 3, { conversationId: 'c' })),
      ...(await makeMessages(store, id, 2, { content: 'free' })),
    ]
    const result = await store.withTransaction(async (tx) => {
      const { message: inC } = await tx.storeMessage(says(id, 'own in c', { conversationId: 'c' }))
      const { message: free } = await tx.storeMessage(says(id, 'own'))
      return work(tx, id, [...stored, inC, free])
    })
    return { id, result, contents: await contentsIn(other, id) }
  }

  const idsOf = (messages: Message[], ...places: number[]) => places.map((place) => messages[place]?.id ?? '')

  test.each([
    [
      'ids',
      (all: Message[]) => ({ ids: [...idsOf(all, 0, 3, 5), nextId(), ...idsOf(all, 0)] }),
      3,
      ['message 1', 'message 2', 'free', 'own'],
    ],
    [
      'no ids',
      () => ({ ids: [] }),
      0,
      ['message 0', 'message 1', 'message 2', 'free', 'free', 'own in c', 'own'],
    ],
    ['a conversation', () => ({ conversationId: 'c' }), 4, ['free', 'free', 'own']],
    [
      'another conversation',
      () => ({ conversationId: 'd' }),
      0,
      ['message 0', 'message 1', 'message 2', 'free', 'free', 'own in c', 'own'],
    ],
    ['all', () => ({ all: true as const }), 7, []],
  ])('deleted by %s, stored ones and its own', async (_, filter, count, left) => {
    const { result, contents } = await withMixed(async (tx, id, all) => {
      const deleted = await tx.deleteMessages(id, filter(all))
      return [deleted, await tx.deleteMessages(id, filter(all))]
    })
    expect(result).toEqual([count, 0])
    expect(contents).toEqual(left)
  })

  test('deleted after a change, and stored after a deletion', async () => {
    const { id, contents } = await withMixed(async (tx, id, all) => {
      const [first = '', own = ''] = idsOf(all, 0, 6)
      await tx.updateMessage(id, first, { content: 'changed, then deleted' })
      await tx.updateMessage(id, own, { content: 'changed, then deleted' })
      expect(await tx.deleteMessages(id, { all: true })).toBe(7)
      await tx.storeMessage(says(id, 'after'))
    })
    expect(contents).toEqual(['after'])
    expect((await storedOf(world.db, id)).messages).toMatchObject([{ content: 'after', version: 1 }])
  })

  test('changed twice, by versions that it sees', async () => {
    const { id, contents } = await withMixed(async (tx, id, all) => {
      for (const place of [1, 6]) {
        const [message = ''] = idsOf(all, place)
        await tx.updateMessage(id, message, { content: 'first', metadata: { a: 1 } }, { ifVersion: 1 })
        await rejection(tx.updateMessage(id, message, { content: 'x' }, { ifVersion: 1 }), 'VERSION_CONFLICT')
        const twice = await tx.updateMessage(id, message, { content: 'twice' }, { ifVersion: 2 })
        expect(twice).toMatchObject({ version: 3, metadata: { a: 1 }, cursor: all[place]?.cursor })
      }
    })
    expect(contents).toEqual(['message 0', 'twice', 'message 2', 'free', 'free', 'own in c', 'twice'])
    const changed = (await storedOf(world.db, id)).messages.filter(({ content }) => content === 'twice')
    expect(changed).toMatchObject([{ version: 3 }, { version: 3 }])
  })

  test('refused where a new message would be', async () => {
    await withMixed(async (tx, id, all) => {
      const [stored = ''] = idsOf(all, 0)
      expect(await refusedPaths(tx.updateMessage(id, stored, { content: '' }))).toEqual(['patch.content'])
      expect(await refusedPaths(tx.updateMessage(id, stored, { audio: {} }))).toEqual(['patch.audio'])
    })
  })

  test('of a bystander are not touched, whatever is named', async () => {
    const bystander = await makeBystander(store)
    const untouched = await storedOf(world.db, bystander.id)
    const theirs = (await store.retrieveHistory(bystander.id)).messages.map((message) => message.id)
    await withMixed(async (tx, id) => {
      expect(await tx.deleteMessages(id, { ids: theirs })).toBe(0)
      await rejection(tx.updateMessage(id, theirs[0] ?? '', { content: 'x' }), 'MESSAGE_NOT_FOUND')
    })
    expect(await storedOf(world.db, bystander.id)).toEqual(untouched)
  })

  test('by thousands', async () => {
    const { id } = await makeUser(store)
    await makeMessages(store, id, 3500)
    const kept = await store.withTransaction(async (tx) => {
      expect(await tx.deleteMessages(id, { all: true })).toBe(3500)
      return tx.storeMessage(says(id, 'summary'))
    })
    expect((await other.retrieveHistory(id)).messages).toEqual([kept.message])
    expect((await bookkeepingOf(world.db, id)).journal).toEqual([])
  })

  test('by several stores at once: each deletion counts once, each change is seen', async () => {
    const { id } = await makeUser(store)
    const messages = await makeMessages(store, id, 30)
    const ids = messages.map((message) => message.id)
    const deletions = [store, other, store, other].map((one) =>
      one.withTransaction(async (tx) => {
        const count = await tx.deleteMessages(id, { ids: ids.slice(0, 10) })
        await tx.updateMessage(id, ids[29] ?? '', { metadata: { by: count } })
        return count
      }),
    )
    const counts = await Promise.all(deletions)
    expect(counts.sort((a, b) => a - b)).toEqual([0, 0, 0, 10])
    expect((await other.getMessage(id, { id: ids[29] ?? '' })).version).toBe(5)
    expect(await contentsIn(other, id)).toHaveLength(20)
  })
})
