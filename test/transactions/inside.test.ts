import { beforeAll, describe, expect, test } from '@jest/globals'
import { allOf } from '../../scripts/torture/parts/failpoints/operations/operation.ts'
import type { CalendarEvent, DialogueStore, Message, StoreTransaction, User } from '../../src/index.ts'
import { makeEvent, makeIdentity, makeMessages, makeUser, rejection } from '../support/make.ts'
import { expectAllTried } from '../support/tried.ts'
import { contentsIn, makeTurnWorld, says, type TurnWorld } from './support/turns.ts'

interface Touched {
  user: User
  event: CalendarEvent
  message: Message
}
const START = new Date('2030-05-01T09:00:00Z')

/** Every verb that writes to a user, an identity or an event. */
const WRITES: [string, (store: DialogueStore, touched: Touched) => Promise<unknown>][] = [
  ['createUser', (store, { user }) => store.createUser({ id: user.id, name: 'Bea' })],
  ['createUser of an identity', (store, { user }) => store.createUser({ identities: user.identities })],
  ['ensureUser', (store, { user }) => store.ensureUser(identityOf(user))],
  ['ensureUser with an id', (store, { user }) => store.ensureUser(makeIdentity(), { id: user.id })],
  ['updateUser', (store, { user }) => store.updateUser(user.id, { name: 'Bea' })],
  ['updateUser by a function', (store, { user }) => store.updateUser(user.id, () => ({ name: 'Bea' }))],
  ['deleteUser', (store, { user }) => store.deleteUser(user.id)],
  ['storeMessage', (store, { user }) => store.storeMessage(says(user.id, 'x'))],
  ['storeMessages', (store, { user }) => store.storeMessages([says(user.id, 'x'), says(user.id, 'y')])],
  ['updateMessage', (store, { user, message }) => store.updateMessage(user.id, message.id, { content: 'x' })],
  ['deleteMessages', (store, { user }) => store.deleteMessages(user.id, { all: true })],
  ['storeContext', (store, { user }) => store.storeContext(user.id, {})],
  ['mergeContext', (store, { user }) => store.mergeContext(user.id, {})],
  ['updateContext', (store, { user }) => store.updateContext(user.id, (data) => data)],
  ['deleteContext', (store, { user }) => store.deleteContext(user.id)],
  ['storeEvent', (store, { user }) => store.storeEvent({ creatorId: user.id, summary: 'x', start: START })],
  ['updateEvent', (store, { event }) => store.updateEvent(event.id, { summary: 'x' })],
  ['cancelEvent', (store, { event }) => store.cancelEvent(event.id)],
  ['deleteEvent', (store, { event }) => store.deleteEvent(event.id)],
]

/** Every verb that reads. */
const READS: typeof WRITES = [
  ['ping', (store) => store.ping()],
  ['stats', async (store) => (await store.stats()).users],
  ['getUser', (store, { user }) => store.getUser(user.id)],
  ['findUser', (store, { user }) => store.findUser(identityOf(user))],
  ['listUsers', (store) => store.listUsers({ limit: 1000 })],
  ['iterateUsers', (store) => allOf(store.iterateUsers())],
  ['exportUser', (store, { user }) => allOf(store.exportUser(user.id))],
  ['withUserLock', (store, { user }) => store.withUserLock(user.id, async () => 'worked')],
  ['retrieveHistory', (store, { user }) => contentsIn(store, user.id)],
  ['iterateHistory', (store, { user }) => allOf(store.iterateHistory(user.id))],
  ['getMessage', (store, { user, message }) => store.getMessage(user.id, { id: message.id })],
  ['retrieveContext', (store, { user }) => store.retrieveContext(user.id, { pending: true })],
  ['getEvent', (store, { event }) => store.getEvent(event.id, { withCreator: true })],
  ['retrieveEvents', (store, { user }) => store.retrieveEvents({ creatorId: user.id })],
]
/** One waits for what comes, the other has tests of its own below. */
const OTHERS = ['followMessages', 'withTransaction']

const identityOf = (user: User) => user.identities[0] ?? makeIdentity('nobody')

let world: TurnWorld
let store: DialogueStore
beforeAll(async () => {
  world = await makeTurnWorld()
  store = world.store
})

async function makeTouched(): Promise<Touched> {
  const user = await makeUser(store, { identities: [makeIdentity()] })
  const [message] = await makeMessages(store, user.id, 1)
  if (!message) throw new Error('no message')
  return { user, event: await makeEvent(store, user.id), message }
}

/** Writes to all that there is of somebody. */
async function touchAll(tx: StoreTransaction, { user, event }: Touched): Promise<void> {
  await tx.updateUser(user.id, { locale: 'pt-BR' })
  await tx.storeMessage(says(user.id, 'in tx'))
  await tx.mergeContext(user.id, { turns: 1 })
  await tx.updateEvent(event.id, { location: 'Rua A' })
}

