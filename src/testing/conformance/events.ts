import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { casesOf } from './case.ts'
import { has, refuses, rejects, sameJson } from './checks.ts'
import { after, appointment, atOnce, BEGIN, HOUR_MS, newId, untyped, upTo } from './samples.ts'

const FULL = {
  ...{ end: after(BEGIN, 2 * HOUR_MS), timezone: 'America/Sao_Paulo', description: 'Bring the papers' },
  ...{ location: 'Rua Augusta 100', visibility: 'public' as const, reminders: [60, 1440] },
  attendees: [{ email: 'bia@example.com', displayName: 'Bia', comment: 'vegan' }],
  recurrence: ['RRULE:FREQ=WEEKLY;COUNT=3'],
  data: { kept: 1, nested: { a: 1, b: 2 } },
}
const DEFAULTS = {
  ...{ end: after(BEGIN, HOUR_MS), allDay: false, timezone: null, description: null, location: null },
  ...{ attendees: [], visibility: 'private', reminders: [], recurrence: [], data: {} },
}
const LOCAL = { state: 'local', calendarId: null, htmlLink: null, lastError: null, syncedAt: null }

export const events = casesOf('events', {
  'a stored event has what was given': async ({ store, person }) => {
    const { id: creatorId } = await person()
    const given = { ...FULL, creatorId, summary: 'Dinner 🍝', start: BEGIN, externalId: 'request-1' }
    const { event, created } = await store.storeEvent(given)
    equal(created, true)
    const { id, createdAt, updatedAt, ...rest } = event
    match(id, /^[0-9a-f]{24}$/)
    ok(createdAt instanceof Date && updatedAt instanceof Date)
    const state = { status: 'confirmed', version: 1, googleCalendarId: null, calendarSync: LOCAL }
    deepEqual(rest, { ...given, allDay: false, ...state })
    deepEqual(await store.getEvent(id), event)
  },

  'what was not given has its default': async ({ store, person }) => {
    const { id } = await person()
    has(await appointment(store, id, BEGIN), { ...DEFAULTS, summary: 'Dentist', externalId: null })
    const { attendees } = await appointment(store, id, BEGIN, { attendees: [{ email: 'bia@example.com' }] })
    deepEqual(attendees, [{ email: 'bia@example.com', displayName: null, comment: null }])
  },

  'days begin and end at midnights of their time zone': async ({ store, person }) => {
    const { id } = await person()
    const day = { allDay: true, timezone: 'Europe/Berlin' }
    /* 23 hours: the clocks go forward. */
    const start = new Date('2025-03-29T23:00Z')
    deepEqual((await appointment(store, id, start, day)).end, new Date('2025-03-30T22:00Z'))
    const end = new Date('2025-04-01T22:00Z')
    deepEqual((await appointment(store, id, start, { ...day, end })).end, end)
    const noon = { creatorId: id, summary: 'Off', start: after(start, 12 * HOUR_MS), ...day }
    await refuses(store.storeEvent(noon), 'start')
    await refuses(store.storeEvent({ ...noon, start, end: after(start, 24 * HOUR_MS) }), 'end')
    deepEqual(
      (await appointment(store, id, new Date('2030-05-01'), { allDay: true })).end,
      new Date('2030-05-02'),
    )
  },

  'what is wrong is refused by its place': async ({ store, person }) => {
    const { id: creatorId } = await person()
    const wrong: [object, string][] = [
      [{ summary: '' }, 'summary'],
      [{ end: BEGIN }, 'end'],
      [{ start: '2030-05-01' }, 'start'],
      [{ timezone: 'Mars/Olympus' }, 'timezone'],
      [{ visibility: 'secret' }, 'visibility'],
      [{ attendees: [{ email: 'bia' }] }, 'attendees.0.email'],
      [{ reminders: [-1] }, 'reminders.0'],
      [{ recurrence: ['every monday'] }, 'recurrence.0'],
      [{ status: 'cancelled' }, 'status'],
      [{ creatorId: { $ne: null } }, 'creatorId'],
    ]
    for (const [fields, place] of wrong)
      await refuses(store.storeEvent(untyped({ creatorId, summary: 'x', start: BEGIN, ...fields })), place)
    equal((await store.retrieveEvents({ creatorId })).count, 0)
    await rejects(appointment(store, newId(), BEGIN), 'USER_NOT_FOUND')
  },

  'an id, and a creator’s external id, store once': async ({ store, person }) => {
    const [user, other] = [await person(), await person()]
    const id = newId()
    for (const named of [{ id }, { externalId: 'x' }]) {
      const input = { creatorId: user.id, start: BEGIN, ...named }
      const outcomes = await atOnce(8, (i) => store.storeEvent({ ...input, summary: `${i}` }))
      equal(outcomes.filter(({ created }) => created).length, 1)
      for (const { event } of outcomes) deepEqual(event, outcomes[0]?.event)
      const again = await store.storeEvent({ ...input, summary: 'again' })
      deepEqual(again, { event: outcomes[0]?.event, created: false })
    }
    const theirs = { creatorId: other.id, summary: 'Theirs', start: BEGIN }
    equal((await store.storeEvent({ ...theirs, externalId: 'x' })).created, true)
    await refuses(store.storeEvent({ ...theirs, id }), 'id')
    equal((await store.retrieveEvents({ creatorId: user.id })).count, 2)
  },

  'getEvent brings the creator when asked': async ({ store, person }) => {
    const user = await person()
    const event = await appointment(store, user.id, BEGIN)
    deepEqual(await store.getEvent(event.id), event)
    deepEqual(await store.getEvent(event.id, { withCreator: true }), { ...event, creator: user })
  },

  'cancelEvent keeps it, deleteEvent does not': async ({ store, person }) => {
    const { id } = await person()
    const event = await appointment(store, id, BEGIN, { externalId: 'x' })
    const cancelled = await store.cancelEvent(event.id)
    deepEqual(cancelled, { ...event, status: 'cancelled', version: 2, updatedAt: cancelled.updatedAt })
    deepEqual(await store.cancelEvent(event.id), cancelled)
    deepEqual(await store.getEvent(event.id), cancelled)
    equal((await Promise.all([1, 2, 3].map(() => store.deleteEvent(event.id)))).filter(Boolean).length, 1)
    equal(await store.deleteEvent(event.id), false)
    await rejects(store.getEvent(event.id), 'EVENT_NOT_FOUND')
    await rejects(store.updateEvent(event.id, { summary: 'x' }), 'EVENT_NOT_FOUND')
    await rejects(store.cancelEvent(event.id), 'EVENT_NOT_FOUND')
  },
})

