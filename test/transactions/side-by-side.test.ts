import { beforeAll, describe, expect, test } from '@jest/globals'
import { nextId } from '../../src/ids.ts'
import { makeIdentity, makeUser, rejection, storedOf } from '../support/make.ts'
import { contentsIn, gate, makeTurnWorld, RETENTIONS, says, type TurnWorld } from './support/turns.ts'

describe.each(RETENTIONS)('verbs called side by side, %s', (_, retention) => {
  let world: TurnWorld
  beforeAll(async () => {
    world = await makeTurnWorld(retention)
  })

  test.each([
    ['at times of their own', undefined],
    ['at one time', new Date('2026-01-01T00:00:00Z')],
  ])('store messages in the order of the calls, %s', async (_, timestamp) => {
    const { store } = world
    const { id: userId } = await makeUser(store)
    const say = (content: string) => says(userId, content, { timestamp })
    await store.withTransaction((tx) =>
      Promise.all([
        tx.storeMessage(say('0')),
        tx.storeMessage(say('1')),
        tx.storeMessages([say('2'), say('3'), say('4')]),
        tx.storeMessage(say('5')),
        tx.storeMessages([say('6'), say('7')]),
      ]),
    )
    expect(await contentsIn(store, userId)).toEqual(['0', '1', '2', '3', '4', '5', '6', '7'])
  })

  test('see what those before them did', async () => {
    const { store } = world
    const { id: userId } = await makeUser(store)
    const [stored, deleted, , pending] = await store.withTransaction((tx) =>
      Promise.all([
        tx.storeMessages([says(userId, 'first'), says(userId, 'second')]),
        tx.deleteMessages(userId, { all: true }),
        tx.storeMessage(says(userId, 'third')),
        tx.retrieveContext(userId, { pending: true }),
      ]),
    )
    expect(stored).toHaveLength(2)
    expect([deleted, pending.pending]).toEqual([2, 1])
    expect(await contentsIn(store, userId)).toEqual(['third'])
  })
})

let world: TurnWorld
beforeAll(async () => {
  world = await makeTurnWorld()
})

test('the same thing created twice side by side is created once', async () => {
  const { store, db } = world
  const [id, identity] = [nextId(), makeIdentity()]
  const { id: creatorId } = await makeUser(store)
  const event = { creatorId, summary: 'Dentist', start: new Date(), externalId: 'once' }
  const [first, second, ...rest] = await store.withTransaction((tx) =>
    Promise.all([
      tx.createUser({ id, name: 'Ana' }),
      tx.createUser({ id, name: 'Bea' }),
      tx.ensureUser(identity),
      tx.ensureUser(identity),
      tx.storeEvent(event),
      tx.storeEvent(event),
    ]),
  )
  expect([first.name, second.name]).toEqual(['Ana', 'Ana'])
  expect(rest.map(({ created }) => created)).toEqual([true, false, true, false])
  expect((await storedOf(db, creatorId)).events).toHaveLength(1)
})

test('a verb that is not awaited is a part of it, and so is one that it calls', async () => {
  const { store } = world
  const { id: userId } = await makeUser(store)
  await store.withTransaction(async (tx) => {
    void tx.storeMessage(says(userId, 'not awaited'))
    void tx
      .mergeContext(userId, { turns: 1 })
      .then(() => tx.storeMessage(says(userId, 'called by one that is not awaited')))
  })
  expect(await contentsIn(store, userId)).toEqual(['not awaited', 'called by one that is not awaited'])
  expect((await store.retrieveContext(userId)).data).toEqual({ turns: 1 })
})

test('verbs of tx may be called where a verb calls back', async () => {
  const { store } = world
  const { id: userId } = await makeUser(store)
  await store.withTransaction(async (tx) => {
    const { message } = await tx.storeMessage(says(userId, 'what I said'))
    const updated = tx.updateContext(userId, async () => {
      const { content } = await tx.getMessage(userId, { id: message.id })
      return { content }
    })
    await Promise.all([updated, tx.updateUser(userId, async (user) => ({ name: `${user.name} Maria` }))])
    await tx.updateUser(userId, async () => {
      const { data } = await tx.retrieveContext(userId)
      return { data }
    })
  })
  expect(await store.getUser(userId)).toMatchObject({ name: 'Ana Maria', data: { content: 'what I said' } })
})

test('the others of a verb that fails are no part of anything, and hold nothing up', async () => {
  const { store, db } = world
  const { id: userId } = await makeUser(store)
  const { opened, open } = gate()
  const late: Promise<unknown>[] = []
  const call = store.withTransaction((tx) => {
    const failing = tx.getMessage(userId, { id: nextId() })
    late.push(
      tx.updateContext(userId, async () => {
        await opened
        return { late: true }
      }),
      tx.storeMessage(says(userId, 'queued')),
    )
    for (const one of late) one.catch(() => {})
    return failing
  })
  await rejection(call, 'MESSAGE_NOT_FOUND')
  open()
  for (const one of late) await rejection(one, 'TRANSACTION_CLOSED')
  await store.withTransaction((tx) => tx.storeMessage(says(userId, 'the next one')))
  expect((await storedOf(db, userId)).messages).toMatchObject([{ content: 'the next one' }])
})
