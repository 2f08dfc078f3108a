import { describe, expect, test } from '@jest/globals'
import { makeUser, rejection } from '../support/make.ts'
import { makeWorld, published, START } from './support/world.ts'

const NOTHING = { applied: 0, created: 0, cancelled: 0, fullResync: false }
const TIMED = { start: { dateTime: '2030-06-01T09:00:00Z' }, end: { dateTime: '2030-06-01T10:00:00Z' } }

describe('what people change', () => {
  test('is taken over, and not sent back', async () => {
    const world = await makeWorld()
    const { people, sync, store, server } = world
    const id = await published(world)
    people.change(id, {
      ...{ summary: 'Orthodontist', description: 'Second floor', location: 'Rua B', visibility: 'private' },
      ...TIMED,
      attendees: [{ email: 'bia@example.com', displayName: 'Bia', responseStatus: 'accepted' }],
      reminders: { useDefault: false, overrides: [{ method: 'email', minutes: 30 }] },
    })
    expect(await sync().pull('primary')).toEqual({ ...NOTHING, applied: 1 })
    expect(await store.getEvent(id)).toMatchObject({
      ...{ summary: 'Orthodontist', description: 'Second floor', location: 'Rua B', version: 2 },
      ...{ start: new Date('2030-06-01T09:00:00Z'), end: new Date('2030-06-01T10:00:00Z') },
      ...{ attendees: [{ email: 'bia@example.com', displayName: 'Bia', comment: null }], reminders: [30] },
      calendarSync: { state: 'synced' },
    })
    const before = server.requests.length
    await sync().push()
    expect(server.requests).toHaveLength(before)
    expect(await sync().pull('primary')).toEqual(NOTHING)
  })

  test('is our own after a push: nothing', async () => {
    const world = await makeWorld()
    const { sync, store } = world
    const id = await published(world)
    await store.updateEvent(id, { summary: 'b' })
    await sync().push()
    expect(await sync().pull('primary')).toEqual(NOTHING)
    expect((await store.getEvent(id)).version).toBe(2)
  })

  test('a page that is older than what was sent since changes nothing', async () => {
    const world = await makeWorld()
    const { sync, store, people, client } = world
    const id = await published(world)
    people.change(id, { summary: 'by Ana' })
    /* While the page is on its way. */
    const meanwhile = async () => {
      await store.updateEvent(id, { summary: 'by the bot' })
      await sync({ onConflict: 'store' }).push()
      expect(people.events()).toMatchObject([{ summary: 'by the bot' }])
    }
    const list = async (params: object, options: object) => {
      const page = await client.events.list(params, options)
      await meanwhile()
      return page
    }
    const slow = {
      ...client,
      channels: client.channels,
      events: Object.assign(Object.create(client.events), { list }),
    }
    await sync({ calendar: slow }).pull('primary')
    expect((await store.getEvent(id)).summary).toBe('by the bot')
    await sync().push()
    expect(people.events()).toMatchObject([{ summary: 'by the bot' }])
  })

  test('a deletion cancels', async () => {
    const world = await makeWorld()
    const { people, sync, store } = world
    const id = await published(world)
    people.remove(id)
    expect(await sync().pull('primary')).toEqual({ ...NOTHING, cancelled: 1 })
    expect(await store.getEvent(id)).toMatchObject({ status: 'cancelled', summary: 'Dentist' })
    expect(await sync().pull('primary')).toEqual(NOTHING)
    people.change(id, { status: 'confirmed', summary: 'Dentist after all' })
    await sync().pull('primary')
    expect(await store.getEvent(id)).toMatchObject({ status: 'confirmed', summary: 'Dentist after all' })
  })

  test('more than a page', async () => {
    const world = await makeWorld()
    const { people, sync, store, event, creatorId } = world
    for (let i = 0; i < 300; i++) await event({ summary: `${i}` })
    await sync().push()
    await sync().pull('primary')
    for (const { id } of people.events()) people.change(id, { location: 'everywhere' })
    expect(await sync().pull('primary')).toEqual({ ...NOTHING, applied: 300 })
    const { events } = await store.retrieveEvents({ creatorId, limit: 1000 })
    expect(events.filter(({ location }) => location === 'everywhere')).toHaveLength(300)
  })
})

