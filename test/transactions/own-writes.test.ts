import { beforeAll, describe, expect, test } from '@jest/globals'
import { nextId } from '../../src/ids.ts'
import type { DialogueStore } from '../../src/index.ts'
import { makeEvent, makeIdentity, makeMessages, makeUser, rejection, storedOf } from '../support/make.ts'
import { contentsIn, makeTurnWorld, RETENTIONS, says, type TurnWorld } from './support/turns.ts'

describe.each(RETENTIONS)('a transaction reads what it wrote, %s', (_, retention) => {
  let world: TurnWorld
  let store: DialogueStore
  let other: DialogueStore
  beforeAll(async () => {
    world = await makeTurnWorld(retention)
    store = world.store
    other = await world.another()
  })

  test('messages, by id and by external id, as it left them; others see nothing before the commit', async () => {
    const { id } = await makeUser(store)
    const [stored] = await makeMessages(store, id, 1, { externalId: 'stored' })
    const storedId = stored?.id ?? ''
    await store.withTransaction(async (tx) => {
      const { message } = await tx.storeMessage(says(id, 'own', { externalId: 'own', conversationId: 'c' }))
      expect(await tx.getMessage(id, { id: message.id })).toEqual(message)
      expect(await tx.getMessage(id, { externalId: 'own', conversationId: 'c' })).toEqual(message)
      await rejection(tx.getMessage(id, { externalId: 'own' }), 'MESSAGE_NOT_FOUND')
      const changed = await tx.updateMessage(id, message.id, { content: 'changed', externalId: 'renamed' })
      expect(await tx.getMessage(id, { id: message.id })).toEqual(changed)
      await rejection(tx.getMessage(id, { externalId: 'own', conversationId: 'c' }), 'MESSAGE_NOT_FOUND')
      const replaced = await tx.updateMessage(id, storedId, { externalId: null, content: 'cleared' })
      expect(await tx.getMessage(id, { id: storedId })).toEqual(replaced)
      await rejection(tx.getMessage(id, { externalId: 'stored' }), 'MESSAGE_NOT_FOUND')
      await tx.mergeContext(id, { turns: 1 })

      for (const outside of [store, other]) {
        expect(await outside.getMessage(id, { id: storedId })).toEqual(stored)
        await rejection(outside.getMessage(id, { id: message.id }), 'MESSAGE_NOT_FOUND')
        expect(await contentsIn(outside, id)).toEqual(['message 0'])
        expect(await outside.retrieveContext(id, { pending: true })).toMatchObject({ data: {}, pending: 1 })
      }
    })
    for (const outside of [other, store]) {
      expect(await contentsIn(outside, id)).toEqual(['cleared', 'changed'])
      expect((await outside.retrieveContext(id, { pending: true })).pending).toBe(2)
    }
  })

  test('what is done to a message that it was given changes nothing of what is stored', async () => {
    const { id } = await makeUser(store)
    const given = await store.withTransaction(async (tx) => {
      const { message } = await tx.storeMessage(says(id, 'own', { metadata: { list: [{ n: 1 }] } }))
      const read = await tx.getMessage(id, { id: message.id })
      for (const { metadata, timestamp, createdAt } of [message, read]) {
        Object.assign(metadata, { list: 1, at: new Date(), none: undefined, _bsontype: 'Long' })
        for (const date of [timestamp, createdAt]) date.setTime(0)
      }
      return message
    })
    const stored = await other.getMessage(id, { id: given.id })
    expect(stored.metadata).toEqual({ list: [{ n: 1 }] })
    expect(Math.min(stored.timestamp.getTime(), stored.createdAt.getTime())).toBeGreaterThan(0)
  })

  test('a message under a chosen id that it deleted again is as if it had never been', async () => {
    const [{ id }, chosen] = [await makeUser(store), nextId().toHexString()]
    await store.withTransaction(async (tx) => {
      await tx.storeMessage(says(id, 'dropped', { id: chosen }))
      expect(await tx.deleteMessages(id, { ids: [chosen] })).toBe(1)
      expect((await tx.retrieveContext(id, { pending: true })).pending).toBe(0)
      await rejection(tx.getMessage(id, { id: chosen }), 'MESSAGE_NOT_FOUND')
      expect(await tx.storeMessage(says(id, 'kept', { id: chosen }))).toMatchObject({ created: true })
      expect((await tx.retrieveContext(id, { pending: true })).pending).toBe(1)
    })
    expect(await contentsIn(other, id)).toEqual(['kept'])
  })

  test('messages that it deleted are gone for it', async () => {
    const { id } = await makeUser(store)
    const [stored] = await makeMessages(store, id, 1, { externalId: 'stored' })
    await store.withTransaction(async (tx) => {
      const { message } = await tx.storeMessage(says(id, 'own', { externalId: 'own' }))
      expect(await tx.deleteMessages(id, { all: true })).toBe(2)
      for (const key of [
        { id: message.id },
        { externalId: 'own' },
        { id: stored?.id ?? '' },
        { externalId: 'stored' },
      ])
        await rejection(tx.getMessage(id, key), 'MESSAGE_NOT_FOUND')
      await rejection(tx.updateMessage(id, message.id, { content: 'x' }), 'MESSAGE_NOT_FOUND')
      await rejection(tx.updateMessage(id, stored?.id ?? '', { content: 'x' }), 'MESSAGE_NOT_FOUND')
      expect(await tx.storeMessage(says(id, 'again', { externalId: 'own' }))).toMatchObject({
        created: false,
      })
      expect(await tx.storeMessage(says(id, 'again', { externalId: 'stored' }))).toMatchObject({
        created: false,
      })
      expect(await tx.deleteMessages(id, { all: true })).toBe(0)
    })
    expect((await storedOf(world.db, id)).messages).toEqual([])
    expect(await store.storeMessage(says(id, 'again', { externalId: 'own' }))).toMatchObject({
      created: false,
    })
  })

  test('what is pending: with filters, after a cover, after deletions', async () => {
    const { id } = await makeUser(store)
    await makeMessages(store, id, 4)
    await store.withTransaction(async (tx) => {
      const pending = async (filter: true | { senders?: string[]; conversationId?: string } = true) =>
        (await tx.retrieveContext(id, { pending: filter })).pending
      expect(await pending()).toBe(4)
      const { message } = await tx.storeMessage(says(id, 'own'))
      await tx.storeMessage({ userId: id, sender: 'assistant', content: 'answer', conversationId: 'c' })
      expect(await pending()).toBe(6)
      expect(await pending({ senders: ['assistant'] })).toBe(1)
      expect(await pending({ conversationId: 'c' })).toBe(1)
      expect(await pending({ conversationId: 'c', senders: ['user'] })).toBe(0)
      const { context } = await tx.storeContext(
        id,
        { summary: 'all but the answer' },
        { covers: message.cursor },
      )
      expect(context.covers).toBe(message.cursor)
      expect(await pending()).toBe(1)
      await tx.deleteMessages(id, { conversationId: 'c' })
      expect(await pending()).toBe(0)
      await tx.storeMessage(says(id, 'next'))
      expect(await pending()).toBe(1)
    })
    const after = await other.retrieveContext(id, { pending: true })
    expect(after.pending).toBe(1)
    const following: string[] = []
    for await (const { content } of other.iterateHistory(id, { after: after.covers })) following.push(content)
    expect(following).toEqual(['next'])
  })

  test('what is pending is exact to a thousand, whatever the transaction deletes and adds', async () => {
    const { id } = await makeUser(store)
    const messages = await makeMessages(store, id, 1200)
    await store.withTransaction(async (tx) => {
      const pending = async () => (await tx.retrieveContext(id, { pending: true })).pending
      await tx.storeMessage(says(id, 'one more'))
      expect(await pending()).toBe(1000)
      await tx.deleteMessages(id, { ids: messages.slice(0, 150).map((message) => message.id) })
      expect(await pending()).toBe(1000)
      await tx.deleteMessages(id, { ids: messages.slice(150, 300).map((message) => message.id) })
      expect(await pending()).toBe(901)
    })
    expect((await store.retrieveContext(id, { pending: true })).pending).toBe(901)
  })
})

