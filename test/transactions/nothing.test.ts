import { beforeAll, describe, expect, test } from '@jest/globals'
import { nextId } from '../../src/ids.ts'
import type { DialogueStore, ErrorCode, StoreTransaction } from '../../src/index.ts'
import { makeEvent, makeIdentity, makeMessages, makeUser, rejection, untyped } from '../support/make.ts'
import { everythingIn, makeTurnWorld, RETENTIONS, says, type TurnWorld } from './support/turns.ts'

/** Somebody who has something of everything. */
async function makeSomebody(store: DialogueStore) {
  const user = await makeUser(store, { identities: [makeIdentity()], states: { flow: 'begun' } })
  const messages = await makeMessages(store, user.id, 3)
  const event = await makeEvent(store, user.id)
  await store.storeContext(user.id, { turns: 0 })
  return { user, messages, event }
}
type Somebody = Awaited<ReturnType<typeof makeSomebody>>

/** One of every change that a transaction can make. */
async function changeAll(tx: StoreTransaction, { user, messages, event }: Somebody): Promise<void> {
  const [first, second] = messages
  if (!first || !second) throw new Error('not stored')
  const { id: userId } = await tx.createUser({ name: 'New', identities: [makeIdentity()] })
  await tx.storeMessage(says(userId, 'of somebody new'))
  await tx.updateUser(user.id, { name: 'Changed', addIdentities: [makeIdentity()] })
  await tx.storeMessages([says(user.id, 'a', { externalId: 'a' }), says(user.id, 'b')])
  await tx.updateMessage(user.id, first.id, { content: 'changed' })
  await tx.deleteMessages(user.id, { ids: [second.id] })
  await tx.mergeContext(user.id, { turns: 1 })
  await tx.updateEvent(event.id, { summary: 'Changed' })
  await tx.storeEvent({ creatorId: user.id, summary: 'New', start: new Date() })
}

type Failing = (tx: StoreTransaction, somebody: Somebody, other: Somebody) => Promise<unknown>
const identityOf = ({ user }: Somebody) => user.identities[0] ?? makeIdentity()

/** Failures that the store finds out by itself: the server has refused nothing. */
const REFUSALS: [string, ErrorCode, Failing][] = [
  ['input that is not valid', 'INVALID_INPUT', (tx) => tx.getUser(untyped('x'))],
  [
    'a bulk item that is rejected',
    'INVALID_INPUT',
    (tx, { user }) => tx.storeMessages([says(user.id, 'x'), says(user.id, '')]),
  ],
  ['a user who does not exist', 'USER_NOT_FOUND', (tx) => tx.storeMessage(says(nextId().toHexString(), 'x'))],
  ['an event that does not exist', 'EVENT_NOT_FOUND', (tx) => tx.updateEvent(nextId(), { summary: 'x' })],
  [
    'a message that does not exist',
    'MESSAGE_NOT_FOUND',
    (tx, { user }) => tx.updateMessage(user.id, nextId(), { content: 'x' }),
  ],
  [
    'a message of somebody else',
    'MESSAGE_NOT_FOUND',
    (tx, { user }, other) => tx.getMessage(user.id, { id: other.messages[0]?.id ?? '' }),
  ],
  [
    'another version of a user',
    'VERSION_CONFLICT',
    (tx, { user }) => tx.updateUser(user.id, { name: 'x' }, { ifVersion: 7 }),
  ],
  [
    'another version of a context',
    'VERSION_CONFLICT',
    (tx, { user }) => tx.storeContext(user.id, {}, { ifVersion: 7 }),
  ],
  [
    'another version of an event',
    'VERSION_CONFLICT',
    (tx, { event }) => tx.updateEvent(event.id, { summary: 'x' }, { ifVersion: 7 }),
  ],
  [
    'another version of a message',
    'VERSION_CONFLICT',
    (tx, { user, messages }) =>
      tx.updateMessage(user.id, messages[2]?.id ?? '', { content: 'x' }, { ifVersion: 7 }),
  ],
  [
    'another state',
    'STATE_CONFLICT',
    (tx, { user }) => tx.updateUser(user.id, { name: 'x' }, { ifStates: { flow: 'done' } }),
  ],
  [
    'an identity of somebody else, for somebody new',
    'IDENTITY_TAKEN',
    (tx, _, other) => tx.createUser({ identities: [identityOf(other)] }),
  ],
  [
    'an id of an event of somebody else',
    'INVALID_INPUT',
    (tx, { user }, { event }) =>
      tx.storeEvent({ id: event.id, creatorId: user.id, summary: 'x', start: new Date() }),
  ],
  [
    'an id of a message of somebody else',
    'INVALID_INPUT',
    (tx, { user }, other) => tx.storeMessage(says(user.id, 'x', { id: other.messages[0]?.id })),
  ],
  [
    'an id of a message that it deletes',
    'INVALID_INPUT',
    (tx, { user, messages }) => tx.storeMessage(says(user.id, 'x', { id: messages[1]?.id })),
  ],
]

describe.each(RETENTIONS)('nothing of it happens, %s', (_, retention) => {
  let world: TurnWorld
  let somebody: Somebody
  let other: Somebody
  beforeAll(async () => {
    world = await makeTurnWorld(retention)
    somebody = await makeSomebody(world.store)
    other = await makeSomebody(world.store)
  })

  test.each([
    ['an error', new Error('mine')],
    ['an object', { mine: true }],
    ['a string', 'mine'],
    ['nothing', undefined],
  ])('when work throws %s, which comes back as it was', async (_, thrown) => {
    const before = await everythingIn(world.db)
    const outcome = await world.store
      .withTransaction(async (tx) => {
        await changeAll(tx, somebody)
        throw thrown
      })
      .then(
        () => ({ value: 'done' }),
        (error: unknown) => ({ error }),
      )
    expect(outcome).toHaveProperty('error')
    expect('error' in outcome && Object.is(outcome.error, thrown)).toBe(true)
    expect(await everythingIn(world.db)).toEqual(before)
  })

  test.each(REFUSALS)('after %s: %s', async (_, code, failing) => {
    const before = await everythingIn(world.db)
    let thrown: unknown
    const call = world.store.withTransaction(async (tx) => {
      await changeAll(tx, somebody)
      await failing(tx, somebody, other).catch((error: unknown) => {
        thrown = error
        throw error
      })
    })
    const error = await rejection(call, code)
    expect(error).toBe(thrown)
    expect(error.outcome).toBe('not-applied')
    expect(await everythingIn(world.db)).toEqual(before)
  })

  test('a rejected bulk item is named by its place', async () => {
    const { id } = somebody.user
    const error = await rejection(
      world.store.withTransaction((tx) => tx.storeMessages([says(id, 'x'), says(id, 'y', { nonsense: 1 })])),
      'INVALID_INPUT',
    )
    expect(error.issues).toMatchObject([{ path: [1, 'nonsense'] }])
  })

  test.each(REFUSALS)('work may catch %s (%s), and go on', async (_, code, failing) => {
    const [mine, theirs] = [await makeSomebody(world.store), await makeSomebody(world.store)]
    await world.store.withTransaction(async (tx) => {
      await tx.deleteMessages(mine.user.id, { ids: [mine.messages[1]?.id ?? ''] })
      await rejection(failing(tx, mine, theirs), code)
      await tx.mergeContext(mine.user.id, { turns: 1 })
    })
    expect((await world.store.retrieveContext(mine.user.id)).data).toEqual({ turns: 1 })
  })
})
