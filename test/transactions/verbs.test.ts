import { beforeAll, describe, expect, test } from '@jest/globals'
import { ObjectId } from '../../src/ids.ts'
import { makeBystander, makeEvent, makeIdentity, makeMessages, makeUser, storedOf } from '../support/make.ts'
import {
  bookkeepingOf,
  contentsIn,
  makeTurnWorld,
  RETENTIONS,
  says,
  type TurnWorld,
} from './support/turns.ts'

const START = new Date('2030-05-01T09:00:00Z')

describe.each(RETENTIONS)('every verb of a transaction, %s', (_, retention) => {
  let world: TurnWorld
  beforeAll(async () => {
    world = await makeTurnWorld(retention)
  })

  test('users: created, found, changed', async () => {
    const { store, db } = world
    const [identity, other] = [makeIdentity(), makeIdentity('telegram')]
    const known = await makeUser(store, { identities: [makeIdentity()] })
    const done = await store.withTransaction(async (tx) => {
      const created = await tx.createUser({
        identities: [identity],
        name: 'Ana',
        data: { a: 1, b: { c: 2 } },
      })
      const found = await tx.findUser(identity)
      const ensured = await tx.ensureUser(identity, { name: 'Bea' })
      const another = await tx.ensureUser(other, { name: 'Cleo' })
      const nobody = await tx.findUser(makeIdentity())
      const updated = await tx.updateUser(created.id, { states: { flow: 'begun' }, data: { b: { d: 3 } } })
      const counted = await tx.updateUser(created.id, (user) => ({ data: { version: user.version } }))
      return { created, found, ensured, another, nobody, updated, counted, read: await tx.getUser(known.id) }
    })
    const { created, counted } = done
    expect(created).toMatchObject({ name: 'Ana', version: 1, identities: [identity] })
    expect(done.found).toEqual(created)
    expect(done.ensured).toEqual({ user: created, created: false })
    expect(done.another).toMatchObject({ created: true, user: { name: 'Cleo', identities: [other] } })
    expect(done.nobody).toBeNull()
    expect(done.updated).toMatchObject({
      version: 2,
      states: { flow: 'begun' },
      data: { a: 1, b: { c: 2, d: 3 } },
    })
    expect(counted).toMatchObject({ version: 3, data: { version: 2 } })
    expect(done.read).toEqual(known)
    expect(await store.getUser(created.id)).toEqual(counted)
    const { users, contexts } = await storedOf(db, created.id)
    expect(users).toMatchObject([{ version: 3, name: 'Ana', identities: [identity] }])
    expect(contexts).toHaveLength(1)
  })

  test('contexts: stored, merged, changed, emptied, read', async () => {
    const { store, db } = world
    const { id } = await makeUser(store)
    const done = await store.withTransaction(async (tx) => [
      await tx.retrieveContext(id),
      await tx.storeContext(id, { turns: 1, old: true }),
      await tx.mergeContext(id, { old: null, topic: 'dentist' }),
      await tx.updateContext(id, (data) => ({ ...data, turns: Number(data.turns) + 1 }), { ifVersion: 2 }),
      await tx.deleteContext(id),
      await tx.deleteContext(id),
      await tx.storeContext(id, { turns: 9 }, { ifVersion: 0 }),
    ])
    expect(done).toMatchObject([
      { data: {}, version: 0 },
      { created: true, context: { version: 1 } },
      { created: false, context: { version: 2, data: { turns: 1, topic: 'dentist' } } },
      { created: false, context: { version: 3, data: { turns: 2, topic: 'dentist' } } },
      true,
      false,
      { created: true, context: { data: { turns: 9 } } },
    ])
    expect((await storedOf(db, id)).contexts).toMatchObject([{ data: { turns: 9 }, version: 5 }])
  })

  test('events: stored, changed, cancelled, deleted', async () => {
    const { store, db } = world
    const { id: creatorId } = await makeUser(store)
    const there = await makeEvent(store, creatorId)
    const input = { creatorId, summary: 'Dentist', start: START, externalId: 'e' }
    const done = await store.withTransaction(async (tx) => {
      const { event, created } = await tx.storeEvent(input)
      const again = await tx.storeEvent(input)
      const updated = await tx.updateEvent(event.id, { summary: 'Orthodontist' }, { ifVersion: 1 })
      const cancelled = await tx.cancelEvent(event.id)
      const read = await tx.getEvent(event.id, { withCreator: true })
      return { event, created, again, updated, cancelled, read, deleted: await tx.deleteEvent(there.id) }
    })
    expect([done.created, done.again.created, done.deleted]).toEqual([true, false, true])
    expect(done.again.event).toEqual(done.event)
    expect(done.updated).toMatchObject({ summary: 'Orthodontist', version: 2 })
    expect(done.cancelled).toMatchObject({ status: 'cancelled', version: 3 })
    expect(done.read).toMatchObject({ version: 3, creator: { id: creatorId } })
    const { events } = await storedOf(db, creatorId)
    expect(events).toMatchObject([{ _id: new ObjectId(done.event.id), status: 'cancelled', version: 3 }])
  })

  test('messages: stored, read, changed, deleted', async () => {
    const { store, db } = world
    const { id } = await makeUser(store)
    const [first, second] = await makeMessages(store, id, 2)
    if (!first || !second) throw new Error('not stored')
    const done = await store.withTransaction(async (tx) => {
      const { message, created } = await tx.storeMessage(
        says(id, 'asked', { externalId: 'x', metadata: { a: {} } }),
      )
      const again = await tx.storeMessage(says(id, 'asked again', { externalId: 'x' }))
      const bulk = await tx.storeMessages([says(id, 'one'), says(id, 'again', { externalId: 'x' })])
      const read = await tx.getMessage(id, { externalId: 'x' })
      const updated = await tx.updateMessage(id, first.id, { content: 'changed' }, { ifVersion: 1 })
      const deleted = await tx.deleteMessages(id, { ids: [second.id] })
      return { message, created, again, bulk, read, updated, deleted }
    })
    expect([done.created, done.again.created, done.deleted]).toEqual([true, false, 1])
    expect([done.again.message, done.read]).toEqual([done.message, done.message])
    expect(done.bulk).toMatchObject([{ status: 'created' }, { status: 'duplicate', message: done.message }])
    expect(done.updated).toMatchObject({ content: 'changed', version: 2, cursor: first.cursor })
    expect(await contentsIn(store, id)).toEqual(['changed', 'asked', 'one'])
    expect(await store.getMessage(id, { id: done.message.id })).toEqual(done.message)
    expect(await store.getMessage(id, { id: first.id })).toEqual(done.updated)
    const stored = (await storedOf(db, id)).messages
    expect(stored.map(({ content, version }) => [content, version])).toEqual([
      ['changed', 2],
      ['asked', 1],
      ['one', 1],
    ])
    const { journal, seen, touches } = await bookkeepingOf(db, id)
    expect(journal.filter(({ settled }) => !settled)).toEqual([])
    expect(seen).toMatchObject([{ messageId: new ObjectId(done.message.id) }])
    expect(seen[0]).not.toHaveProperty('flights')
    expect(touches).toBe(1)
  })

  test('a turn of all of them for somebody new, whose bystander is untouched', async () => {
    const { store, db } = world
    const bystander = await makeBystander(store)
    const untouched = await storedOf(db, bystander.id)
    const identity = makeIdentity()
    const userId = await store.withTransaction(async (tx) => {
      const { user } = await tx.ensureUser(identity, { name: 'Ana' })
      await tx.storeMessage(says(user.id, 'hello', { externalId: 'wamid.1' }))
      await tx.storeMessage({ userId: user.id, sender: 'assistant', content: 'hi' })
      await tx.mergeContext(user.id, { turns: 1 })
      await tx.storeEvent({ creatorId: user.id, summary: 'Dentist', start: START })
      await tx.updateUser(user.id, { states: { scheduling: 'done' } })
      expect((await tx.retrieveContext(user.id, { pending: true })).pending).toBe(2)
      return user.id
    })
    const { users, contexts, messages, events } = await storedOf(db, userId)
    expect(users).toMatchObject([{ identities: [identity], states: { scheduling: 'done' } }])
    expect(contexts).toMatchObject([{ data: { turns: 1 } }])
    expect(messages).toMatchObject([{ content: 'hello' }, { content: 'hi' }])
    expect(events).toMatchObject([{ summary: 'Dentist' }])
    expect((await bookkeepingOf(db, userId)).journal).toEqual([])
    expect(await storedOf(db, bystander.id)).toEqual(untouched)
    expect(await store.deleteUser(userId)).toMatchObject({ messages: 2, contexts: 1, events: 1 })
  })

  test('what the function gives comes back, and a transaction may do nothing', async () => {
    const { store, db } = world
    const result = { anything: new Map([[1, 2]]) }
    expect(await store.withTransaction(async () => result)).toBe(result)
    expect(await store.withTransaction(async () => undefined)).toBeUndefined()
    const { id } = await makeUser(store)
    await store.withTransaction((tx) => tx.getUser(id))
    expect((await bookkeepingOf(db, id)).touches).toBe(0)
  })
})
