import { describe, expect, test } from '@jest/globals'
import { openStore } from '../../src/index.ts'
import { testServer } from '../../src/testing/index.ts'
import { untyped } from '../support/make.ts'
import { makeWorld, START } from './support/world.ts'

/** Of removals: one that is done is remembered for a while. */
const UNDONE = { doneAt: { $exists: false } }
const NOTHING = { pushed: 0, updated: 0, removed: 0, conflicts: 0, failed: 0 }

describe('what is stored is published', () => {
  test('with all that a calendar shows of it, and the event says where', async () => {
    const { event, sync, people, store } = await makeWorld()
    const stored = await event({
      ...{ description: 'Bring the X-ray', location: 'Rua A, 5', timezone: 'America/Sao_Paulo' },
      ...{ attendees: [{ email: 'bia@example.com', displayName: 'Bia', comment: 'late' }] },
      ...{ visibility: 'public', reminders: [10, 60] },
    })
    expect(stored.calendarSync).toMatchObject({ state: 'local', calendarId: null })
    expect(await sync().push()).toEqual({ ...NOTHING, pushed: 1 })
    const [there] = people.events()
    expect(there).toMatchObject({
      ...{ id: stored.id, status: 'confirmed', summary: 'Dentist', description: 'Bring the X-ray' },
      ...{ location: 'Rua A, 5', visibility: 'public' },
      attendees: [{ email: 'bia@example.com', displayName: 'Bia', comment: 'late' }],
      reminders: { useDefault: false },
    })
    expect(new Date(there?.start?.dateTime ?? '')).toEqual(START)
    expect(there?.start?.timeZone).toBe('America/Sao_Paulo')
    const known = await store.getEvent(stored.id)
    expect(known).toMatchObject({ googleCalendarId: stored.id, version: 1 })
    expect(known.calendarSync).toMatchObject({ state: 'synced', calendarId: 'primary', lastError: null })
    expect(known.calendarSync.htmlLink).toBe(there?.htmlLink)
    expect(known.calendarSync.syncedAt).toBeInstanceOf(Date)
    expect(await sync().push()).toEqual(NOTHING)
  })

  test('a whole day, in its own time zone', async () => {
    const { event, sync, people } = await makeWorld()
    const start = new Date('2030-05-06T03:00:00Z')
    await event({ start, allDay: true, timezone: 'America/Sao_Paulo' })
    await sync().push()
    expect(people.events()[0]).toMatchObject({ start: { date: '2030-05-06' }, end: { date: '2030-05-07' } })
  })

  test('a series', async () => {
    const { event, sync, people } = await makeWorld()
    await event({ recurrence: ['RRULE:FREQ=WEEKLY;COUNT=4'] })
    await sync().push()
    expect(people.events()[0]).toMatchObject({
      recurrence: ['RRULE:FREQ=WEEKLY;COUNT=4'],
      start: { timeZone: 'UTC' },
    })
  })

  test('a change, and only what has changed', async () => {
    const { event, sync, store, people, ana, client } = await makeWorld()
    const { id } = await event({ description: 'old' })
    await sync().push()
    people.change(id, { colorId: '5' })
    await sync().pull('primary')
    const { version } = await store.updateEvent(id, { summary: 'Dentist, moved', description: null })
    expect((await store.getEvent(id)).calendarSync.state).toBe('changed')
    expect(await sync().push()).toEqual({ ...NOTHING, updated: 1 })
    expect(people.events()).toMatchObject([{ summary: 'Dentist, moved', colorId: '5' }])
    expect(people.events()[0]?.description ?? '').toBe('')
    expect(await store.getEvent(id)).toMatchObject({ version, calendarSync: { state: 'synced' } })
    expect((await client.events.get({ calendarId: ana.calendarId, eventId: id })).data.colorId).toBe('5')
  })

  test('what guests have answered stays when others are invited', async () => {
    const { event, sync, store, people } = await makeWorld()
    const { id } = await event({ attendees: [{ email: 'bia@example.com' }] })
    await sync().push()
    people.change(id, { attendees: [{ email: 'bia@example.com', responseStatus: 'accepted' }] })
    await sync().pull('primary')
    await store.updateEvent(id, { attendees: [{ email: 'bia@example.com' }, { email: 'caio@example.com' }] })
    expect(await sync().push()).toEqual({ ...NOTHING, updated: 1 })
    expect(people.events()[0]?.attendees).toMatchObject([
      { email: 'bia@example.com', responseStatus: 'accepted' },
      { email: 'caio@example.com' },
    ])
  })

  test('three quick changes go out as one, and data is nobody else’s', async () => {
    const { event, sync, store, server } = await makeWorld()
    const { id } = await event()
    await store.updateEvent(id, { summary: 'b' })
    await store.updateEvent(id, { summary: 'c' })
    await sync().push()
    expect(server.requests.map(({ kind }) => kind)).toEqual(['events.insert'])
    await store.updateEvent(id, { data: { room: 5 }, summary: undefined })
    expect((await store.getEvent(id)).calendarSync.state).toBe('synced')
    expect(await sync().push()).toEqual(NOTHING)
  })

  test('a cancellation, and it stays in the store', async () => {
    const { event, sync, store, there } = await makeWorld()
    const { id } = await event()
    await sync().push()
    await store.cancelEvent(id)
    expect(await sync().push()).toEqual({ ...NOTHING, removed: 1 })
    expect(there()).toEqual([])
    expect(await store.getEvent(id)).toMatchObject({ status: 'cancelled', calendarSync: { state: 'synced' } })
  })

  test('one that is cancelled before it was published never is', async () => {
    const { event, sync, store, people } = await makeWorld()
    await store.cancelEvent((await event()).id)
    expect(await sync().push()).toEqual(NOTHING)
    expect(people.events()).toEqual([])
  })
})