describe('the same thing, once more, in a transaction', () => {
  let store: DialogueStore
  beforeAll(async () => {
    store = (await makeTurnWorld()).store
  })

  test('a user: by id and by identity, own or committed', async () => {
    const identity = makeIdentity()
    const committed = await makeUser(store, { identities: [makeIdentity()] })
    const [theirs = identity] = committed.identities
    await store.withTransaction(async (tx) => {
      const own = await tx.createUser({ id: nextId(), identities: [identity], name: 'Own' })
      expect(await tx.createUser({ id: own.id, name: 'x' })).toEqual(own)
      expect(await tx.createUser({ id: committed.id, name: 'x' })).toEqual(committed)
      expect(await tx.ensureUser(identity)).toEqual({ user: own, created: false })
      expect(await tx.ensureUser(theirs)).toEqual({ user: committed, created: false })
      await rejection(tx.createUser({ identities: [identity] }), 'IDENTITY_TAKEN')
      await rejection(tx.createUser({ identities: [theirs] }), 'IDENTITY_TAKEN')
      await rejection(tx.ensureUser(makeIdentity(), { id: committed.id }), 'INVALID_INPUT')
      expect(await tx.findUser(theirs)).toEqual(committed)
      await tx.updateUser(own.id, { removeIdentities: [identity] })
      expect(await tx.findUser(identity)).toBeNull()
      expect(await tx.ensureUser(identity, { name: 'Heir' })).toMatchObject({ created: true })
    })
    expect(await store.findUser(identity)).toMatchObject({ name: 'Heir' })
  })

  test('a user who was deleted', async () => {
    const { id, identities } = await makeUser(store, { identities: [makeIdentity()] })
    await store.deleteUser(id)
    await store.withTransaction(async (tx) => {
      for (const call of [
        () => tx.getUser(id),
        () => tx.createUser({ id, name: 'x' }),
        () => tx.updateUser(id, { name: 'x' }),
        () => tx.storeMessage(says(id, 'x')),
        () => tx.getMessage(id, { externalId: 'x' }),
        () => tx.deleteMessages(id, { all: true }),
        () => tx.storeContext(id, {}),
        () => tx.retrieveContext(id, { pending: true }),
        () => tx.storeEvent({ creatorId: id, summary: 'x', start: new Date() }),
      ])
        await rejection(call(), 'USER_NOT_FOUND')
      expect(await tx.createUser({ identities })).toMatchObject({ identities })
    })
  })

  test('an event: by id and by external id, own or committed', async () => {
    const { id: creatorId } = await makeUser(store)
    const committed = await makeEvent(store, creatorId, { externalId: 'committed' })
    const input = { creatorId, summary: 'x', start: new Date() }
    await store.withTransaction(async (tx) => {
      const { event } = await tx.storeEvent({ ...input, externalId: 'own' })
      expect(await tx.storeEvent({ ...input, externalId: 'own' })).toEqual({ event, created: false })
      expect(await tx.storeEvent({ ...input, id: event.id })).toEqual({ event, created: false })
      const again = await tx.storeEvent({ ...input, externalId: 'committed' })
      expect(again).toEqual({ event: committed, created: false })
      await tx.deleteEvent(committed.id)
      expect(await tx.storeEvent({ ...input, externalId: 'committed' })).toMatchObject({ created: true })
    })
    expect((await store.retrieveEvents({ creatorId })).count).toBe(2)
  })
})
