import { beforeAll, describe, expect, test } from '@jest/globals'
import type mongoose from 'mongoose'
import { z } from 'zod'
import { ObjectId } from '../../src/ids.ts'
import type { DialogueStore, EventPatchInput, User } from '../../src/index.ts'
import {
  makeBystander,
  makeEvent,
  makeUser,
  makeWorld,
  refusedPaths,
  rejection,
  storedOf,
  untyped,
} from '../support/make.ts'
import { makeStore } from '../support/store.ts'

let store: DialogueStore
let db: mongoose.mongo.Db
let ana: User

beforeAll(async () => {
  ;({ store, db } = await makeWorld())
  ana = await makeUser(store)
})

const full = () =>
  makeEvent(store, ana.id, {
    end: new Date('2030-05-01T10:00Z'),
    timezone: 'Europe/Berlin',
    description: 'Bring the papers',
    location: 'Main street 1',
    attendees: [{ email: 'bia@example.com' }, { email: 'caio@example.com' }],
    visibility: 'public',
    reminders: [10, 60],
    recurrence: ['RRULE:FREQ=DAILY'],
    data: { kept: 1, nested: { a: 1, b: 2 } },
    externalId: new ObjectId().toHexString(),
  })

describe('updateEvent', () => {
  test('changes what is given and leaves the rest', async () => {
    const event = await full()
    const updated = await store.updateEvent(event.id, { summary: 'Surgery', location: undefined })
    const { updatedAt, ...rest } = updated
    expect(rest).toEqual({ ...rest, ...event, summary: 'Surgery', version: 2, updatedAt: undefined })
    expect(updatedAt.getTime()).toBeGreaterThanOrEqual(event.updatedAt.getTime())
    expect(await store.getEvent(event.id)).toEqual(updated)
  })

  test('merges data and replaces arrays', async () => {
    const event = await full()
    const updated = await store.updateEvent(event.id, {
      data: { nested: { b: null, c: 3 }, list: [1] },
      attendees: [{ email: 'dora@example.com', displayName: 'Dora', comment: undefined }],
      reminders: [5],
      recurrence: [],
    })
    expect(updated.data).toEqual({ kept: 1, nested: { a: 1, c: 3 }, list: [1] })
    expect(updated.attendees).toEqual([{ email: 'dora@example.com', displayName: 'Dora', comment: null }])
    expect(updated).toMatchObject({ reminders: [5], recurrence: [] })
  })

  test('takes guests as they come out, and one more', async () => {
    const { id, attendees } = await full()
    const updated = await store.updateEvent(id, {
      attendees: [...attendees, { email: 'dora@example.com' }],
    })
    const dora = { email: 'dora@example.com', displayName: null, comment: null }
    expect(updated.attendees).toEqual([...attendees, dora])
  })

  test('clears with null', async () => {
    const event = await full()
    const cleared = await store.updateEvent(event.id, {
      end: null,
      timezone: null,
      description: null,
      location: null,
      attendees: null,
      visibility: null,
      reminders: null,
      recurrence: null,
      data: null,
    })
    expect(cleared).toMatchObject({
      summary: event.summary,
      end: new Date(event.start.getTime() + 3_600_000),
      timezone: null,
      description: null,
      location: null,
      attendees: [],
      visibility: 'private',
      reminders: [],
      recurrence: [],
      data: {},
    })
    const stored = await db.collection('dialogue_events').findOne({ _id: new ObjectId(event.id) })
    for (const field of ['timezone', 'description', 'location']) expect(stored).not.toHaveProperty(field)
  })

  test('checks the end against the start that is stored, and the start against the end', async () => {
    const event = await full()
    const start = new Date('2031-01-01T09:00Z')
    const end = new Date('2031-01-01T09:30Z')
    const wrong: [EventPatchInput, issue: object][] = [
      [{ end: event.start }, { path: ['patch', 'end'], reason: 'is not after start' }],
      [
        { start: end, end: start },
        { path: ['patch', 'end'], reason: 'is not after start' },
      ],
      [{ start }, { path: ['patch', 'start'], reason: 'the stored end is not after start; give end, too' }],
    ]
    for (const [patch, issue] of wrong) {
      const { issues } = await rejection(store.updateEvent(event.id, patch), 'INVALID_INPUT')
      expect(issues).toEqual([issue])
    }
    expect(await store.getEvent(event.id)).toEqual(event)
    expect(await store.updateEvent(event.id, { start, end })).toMatchObject({ start, end })
  })

  test('writes only on the expected version', async () => {
    const event = await full()
    const second = await store.updateEvent(event.id, { summary: 'second' }, { ifVersion: 1 })
    expect(second.version).toBe(2)
    const failure = await rejection(
      store.updateEvent(event.id, { summary: 'third' }, { ifVersion: 1 }),
      'VERSION_CONFLICT',
    )
    expect(failure).toMatchObject({ expected: 1, actual: 2, outcome: 'not-applied', retryable: false })
    expect(await store.getEvent(event.id)).toEqual(second)
  })

  test('loses no change when twenty race', async () => {
    const event = await full()
    await Promise.all(
      Array.from({ length: 20 }, (_, i) => store.updateEvent(event.id, { data: { [`key${i}`]: i } })),
    )
    const { data, version } = await store.getEvent(event.id)
    expect(Object.keys(data)).toHaveLength(22)
    expect(version).toBe(21)
  })

  test('lets one of twenty through that expect the same version', async () => {
    const event = await full()
    const outcomes = await Promise.allSettled(
      Array.from({ length: 20 }, (_, i) =>
        store.updateEvent(event.id, { summary: `${i}` }, { ifVersion: 1 }),
      ),
    )
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
  })

  test.each<[string, object, string[]]>([
    ['an unknown field', { color: 'red' }, ['patch.color']],
    ['a field that never changes', { creatorId: '0'.repeat(24) }, ['patch.creatorId']],
    ['a summary that is cleared', { summary: null }, ['patch.summary']],
    ['a start that is cleared', { start: null }, ['patch.start']],
    ['a wrong attendee', { attendees: [{}] }, ['patch.attendees.0.email']],
    ['data that JSON cannot say', { data: { n: Number.NaN } }, ['patch.data.n']],
  ])('refuses %s', async (_, patch, paths) => {
    const event = await full()
    expect(await refusedPaths(store.updateEvent(event.id, untyped(patch)))).toEqual(paths)
    expect(await store.getEvent(event.id)).toEqual(event)
  })

  test('checks data against its shape as a whole', async () => {
    const shaped = await makeStore({
      shapes: { eventData: z.strictObject({ room: z.string(), seats: z.number().max(10).default(2) }) },
    })
    const user = await makeUser(shaped)
    const { event } = await shaped.storeEvent({
      creatorId: user.id,
      summary: 'Meeting',
      start: new Date(),
      data: { room: 'A' },
    })
    expect(event.data).toEqual({ room: 'A', seats: 2 })
    expect(await refusedPaths(shaped.updateEvent(event.id, { data: { seats: 11 } }))).toEqual(['data.seats'])
    expect(await refusedPaths(shaped.updateEvent(event.id, { data: { room: null } }))).toEqual(['data.room'])
    const updated = await shaped.updateEvent(event.id, { data: { seats: 3 } })
    expect(updated.data).toEqual({ room: 'A', seats: 3 })
  })
})

