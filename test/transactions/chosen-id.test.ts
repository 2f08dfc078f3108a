import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import { nextId } from '../../src/ids.ts'
import type { DialogueStore } from '../../src/index.ts'
import { makeFaultyServer } from '../support/faults.ts'
import { makeUser, storedOf } from '../support/make.ts'
import { makeTurnWorld, RETENTIONS, says, type TurnWorld, until } from './support/turns.ts'

/* An id that its caller chose stores once, too: a transaction and a plain call come with the same at once. */
describe.each(RETENTIONS)('a message whose id is chosen, %s,', (_, retention) => {
  let world: TurnWorld
  let store: DialogueStore
  let other: DialogueStore
  beforeAll(async () => {
    world = await makeTurnWorld(retention)
    store = world.store
    other = await world.another()
  })

  test.each([
    ['a single call', (one: DialogueStore, message: object) => one.storeMessage(message as never)],
    [
      'a bulk',
      async (one: DialogueStore, message: object) => {
        const [outcome] = await one.storeMessages([message as never])
        if (!outcome || outcome.status === 'rejected') throw outcome?.error ?? new Error('no outcome')
        return { message: outcome.message, created: outcome.status === 'created' }
      },
    ],
  ])('has one creator when %s comes between the look of a transaction and its commit', async (_, plainly) => {
    const before = [
      async () => {},
      async (userId: string, id: string) => {
        await plainly(other, says(userId, 'before', { id }))
        await store.deleteMessages(userId, { all: true })
      },
      async (userId: string, id: string) => {
        await store.withTransaction((tx) => tx.storeMessage(says(userId, 'before', { id })))
        await store.deleteMessages(userId, { all: true })
      },
    ]
    for (const [externalId, earlier] of [null, 'x'].flatMap((name) =>
      before.map((one) => [name, one] as const),
    )) {
      const { id: userId } = await makeUser(store)
      const id = nextId().toHexString()
      await earlier(userId, id)
      let plain: { message: { content: string }; created: boolean } | undefined
      const turn = await store.withTransaction(async (tx) => {
        const stored = await tx.storeMessage(says(userId, 'turn', { id }))
        plain ??= await plainly(other, says(userId, 'plain', { id, externalId }))
        return stored
      })
      const contents = (await storedOf(world.db, userId)).messages.map(({ content }) => content)
      expect(contents).toEqual(['plain'])
      expect([plain?.created, turn.created]).toEqual([true, false])
      expect([plain?.message.content, turn.message.content]).toEqual(['plain', 'plain'])
    }
  })
})

describe('a plain call that is held up', () => {
  let server: Awaited<ReturnType<typeof makeFaultyServer>>
  let plain: DialogueStore
  let turning: DialogueStore
  beforeAll(async () => {
    server = await makeFaultyServer()
    plain = await server.open()
    turning = await server.open()
  })
  afterEach(() => server.heal())
  afterAll(() => server.stop())

  const contentsOf = async (userId: string) =>
    (await storedOf(server.db, userId)).messages.map(({ content }) => content)

  /** Holds the next insert up, or those after the first ones. @returns waits until it is held */
  const hold = (collection: 'messages' | 'seen', mode: { times: number } | { skip: number } = { times: 1 }) =>
    server.fail({ collection, failCommands: ['insert'], blockConnection: true, blockTimeMS: 1500 }, mode)

  test('before its insert is given what a transaction has stored', async () => {
    const { id: userId } = await makeUser(plain)
    const id = nextId().toHexString()
    const held = await hold('messages')
    const call = plain.storeMessage(says(userId, 'plain', { id }))
    await held()
    const turn = await turning.withTransaction((tx) => tx.storeMessage(says(userId, 'turn', { id })))
    expect([turn.created, (await call).created]).toEqual([true, false])
    expect((await call).message).toEqual(turn.message)
    expect(await contentsOf(userId)).toEqual(['turn'])
  })

  test('before it is told is given what a transaction stores in its place, that saw nothing', async () => {
    const { id: userId } = await makeUser(plain)
    const id = nextId().toHexString()
    let call: ReturnType<typeof plain.storeMessage> | undefined
    const turn = await turning.withTransaction(async (tx) => {
      const stored = await tx.storeMessage(says(userId, 'turn', { id }))
      const held = await hold('seen')
      call ??= plain.storeMessage(says(userId, 'plain', { id }))
      await held()
      await until(async () => (await contentsOf(userId)).length > 0)
      return stored
    })
    expect([turn.created, (await call)?.created]).toEqual([true, false])
    expect((await call)?.message).toEqual(turn.message)
    expect(await contentsOf(userId)).toEqual(['turn'])
    expect(await plain.storeMessage(says(userId, 'again', { id }))).toEqual({ ...turn, created: false })
  })

  test('is not touched by a transaction that has dropped the message again', async () => {
    const { id: userId } = await makeUser(plain)
    const id = nextId().toHexString()
    let call: Awaited<ReturnType<typeof plain.storeMessage>> | undefined
    await turning.withTransaction(async (tx) => {
      await tx.storeMessage(says(userId, 'turn', { id }))
      call ??= await plain.storeMessage(says(userId, 'plain', { id }))
      await tx.deleteMessages(userId, { ids: [id] })
    })
    expect(call?.created).toBe(true)
    expect(await contentsOf(userId)).toEqual(['plain'])
  })

  test('has landed its id when its external id answers for it', async () => {
    const { id: userId } = await makeUser(plain)
    const id = nextId().toHexString()
    /* The claim of its external id, and two landings. */
    const held = await hold('seen', { skip: 2 })
    const call = plain.storeMessage(says(userId, 'plain', { id, externalId: 'x' }))
    await held()
    const landed = await server.db.collection('dialogue_seen').find({ landed: true }).toArray()
    expect(landed.map(({ _id }) => String(_id))).toContain(`${userId}:${id}`)
    expect(await call).toMatchObject({ created: true })
  })
})