describe('when Google has forgotten how far we were', () => {
  test('all is read again: nothing twice, nothing revived, and what went meanwhile is cancelled', async () => {
    const world = await makeWorld()
    const { people, sync, store, event, creatorId } = world
    const kept = await published(world)
    const gone = await published(world, { summary: 'goes' })
    const deleted = await published(world, { summary: 'deleted here' })
    await event({ summary: 'not published' })
    await store.deleteEvent(deleted)
    people.change(kept, { summary: 'kept' })
    people.remove(gone)
    people.expireSyncTokens()
    expect(await sync().pull('primary')).toEqual({ applied: 1, created: 0, cancelled: 1, fullResync: true })
    const { events } = await store.retrieveEvents({ creatorId, status: ['confirmed', 'cancelled'] })
    const said = events.map(({ summary, status }) => `${summary} ${status}`).sort()
    expect(said).toEqual(['goes cancelled', 'kept confirmed', 'not published confirmed'])
    expect(await sync().pull('primary')).toEqual(NOTHING)
  })

  test('between two pages', async () => {
    const world = await makeWorld()
    const { people, sync, event, server } = world
    for (let i = 0; i < 300; i++) await event({ summary: `${i}` })
    await sync().push()
    await sync().pull('primary')
    for (const { id } of people.events()) people.change(id, { location: 'everywhere' })
    let lists = 0
    server.judgeBy(({ kind }) => {
      if (kind === 'events.list' && ++lists === 2) people.expireSyncTokens()
      return 'answers'
    })
    expect(await sync().pull('primary')).toMatchObject({ fullResync: true })
    expect(await sync().pull('primary')).toEqual(NOTHING)
  })
})

test('how far we are is known only after all of it is applied', async () => {
  const world = await makeWorld()
  const { people, sync, event, server, store, creatorId } = world
  for (let i = 0; i < 300; i++) await event({ summary: `${i}` })
  await sync().push()
  await sync().pull('primary')
  for (const { id } of people.events()) people.change(id, { location: 'everywhere' })
  let lists = 0
  server.judgeBy(({ kind }) =>
    kind === 'events.list' && ++lists === 2 ? { status: 503, reason: 'backendError' } : 'answers',
  )
  const failure = await rejection(sync().pull('primary'), 'CALENDAR_UNAVAILABLE')
  expect(failure).toMatchObject({ retryable: true })
  server.judgeBy(() => 'answers')
  await sync().pull('primary')
  const { events } = await store.retrieveEvents({ creatorId, limit: 1000 })
  expect(events.filter(({ location }) => location === 'everywhere')).toHaveLength(300)
})