describe('getEvent', () => {
  test('brings the creator only when asked', async () => {
    const event = await full()
    expect(await store.getEvent(event.id)).not.toHaveProperty('creator')
    expect(await store.getEvent(event.id, { withCreator: false })).not.toHaveProperty('creator')
    const { creator, ...rest } = await store.getEvent(new ObjectId(event.id), { withCreator: true })
    expect(creator).toEqual(ana)
    expect(rest).toEqual(event)
  })

  test('refuses what is no id, and options it does not know', async () => {
    expect(await refusedPaths(store.getEvent(untyped({ $gt: '' })))).toEqual(['eventId'])
    const event = await full()
    expect(await refusedPaths(store.getEvent(event.id, untyped({ with: 1 })))).toEqual(['options.with'])
  })
})

describe('cancelEvent', () => {
  test('keeps the event, and changes nothing when repeated', async () => {
    const event = await full()
    const cancelled = await store.cancelEvent(event.id)
    expect(cancelled).toEqual({ ...event, status: 'cancelled', version: 2, updatedAt: cancelled.updatedAt })
    expect(await store.cancelEvent(event.id)).toEqual(cancelled)
    expect(await store.getEvent(event.id)).toEqual(cancelled)
  })

  test('counts once when ten race', async () => {
    const event = await full()
    const outcomes = await Promise.all(Array.from({ length: 10 }, () => store.cancelEvent(event.id)))
    expect(new Set(outcomes.map(({ version }) => version))).toEqual(new Set([2]))
  })
})

describe('deleteEvent', () => {
  test('removes one event, once, and nothing else', async () => {
    const bystander = await makeBystander(store)
    const untouched = await storedOf(db, bystander.id)
    const event = await full()
    expect(await store.deleteEvent(event.id)).toBe(true)
    expect(await store.deleteEvent(event.id)).toBe(false)
    expect(await db.collection('dialogue_events').findOne({ _id: new ObjectId(event.id) })).toBeNull()
    expect(await storedOf(db, bystander.id)).toEqual(untouched)
  })

  test('says true to one of ten that race', async () => {
    const event = await full()
    const outcomes = await Promise.all(Array.from({ length: 10 }, () => store.deleteEvent(event.id)))
    expect(outcomes.filter(Boolean)).toHaveLength(1)
  })
})

describe('an event that is not there', () => {
  test('is EVENT_NOT_FOUND to every verb but deleteEvent', async () => {
    const gone = new ObjectId()
    const calls = [
      () => store.getEvent(gone),
      () => store.getEvent(gone, { withCreator: true }),
      () => store.updateEvent(gone, { summary: 'x' }),
      () => store.updateEvent(gone, { summary: 'x' }, { ifVersion: 1 }),
      () => store.cancelEvent(gone),
    ]
    for (const call of calls) {
      const failure = await rejection(call(), 'EVENT_NOT_FOUND')
      expect(failure).toMatchObject({ outcome: 'not-applied', retryable: false })
    }
  })
})