export const eventUpdates = casesOf('updateEvent', {
  'changes what it names, and raises the version by one': async ({ store, person }) => {
    const event = await appointment(store, (await person()).id, BEGIN, FULL)
    const changed = await store.updateEvent(event.id, { summary: 'Surgery', location: undefined })
    deepEqual(changed, { ...event, summary: 'Surgery', version: 2, updatedAt: changed.updatedAt })
    deepEqual(await store.getEvent(event.id), changed)
  },

  'merges data, and replaces arrays': async ({ store, person }) => {
    const { id } = await appointment(store, (await person()).id, BEGIN, FULL)
    const patch = { attendees: [{ email: 'caio@example.com' }], reminders: [5], recurrence: [] }
    const changed = await store.updateEvent(id, { ...patch, data: { nested: { b: null, c: 3 }, list: [1] } })
    has(changed, { reminders: [5], recurrence: [] })
    deepEqual(
      changed.attendees.map(({ email }) => email),
      ['caio@example.com'],
    )
    sameJson(changed.data, { kept: 1, nested: { a: 1, c: 3 }, list: [1] })
  },

  'clears with null': async ({ store, person }) => {
    const { id } = await appointment(store, (await person()).id, BEGIN, FULL)
    const names = [
      'end',
      'timezone',
      'description',
      'location',
      'attendees',
      'visibility',
      'reminders',
      'data',
    ]
    const none = Object.fromEntries([...names, 'recurrence'].map((name) => [name, null]))
    has(await store.updateEvent(id, none), { ...DEFAULTS, summary: 'Dentist', start: BEGIN })
  },

  'holds start and end against what is stored': async ({ store, person }) => {
    const event = await appointment(store, (await person()).id, BEGIN, FULL)
    await refuses(store.updateEvent(event.id, { end: BEGIN }), 'end')
    await refuses(store.updateEvent(event.id, { start: event.end }), 'start')
    deepEqual(await store.getEvent(event.id), event)
    const moved = { start: after(event.end, HOUR_MS), end: after(event.end, 2 * HOUR_MS) }
    has(await store.updateEvent(event.id, moved), moved)
  },

  'holds ifVersion against what is stored, and loses no change': async ({ store, person }) => {
    const { id } = await appointment(store, (await person()).id, BEGIN)
    await store.updateEvent(id, { summary: 'second' }, { ifVersion: 1 })
    const late = store.updateEvent(id, { summary: 'third' }, { ifVersion: 1 })
    await rejects(late, 'VERSION_CONFLICT', { expected: 1, actual: 2 })
    await Promise.all(upTo(6).map((i) => store.updateEvent(id, { data: { [`key ${i}`]: i } })))
    const { summary, data, version } = await store.getEvent(id)
    deepEqual([summary, Object.keys(data).length, version], ['second', 6, 8])
  },

  'refuses what is wrong by its place, and then changes nothing': async ({ store, person }) => {
    const event = await appointment(store, (await person()).id, BEGIN)
    const wrong: [object, string][] = [
      [{ summary: null }, 'summary'],
      [{ start: null }, 'start'],
      [{ creatorId: newId() }, 'creatorId'],
      [{ attendees: [{}] }, 'attendees.0.email'],
      [{ allDay: true }, 'allDay'],
    ]
    for (const [patch, place] of wrong) await refuses(store.updateEvent(event.id, untyped(patch)), place)
    deepEqual(await store.getEvent(event.id), event)
  },
})
