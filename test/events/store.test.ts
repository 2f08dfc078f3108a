import { beforeAll, describe, expect, test } from '@jest/globals'
import type mongoose from 'mongoose'
import { ObjectId } from '../../src/ids.ts'
import type { DialogueStore, User } from '../../src/index.ts'
import {
  makeBystander,
  makeUser,
  makeWorld,
  refusedPaths,
  rejection,
  storedOf,
  untyped,
} from '../support/make.ts'
import { makeStore } from '../support/store.ts'

const HOUR = 3_600_000

let store: DialogueStore
let db: mongoose.mongo.Db
let dbName: string
let events: mongoose.mongo.Collection
let ana: User
const start = new Date('2030-05-01T09:00:00.123Z')

beforeAll(async () => {
  ;({ store, db, dbName } = await makeWorld())
  events = db.collection('dialogue_events')
  ana = await makeUser(store)
})

describe('storeEvent', () => {
  test('stores and gives back every field', async () => {
    const id = new ObjectId().toHexString()
    const given = {
      id,
      creatorId: ana.id,
      summary: 'Jantar com a Bia 🍝',
      start,
      end: new Date(start.getTime() + 2 * HOUR),
      timezone: 'America/Sao_Paulo',
      description: 'Mesa para dois',
      location: 'Rua Augusta, 1',
      visibility: 'public' as const,
      attendees: [{ email: 'bia@example.com', displayName: 'Bia', comment: 'vegan' }],
      reminders: [10, 1440],
      recurrence: ['RRULE:FREQ=WEEKLY;COUNT=3', 'EXDATE:20300508T090000Z'],
      data: { table: 7, 'a.b': { $c: [] } },
      externalId: 'request-1',
    }
    const before = Date.now()
    const { event, created } = await store.storeEvent(given)
    expect(created).toBe(true)
    const { createdAt, updatedAt, ...rest } = event
    expect(rest).toEqual({
      ...given,
      allDay: false,
      status: 'confirmed',
      version: 1,
      googleCalendarId: null,
      calendarSync: { state: 'local', calendarId: null, htmlLink: null, lastError: null, syncedAt: null },
    })
    expect(createdAt.getTime()).toBeGreaterThanOrEqual(before)
    expect(updatedAt).toEqual(createdAt)
    expect(await store.getEvent(id)).toEqual(event)
    const stored = await events.findOne({ _id: new ObjectId(id) })
    expect(stored).toMatchObject({ creatorId: new ObjectId(ana.id), start, end: given.end, data: given.data })
  })

  test('gives what was left out its default', async () => {
    const { event } = await store.storeEvent({ creatorId: ana.id, summary: 'Dentist', start })
    expect(event).toMatchObject({
      creatorId: ana.id,
      summary: 'Dentist',
      start,
      end: new Date(start.getTime() + HOUR),
      allDay: false,
      timezone: null,
      description: null,
      location: null,
      attendees: [],
      visibility: 'private',
      reminders: [],
      recurrence: [],
      data: {},
      externalId: null,
    })
    expect(event.id).toMatch(/^[0-9a-f]{24}$/)
  })

  test('takes undefined and null for absent', async () => {
    const { event } = await store.storeEvent({
      creatorId: new ObjectId(ana.id),
      summary: 'Dentist',
      start,
      end: null,
      description: null,
      timezone: undefined,
      externalId: null,
      attendees: [{ email: 'bia@example.com', displayName: undefined }],
      data: { kept: null, dropped: undefined },
    })
    expect(event.end).toEqual(new Date(start.getTime() + HOUR))
    expect(event.attendees).toEqual([{ email: 'bia@example.com', displayName: null, comment: null }])
    expect(event.data).toEqual({ kept: null })
    const stored = await events.findOne({ _id: new ObjectId(event.id) })
    expect(Object.keys(stored ?? {})).not.toContain('description')
    expect(stored?.attendees).toEqual([{ email: 'bia@example.com' }])
  })

  test.each<[string, object, string[]]>([
    ['no summary', { summary: '' }, ['summary']],
    ['a summary of a thousand and one', { summary: 'x'.repeat(1001) }, ['summary']],
    ['an end at the start', { end: start }, ['end']],
    ['an end before the start', { end: new Date(start.getTime() - 1) }, ['end']],
    ['an invalid date', { start: new Date(Number.NaN) }, ['start']],
    ['a date as text', { start: '2030-05-01' }, ['start']],
    ['a year that calendars cannot say', { start: new Date(8.64e15) }, ['start']],
    ['an unknown time zone', { timezone: 'Mars/Olympus' }, ['timezone']],
    ['an unknown visibility', { visibility: 'secret' }, ['visibility']],
    ['an attendee without a right address', { attendees: [{ email: 'bia' }] }, ['attendees.0.email']],
    ['too many attendees', { attendees: Array(201).fill({ email: 'a@example.com' }) }, ['attendees']],
    ['an unknown field of an attendee', { attendees: [{ email: 'a@b.co', role: 1 }] }, ['attendees.0.role']],
    ['a reminder after the start', { reminders: [-1] }, ['reminders.0']],
    ['half a minute', { reminders: [0.5] }, ['reminders.0']],
    ['a reminder five weeks before', { reminders: [50_400] }, ['reminders.0']],
    ['text that is no recurrence', { recurrence: ['every monday'] }, ['recurrence.0']],
    ['one recurrence that is no list', { recurrence: 'RRULE:FREQ=DAILY' }, ['recurrence']],
    ['an unknown field', { colour: 'red' }, ['colour']],
    ['a field that the store sets', { status: 'cancelled' }, ['status']],
    ['an id that is none', { id: 'abc' }, ['id']],
    ['an operator for the creator', { creatorId: { $ne: null } }, ['creatorId']],
    ['data that JSON cannot say', { data: { at: new Date() } }, ['data.at']],
    ['two mistakes', { summary: 7, reminders: ['soon'] }, ['summary', 'reminders.0']],
  ])('refuses %s', async (_, fields, paths) => {
    const before = await events.countDocuments()
    const call = store.storeEvent(untyped({ creatorId: ana.id, summary: 'Dentist', start, ...fields }))
    expect(await refusedPaths(call)).toEqual(paths)
    expect(await events.countDocuments()).toBe(before)
  })

  test('refuses what is no object', async () => {
    expect(await refusedPaths(store.storeEvent(untyped(null)))).toEqual([''])
    expect(await refusedPaths(store.storeEvent(untyped('Dentist')))).toEqual([''])
  })

  test('leaves nothing for a user who does not exist', async () => {
    const stranger = new ObjectId()
    const failure = await rejection(
      store.storeEvent({ creatorId: stranger, summary: 'Dentist', start }),
      'USER_NOT_FOUND',
    )
    expect(failure).toMatchObject({ outcome: 'not-applied', retryable: false })
    expect(await events.countDocuments({ creatorId: stranger })).toBe(0)
  })

  test('does not count as a change of its creator', async () => {
    const user = await makeUser(store)
    await store.storeEvent({ creatorId: user.id, summary: 'Dentist', start })
    expect(await store.getUser(user.id)).toEqual(user)
  })
})