describe('what is deleted is removed', () => {
  test('by whatever process, and nothing of it is left', async () => {
    const { event, sync, store, there, db } = await makeWorld()
    const { id } = await event()
    await sync().push()
    expect(await store.deleteEvent(id)).toBe(true)
    expect(await store.deleteEvent(id)).toBe(false)
    expect(await sync().push()).toEqual({ ...NOTHING, removed: 1 })
    expect(there()).toEqual([])
    expect(await db.collection('dialogue_calendar_removals').countDocuments(UNDONE)).toBe(0)
  })

  test('with its creator, whose access is kept until then', async () => {
    const { event, store, there, client, sync, creatorId, db } = await makeWorld()
    await store.updateUser(creatorId, { data: { refresh: 'token' } })
    const asked: unknown[] = []
    const each = sync({
      calendar: (creator) => {
        asked.push(creator.data.refresh)
        return client
      },
    })
    await event()
    await event()
    expect(await each.push()).toMatchObject({ pushed: 2 })
    await event({ summary: 'never published' })
    await store.deleteUser(creatorId)
    expect(await db.collection('dialogue_calendar_farewells').countDocuments()).toBe(1)
    expect(await each.push()).toEqual({ ...NOTHING, removed: 2 })
    expect(new Set(asked)).toEqual(new Set(['token']))
    expect(there()).toEqual([])
    for (const name of ['calendar_farewells', 'calendar_removals', 'events'])
      expect(await db.collection(`dialogue_${name}`).countDocuments(UNDONE)).toBe(0)
  })

  test('of a user without published events nothing is kept', async () => {
    const { event, store, creatorId, db } = await makeWorld()
    await event()
    await store.deleteUser(creatorId)
    for (const name of ['calendar_farewells', 'calendar_removals'])
      expect(await db.collection(`dialogue_${name}`).countDocuments()).toBe(0)
  })

  test('nor where each creator has an access of their own, and a sync has run', async () => {
    const { event, sync, store, creatorId, db } = await makeWorld()
    await event()
    await sync({ calendar: () => null }).push()
    await store.deleteUser(creatorId)
    for (const name of ['calendar_farewells', 'calendar_removals'])
      expect(await db.collection(`dialogue_${name}`).countDocuments()).toBe(0)
  })

  test('in a transaction, or not at all', async () => {
    const { event, sync, store, there } = await makeWorld()
    const { id } = await event()
    await sync().push()
    const failed = store.withTransaction(async (tx) => {
      await tx.deleteEvent(id)
      throw new Error('no')
    })
    await expect(failed).rejects.toThrow('no')
    expect(await sync().push()).toEqual(NOTHING)
    await store.withTransaction(async (tx) => {
      await tx.deleteEvent(id)
      await tx.storeEvent({
        creatorId: (await store.listUsers()).users[0]?.id ?? '',
        summary: 'New',
        start: START,
      })
    })
    expect(await sync().push()).toEqual({ ...NOTHING, pushed: 1, removed: 1 })
    expect(there()).toMatchObject([{ summary: 'New' }])
  })
})

test('another process stores, this one publishes', async () => {
  const { dbName, sync, creatorId, there } = await makeWorld()
  const webhook = await openStore({ uri: (await testServer()).uri, dbName })
  await webhook.storeEvent({ creatorId, summary: 'From a webhook', start: START })
  await webhook.close()
  await sync().push()
  expect(there()).toMatchObject([{ summary: 'From a webhook' }])
})

test('what had ended before the first start is not published, unless it is wanted', async () => {
  const { event, sync, there, store } = await makeWorld()
  const { id } = await event({ start: new Date('2020-01-01T10:00:00Z') })
  expect(await sync().push()).toEqual(NOTHING)
  expect((await store.getEvent(id)).calendarSync.state).toBe('local')
  await store.updateEvent(id, { summary: 'Long ago' })
  expect(await sync({ since: new Date('2019-01-01') }).push()).toEqual({ ...NOTHING, pushed: 1 })
  expect(there()).toHaveLength(1)
})

test('each event goes into the calendar that is chosen for it, and stays there', async () => {
  const { event, sync, server, ana, store } = await makeWorld()
  const other = server.addCalendar('team@group.calendar.google.com')
  other.share(ana, 'writer')
  const { id } = await event()
  const chosen = sync({ calendarOf: async ({ summary }) => (summary === 'Dentist' ? other.id : 'primary') })
  await chosen.push()
  expect(other.events()).toMatchObject([{ id }])
  await store.updateEvent(id, { summary: 'Doctor' })
  expect(await chosen.push()).toEqual({ ...NOTHING, updated: 1 })
  expect(other.events()).toMatchObject([{ summary: 'Doctor' }])
})

test.each([
  ['options', {}],
  ['calendar', { calendar: { events: 5 } }],
  ['calendar', { calendar: 'primary' }],
  ['onConflict', { onConflict: 'both' }],
])('wrong %s are refused at once: %j', async (_, options) => {
  const { store } = await makeWorld()
  const { createCalendarSync } = await import('../../src/google-calendar.ts')
  expect(() => createCalendarSync(store, untyped(options))).toThrow('Nothing was stored')
  expect(() => createCalendarSync(untyped({}), untyped({ calendar: { events: 1, channels: 2 } }))).toThrow(
    'is not a store of openStore()',
  )
})
