import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import type { DialogueStore } from '../../src/index.ts'
import { makeFaultyServer } from '../support/faults.ts'
import { makeMessages, makeUser, storedOf } from '../support/make.ts'
import { unsettledIn } from './support/entries.ts'
import { contentsIn, says, until } from './support/turns.ts'

/* Whoever has committed is held up before it settles, as a process that sleeps would be. */
describe('a settler that is late', () => {
  let server: Awaited<ReturnType<typeof makeFaultyServer>>
  let store: DialogueStore
  let other: DialogueStore
  beforeAll(async () => {
    server = await makeFaultyServer()
    store = await server.open()
    other = await server.open()
  })
  afterEach(() => server.heal())
  afterAll(() => server.stop())

  const holdSettling = (blockTimeMS: number) =>
    server.fail(
      { collection: 'journal', failCommands: ['aggregate'], blockConnection: true, blockTimeMS },
      { times: 1 },
    )

  test('keeps no reader waiting, and brings back nothing that was deleted meanwhile', async () => {
    const { id } = await makeUser(store)
    const held = await holdSettling(7500)
    let done = false
    const turn = store
      .withTransaction((tx) => tx.storeMessages([says(id, 'a'), says(id, 'b')]))
      .then(() => {
        done = true
      })
    await held()
    expect(await contentsIn(other, id)).toEqual(['a', 'b'])
    expect(done).toBe(false)
    /* Waits until the one that is held up can't do anything any more. */
    expect(await other.deleteMessages(id, { all: true })).toBe(2)
    await turn
    expect((await storedOf(server.db, id)).messages).toEqual([])
    expect(await contentsIn(store, id)).toEqual([])
    expect(await unsettledIn(server.db)).toBe(0)
  })

  test('undoes no change that was made meanwhile', async () => {
    const { id } = await makeUser(store)
    const [message] = await makeMessages(store, id, 1)
    const messageId = message?.id ?? ''
    const held = await holdSettling(7500)
    const turn = store.withTransaction((tx) => tx.updateMessage(id, messageId, { content: 'first change' }))
    await held()
    const second = await other.updateMessage(id, messageId, { content: 'second change' })
    expect(second.version).toBe(3)
    await turn
    expect(await other.getMessage(id, { id: messageId })).toEqual(second)
  })

  test('leaves nothing of somebody who was erased meanwhile', async () => {
    const { id } = await makeUser(store)
    const held = await holdSettling(7500)
    const turn = store.withTransaction((tx) => tx.storeMessage(says(id, 'late')))
    await held()
    expect(await other.deleteUser(id)).toMatchObject({ messages: 1 })
    await turn
    expect((await storedOf(server.db, id)).messages).toEqual([])
  })

  test('that comes after its time, alone, settles all the same', async () => {
    const { id } = await makeUser(store)
    await holdSettling(5000)
    const turn = store.withTransaction((tx) => tx.storeMessages([says(id, 'a'), says(id, 'b')]))
    await turn
    const contents = (await storedOf(server.db, id)).messages.map(({ content }) => content)
    expect(contents).toEqual(['a', 'b'])
  })

  test('that fails leaves it to the next who looks, and the transaction is committed', async () => {
    const { id } = await makeUser(store)
    await server.fail({ collection: 'journal', failCommands: ['aggregate'], errorCode: 2 })
    await store.withTransaction(async (tx) => {
      await tx.storeMessage(says(id, 'committed'))
      await tx.mergeContext(id, { turns: 1 })
    })
    expect((await storedOf(server.db, id)).messages).toEqual([])
    await server.heal()
    expect((await store.stats()).journal.unsettled).toBe(1)
    expect(await contentsIn(other, id)).toEqual(['committed'])
    await until(async () => (await unsettledIn(server.db)) === 0)
  })
})