describe('a write of the store inside work', () => {
  test.each(WRITES)('%s is refused at once where tx was before', async (_, write) => {
    const touched = await makeTouched()
    let tookMs = Number.POSITIVE_INFINITY
    await store.withTransaction(async (tx) => {
      await touchAll(tx, touched)
      const start = performance.now()
      const error = await rejection(write(store, touched), 'INVALID_INPUT')
      tookMs = performance.now() - start
      expect(error).toMatchObject({ outcome: 'not-applied', retryable: false })
      expect(error.message).toContain('call the verb of tx')
    })
    expect(tookMs).toBeLessThan(1000)
    /* And was no error of the transaction. */
    expect(await store.getUser(touched.user.id)).toMatchObject({ name: 'Ana', locale: 'pt-BR' })
    expect(await contentsIn(store, touched.user.id)).toEqual(['message 0', 'in tx'])
  })

  test.each(WRITES)('%s is taken for somebody else', async (name, write) => {
    const [touched, other] = [await makeTouched(), await makeTouched()]
    await store.withTransaction(async (tx) => {
      await touchAll(tx, touched)
      if (name === 'createUser of an identity' || name === 'ensureUser with an id')
        await write(store, other).catch((error: unknown) => expect(error).toHaveProperty('code'))
      else await write(store, other)
    })
    expect(await contentsIn(store, touched.user.id)).toEqual(['message 0', 'in tx'])
  })

  test('is taken though the JSON it stores names somebody whom tx has touched', async () => {
    const [touched, other] = [await makeTouched(), await makeTouched()]
    const { id: userId } = touched.user
    await store.withTransaction(async (tx) => {
      await touchAll(tx, touched)
      await store.storeContext(other.user.id, { userId, user: { id: userId }, id: userId })
      await store.mergeContext(other.user.id, { creatorId: userId })
    })
    expect((await store.retrieveContext(other.user.id)).data).toMatchObject({ userId, creatorId: userId })
  })

  test('is refused for an identity that a verb under way gives to a user', async () => {
    const [touched, other] = [await makeTouched(), await makeTouched()]
    const identity = makeIdentity()
    await store.withTransaction(async (tx) => {
      const update = tx.updateUser(touched.user.id, { addIdentities: [identity] })
      await rejection(store.ensureUser(identity), 'INVALID_INPUT')
      await rejection(store.updateUser(other.user.id, { addIdentities: [identity] }), 'INVALID_INPUT')
      await update
    })
    expect((await store.findUser(identity))?.id).toBe(touched.user.id)
  })

  test('is taken again after the end, also by what work has left running', async () => {
    const touched = await makeTouched()
    const { later } = await store.withTransaction(async (tx) => {
      await touchAll(tx, touched)
      const soon = new Promise((resolve) => setTimeout(resolve, 500))
      return { later: () => soon.then(() => store.updateUser(touched.user.id, { name: 'Bea' })) }
    })
    expect(await later()).toMatchObject({ name: 'Bea' })
  })
})

test('reads of the store inside work are as before the transaction, and wait for nothing', async () => {
  const touched = await makeTouched()
  const readAll = () => Promise.all(READS.map(async ([verb, read]) => [verb, await read(store, touched)]))
  const before = await readAll()
  await store.withTransaction(async (tx) => {
    await touchAll(tx, touched)
    const start = performance.now()
    expect(await readAll()).toEqual(before)
    expect(performance.now() - start).toBeLessThan(1000)
  })
})

test('every verb of the store is called inside work', () => {
  const called = [...WRITES, ...READS].map(([name]) => name)
  expectAllTried([...called, ...OTHERS], store, 'WRITES or READS')
})

describe('a transaction inside another', () => {
  test('is taken for somebody else, and is no part of the outer one', async () => {
    const [touched, other] = [await makeTouched(), await makeTouched()]
    const outer = store.withTransaction(async (tx) => {
      await touchAll(tx, touched)
      await store.withTransaction((inner) => touchAll(inner, other))
      throw new Error('thrown outside')
    })
    await expect(outer).rejects.toThrow('thrown outside')
    expect(await contentsIn(store, touched.user.id)).toEqual(['message 0'])
    expect(await contentsIn(store, other.user.id)).toEqual(['message 0', 'in tx'])
  })

  test('is refused for the same user, at once', async () => {
    const touched = await makeTouched()
    await store.withTransaction(async (tx) => {
      await touchAll(tx, touched)
      const start = performance.now()
      await rejection(
        store.withTransaction((inner) => touchAll(inner, touched)),
        'INVALID_INPUT',
      )
      expect(performance.now() - start).toBeLessThan(1000)
    })
    expect(await contentsIn(store, touched.user.id)).toEqual(['message 0', 'in tx'])
  })
})
