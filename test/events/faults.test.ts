import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import type { DialogueStore } from '../../src/index.ts'
import { LOST_COMMAND, LOST_REPLY, makeFaultyServer } from '../support/faults.ts'
import { makeEvent, makeUser, rejection } from '../support/make.ts'

const start = new Date('2030-05-01T09:00Z')

let faulty: Awaited<ReturnType<typeof makeFaultyServer>>
let store: DialogueStore
let creatorId: string
beforeAll(async () => {
  faulty = await makeFaultyServer()
  store = await faulty.open()
})
afterAll(() => faulty?.stop())
afterEach(() => faulty.heal())
beforeEach(async () => {
  creatorId = (await makeUser(store)).id
})

const eventsStored = () => faulty.db.collection('dialogue_events').countDocuments({ summary: 'Dentist' })

describe.each([
  ['three replies are lost', { times: 3 }, LOST_REPLY],
  ['three commands are lost', { times: 3 }, LOST_COMMAND],
])('when %s', (_, mode, how) => {
  const fail = (...failCommands: string[]) =>
    faulty.fail({ failCommands, collection: 'events', ...how }, mode)

  test('updateEvent changes once, and finds no conflict with itself', async () => {
    const event = await makeEvent(store, creatorId)
    await fail('findAndModify')
    const updated = await store.updateEvent(event.id, { summary: 'Surgery' }, { ifVersion: 1 })
    expect(updated).toMatchObject({ summary: 'Surgery', version: 2 })
    await faulty.heal()
    expect(await store.getEvent(event.id)).toEqual(updated)
  })

  test('cancelEvent cancels once', async () => {
    const event = await makeEvent(store, creatorId)
    await fail('findAndModify')
    expect(await store.cancelEvent(event.id)).toMatchObject({ status: 'cancelled', version: 2 })
  })

  test('deleteEvent says that there was one', async () => {
    const event = await makeEvent(store, creatorId)
    await fail('delete')
    expect(await store.deleteEvent(event.id)).toBe(true)
    await rejection(store.getEvent(event.id), 'EVENT_NOT_FOUND')
  })
})

describe('storeEvent', () => {
  test('stores once when its commands are lost', async () => {
    const before = await eventsStored()
    await faulty.fail({ failCommands: ['insert'], collection: 'events', ...LOST_COMMAND }, { times: 3 })
    expect(await store.storeEvent({ creatorId, summary: 'Dentist', start })).toMatchObject({ created: true })
    expect(await eventsStored()).toBe(before + 1)
  })

  test('is worth repeating after a time-out exactly where a repeat stores once', async () => {
    const slow = await faulty.open({ timeoutMs: 300 })
    const call = (fields: { externalId?: string }, by = slow) =>
      by.storeEvent({ creatorId, summary: 'Dentist', start, ...fields })
    const before = await eventsStored()
    const [named, unnamed] = await faulty.freeze(() =>
      Promise.all([rejection(call({ externalId: 'once' }), 'TIMEOUT'), rejection(call({}), 'TIMEOUT')]),
    )
    expect(named.retryable).toBe(true)
    expect(unnamed.retryable).toBe(unnamed.outcome === 'not-applied')
    const again = await Promise.all([
      call({ externalId: 'once' }, store),
      call({ externalId: 'once' }, store),
    ])
    expect(new Set(again.map(({ event }) => event.id)).size).toBe(1)
    const stored = (await eventsStored()) - before
    expect(stored).toBeLessThanOrEqual(unnamed.outcome === 'unknown' ? 2 : 1)
  })
})