describe('events of others', () => {
  const foreign = { summary: 'Team lunch', ...TIMED, attendees: [{ email: 'bia@example.com' }] }

  test('are left alone', async () => {
    const { people, sync, store, creatorId } = await makeWorld()
    people.put(foreign)
    expect(await sync().pull('primary')).toEqual(NOTHING)
    expect(await sync({ importAs: () => null }).pull('primary')).toEqual(NOTHING)
    expect((await store.retrieveEvents({ creatorId })).count).toBe(0)
  })

  test('belong to whom importAs names, and go both ways from then on', async () => {
    const { people, sync, store, creatorId } = await makeWorld()
    const asked: unknown[] = []
    const importing = sync({
      importAs: ({ summary }) => {
        asked.push(summary)
        return creatorId
      },
    })
    const { id } = people.put({
      ...{ ...foreign, colorId: '3', recurrence: ['RRULE:FREQ=WEEKLY;COUNT=3'] },
      start: { ...TIMED.start, timeZone: 'UTC' },
      end: { ...TIMED.end, timeZone: 'UTC' },
    })
    expect(await importing.pull('primary')).toEqual({ ...NOTHING, created: 1 })
    const [event] = (await store.retrieveEvents({ creatorId })).events
    expect(event).toMatchObject({
      ...{ summary: 'Team lunch', googleCalendarId: id, recurrence: ['RRULE:FREQ=WEEKLY;COUNT=3'] },
      ...{
        start: new Date('2030-06-01T09:00:00Z'),
        calendarSync: { state: 'synced', calendarId: 'primary' },
      },
    })
    expect(await importing.push()).toMatchObject({ pushed: 0, updated: 0 })
    await store.updateEvent(event?.id ?? '', { summary: 'Team breakfast' })
    expect(await importing.push()).toMatchObject({ updated: 1 })
    expect(people.events()).toMatchObject([{ id, summary: 'Team breakfast', colorId: '3' }])
    people.expireSyncTokens()
    expect(await importing.pull('primary')).toEqual({ ...NOTHING, fullResync: true })
    expect(asked).toEqual(['Team lunch'])
    await store.deleteEvent(event?.id ?? '')
    await importing.push()
    expect(people.events()[0]?.status).toBe('cancelled')
    expect(await importing.pull('primary')).toEqual(NOTHING)
  })

  test('are imported once, though two read the calendar at the same time', async () => {
    const { people, sync, store, creatorId } = await makeWorld()
    for (let i = 0; i < 20; i++) people.put({ ...foreign, summary: `${i}` })
    const importing = () => sync({ importAs: () => creatorId }).pull('primary')
    const results = await Promise.all([importing(), importing()])
    expect(results.reduce((sum, { created }) => sum + created, 0)).toBe(20)
    expect((await store.retrieveEvents({ creatorId })).count).toBe(20)
  })

  test('are left alone where importAs names nobody that there is', async () => {
    const { people, sync, store } = await makeWorld()
    people.put(foreign)
    const gone = await makeUser(store)
    await store.deleteUser(gone.id)
    expect(await sync({ importAs: () => gone.id }).pull('primary')).toEqual(NOTHING)
    expect(await sync({ importAs: () => 'ana' }).pull('primary')).toEqual(NOTHING)
  })

  test('an invitation to one instance of a series comes by itself', async () => {
    const { people, sync, store, creatorId } = await makeWorld()
    const { id } = people.invite({ ...foreign, summary: 'Guest lecture' }, 'course')
    expect(await sync({ importAs: () => creatorId }).pull('primary')).toEqual({ ...NOTHING, created: 1 })
    const { events } = await store.retrieveEvents({ creatorId })
    expect(events).toMatchObject([{ summary: 'Guest lecture', googleCalendarId: id }])
  })

  test('what importAs throws comes back as it was, and the event is not passed over', async () => {
    const { people, sync, creatorId } = await makeWorld()
    people.put(foreign)
    const thrown = new Error('mine')
    const failing = sync({
      importAs: () => {
        throw thrown
      },
    })
    await expect(failing.pull('primary')).rejects.toBe(thrown)
    expect(await sync({ importAs: () => creatorId }).pull('primary')).toEqual({ ...NOTHING, created: 1 })
  })

  test('a copy that a person makes of ours is somebody else’s', async () => {
    const world = await makeWorld()
    const { people, sync, creatorId } = world
    await published(world)
    const [ours] = people.events()
    const { extendedProperties } = ours ?? {}
    people.put({ ...foreign, ...(extendedProperties && { extendedProperties }) })
    expect(await sync().pull('primary')).toEqual(NOTHING)
    expect(await sync().push()).toMatchObject({ removed: 0 })
    expect(people.events()).toHaveLength(2)
    people.expireSyncTokens()
    expect(await sync({ importAs: () => creatorId }).pull('primary')).toMatchObject({ created: 1 })
  })
})

test('whole days and time zones go there and back unharmed', async () => {
  const world = await makeWorld({ timeZone: 'Europe/Berlin' })
  const { people, sync, store, creatorId } = world
  const start = new Date('2030-05-06T03:00:00Z')
  const id = await published(world, { start, allDay: true, timezone: 'America/Sao_Paulo' })
  const before = await store.getEvent(id)
  people.change(id, { summary: 'All day long' })
  await sync().pull('primary')
  const { summary, start: begin, end, timezone, allDay } = await store.getEvent(id)
  expect({ summary, begin, end, timezone, allDay }).toEqual({
    ...{ summary: 'All day long', begin: before.start, end: before.end },
    ...{ timezone: 'America/Sao_Paulo', allDay: true },
  })
  people.put({ summary: 'Holiday', start: { date: '2030-07-01' }, end: { date: '2030-07-03' } })
  await sync({ importAs: () => creatorId }).pull('primary')
  const { events } = await store.retrieveEvents({ creatorId, from: new Date('2030-06-15') })
  expect(events).toMatchObject([
    {
      ...{ summary: 'Holiday', allDay: true, timezone: 'Europe/Berlin' },
      ...{ start: new Date('2030-06-30T22:00:00Z'), end: new Date('2030-07-02T22:00:00Z') },
    },
  ])
  expect(START.getTime()).toBeLessThan(begin.getTime() + 86_400_000)
})