describe('storeEvent, repeated', () => {
  test('stores an external id once when fifty calls race', async () => {
    const input = { creatorId: ana.id, summary: 'Dentist', start, externalId: 'raced' }
    const outcomes = await Promise.all(
      Array.from({ length: 50 }, (_, i) => store.storeEvent({ ...input, summary: `call ${i}` })),
    )
    expect(outcomes.filter(({ created }) => created)).toHaveLength(1)
    expect(new Set(outcomes.map(({ event }) => event.id)).size).toBe(1)
    expect(new Set(outcomes.map(({ event }) => event.summary)).size).toBe(1)
    expect(await events.countDocuments({ externalId: 'raced' })).toBe(1)
  })

  test('stores an external id once over several stores', async () => {
    const others = [store, await makeStore({ dbName }), await makeStore({ dbName })]
    const input = { creatorId: ana.id, summary: 'Dentist', start, externalId: 'raced by stores' }
    const outcomes = await Promise.all(Array.from({ length: 30 }, (_, i) => others[i % 3]?.storeEvent(input)))
    expect(outcomes.filter((outcome) => outcome?.created)).toHaveLength(1)
    expect(new Set(outcomes.map((outcome) => outcome?.event.id)).size).toBe(1)
  })

  test('keeps external ids of different creators apart', async () => {
    const bia = await makeUser(store)
    const input = { summary: 'Dentist', start, externalId: 'shared' }
    const first = await store.storeEvent({ ...input, creatorId: ana.id })
    const second = await store.storeEvent({ ...input, creatorId: bia.id })
    expect([first.created, second.created]).toEqual([true, true])
    expect(second.event.id).not.toBe(first.event.id)
  })

  test('stores an id of the caller once, and gives what the first call stored', async () => {
    const id = new ObjectId()
    const outcomes = await Promise.all(
      Array.from({ length: 10 }, (_, i) =>
        store.storeEvent({ id, creatorId: ana.id, summary: `call ${i}`, start }),
      ),
    )
    expect(outcomes.filter(({ created }) => created)).toHaveLength(1)
    expect(new Set(outcomes.map(({ event }) => event.summary)).size).toBe(1)
    expect(await events.countDocuments({ _id: id })).toBe(1)
  })

  test('refuses the id of an event of another creator, which stays as it is', async () => {
    const bystander = await makeBystander(store)
    const before = await storedOf(db, bystander.id)
    const call = store.storeEvent({ id: before.events[0]?._id, creatorId: ana.id, summary: 'Mine', start })
    expect(await refusedPaths(call)).toEqual(['id'])
    expect(await storedOf(db, bystander.id)).toEqual(before)
  })

  test('stores again what was deleted', async () => {
    const input = { creatorId: ana.id, summary: 'Dentist', start, externalId: 'again' }
    const { event } = await store.storeEvent(input)
    await store.deleteEvent(event.id)
    const again = await store.storeEvent(input)
    expect(again.created).toBe(true)
    expect(again.event.id).not.toBe(event.id)
  })
})

describe('deleteUser', () => {
  test('takes the events of the user along, and nobody else’s', async () => {
    const bystander = await makeBystander(store)
    const untouched = await storedOf(db, bystander.id)
    const user = await makeUser(store)
    for (const summary of ['one', 'two']) await store.storeEvent({ creatorId: user.id, summary, start })
    const receipt = await store.deleteUser(user.id)
    expect(receipt.events).toBe(2)
    expect(await events.countDocuments({ creatorId: new ObjectId(user.id) })).toBe(0)
    await rejection(store.storeEvent({ creatorId: user.id, summary: 'late', start }), 'USER_NOT_FOUND')
    expect(await storedOf(db, bystander.id)).toEqual(untouched)
  })

  test('leaves no event behind when both race', async () => {
    const users = await Promise.all(Array.from({ length: 20 }, () => makeUser(store)))
    await Promise.all(
      users.flatMap(({ id }) => [
        store.storeEvent({ creatorId: id, summary: 'raced', start }).catch(() => {}),
        store.deleteUser(id),
        store.storeEvent({ creatorId: id, summary: 'raced', start }).catch(() => {}),
      ]),
    )
    const ids = users.map(({ id }) => new ObjectId(id))
    expect(await events.countDocuments({ creatorId: { $in: ids } })).toBe(0)
  })
})
