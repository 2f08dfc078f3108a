import { describe, expect, test } from '@jest/globals'
import type { Fate } from '../../scripts/calendar-server/index.ts'
import { clientOf } from '../calendar-server/support/client.ts'
import { makeUser, rejection } from '../support/make.ts'
import { makeWorld, published, START } from './support/world.ts'

const DAY = { start: { date: '2030-01-01' }, end: { date: '2030-01-02' } }

describe('nothing at Google is deleted that was not deleted here', () => {
  test('a calendar that is read by another name of its own', async () => {
    const { event, sync, there, ana } = await makeWorld()
    await event()
    await sync().push()
    await sync().pull(ana.calendarId)
    expect(await sync().push()).toMatchObject({ removed: 0 })
    expect(there()).toHaveLength(1)
  })

  test('a database that was set back', async () => {
    const { event, sync, there, db } = await makeWorld()
    await event()
    await sync().push()
    await db.collection('dialogue_events').deleteMany({})
    await sync().pull('primary')
    expect(await sync().push()).toMatchObject({ removed: 0 })
    expect(there()).toHaveLength(1)
  })
})

test('what arrives there after its removal is removed again', async () => {
  const { event, sync, store, there, people } = await makeWorld()
  const { id } = await event()
  await sync().push()
  await store.deleteEvent(id)
  await sync().push()
  people.change(id, { status: 'confirmed' })
  await sync().pull('primary')
  expect(await sync().push()).toMatchObject({ removed: 1 })
  expect(there()).toEqual([])
})

test('a pull waits for who publishes the event, and takes its change over', async () => {
  const { event, sync, store, people, server } = await makeWorld()
  const { id } = await event()
  await sync().push()
  await sync().pull('primary')
  people.change(id, { location: 'Rua B' })
  await store.updateEvent(id, { summary: 'refused' })
  let pulled: Promise<unknown> = Promise.resolve()
  server.judgeBy(async ({ kind }): Promise<Fate> => {
    if (kind !== 'events.patch') return 'answers'
    server.judgeBy(() => 'answers')
    pulled = sync().pull('primary')
    await new Promise((resolve) => setTimeout(resolve, 300))
    return { status: 400, reason: 'invalid' }
  })
  expect(await sync().push()).toMatchObject({ failed: 1 })
  expect(await pulled).toMatchObject({ applied: 1 })
  expect(await store.getEvent(id)).toMatchObject({ location: 'Rua B', summary: 'refused' })
})

test('a correction that is stored while the event is refused is tried at once', async () => {
  const { event, sync, store, server, there } = await makeWorld()
  const { id } = await event()
  server.judgeBy(async ({ kind }): Promise<Fate> => {
    if (kind !== 'events.insert') return 'answers'
    server.judgeBy(() => 'answers')
    await store.updateEvent(id, { summary: 'corrected' })
    return { status: 400, reason: 'invalid' }
  })
  await sync().push()
  expect(there()).toMatchObject([{ summary: 'corrected' }])
  expect((await store.getEvent(id)).calendarSync.state).toBe('synced')
})

test('the access of an erased user is kept until the last of many events is removed', async () => {
  const { event, store, there, sync, creatorId, client, db, people } = await makeWorld()
  const each = sync({ calendar: () => client })
  for (let i = 0; i < 3; i++) await event()
  await each.push()
  const events = db.collection('dialogue_events')
  const [first, ...rest] = await events.find().toArray()
  await store.deleteUser(creatorId)
  /* As if these were in a later batch of the erasure. */
  await events.insertMany(rest)
  await db.collection('dialogue_calendar_removals').deleteMany({
    googleCalendarId: { $in: rest.map(({ googleCalendarId }) => googleCalendarId) },
  })
  expect(await each.push()).toMatchObject({ removed: 1 })
  expect(people.events().find(({ id }) => id === first?.googleCalendarId)?.status).toBe('cancelled')
  expect(await db.collection('dialogue_calendar_farewells').countDocuments()).toBe(1)
  expect(there()).toHaveLength(2)
})

test('where one client serves all, nothing of an erased user is kept', async () => {
  const { event, store, there, sync, creatorId, db } = await makeWorld()
  await event()
  await sync().push()
  await store.deleteUser(creatorId)
  expect(await db.collection('dialogue_calendar_farewells').countDocuments()).toBe(0)
  expect(await sync().push()).toMatchObject({ removed: 1 })
  expect(there()).toEqual([])
})

describe('a calendar that cannot be read', () => {
  test('does not keep others from being read', async () => {
    const { store, server, sync, creatorId, ana, people } = await makeWorld()
    const bia = server.account('bia@example.com')
    const other = await makeUser(store, { name: 'Bia' })
    const each = sync({ calendar: ({ name }) => clientOf(server, name === 'Bia' ? bia.token : ana.token) })
    await store.storeEvent({ creatorId: other.id, summary: 'of Bia', start: START })
    const { event } = await store.storeEvent({ creatorId, summary: 'of Ana', start: START })
    await each.push()
    server.revoke(bia.token)
    people.change(event.id, { summary: 'moved' })
    expect(await rejection(each.pull(), 'CALENDAR_REFUSED')).toMatchObject({ outcome: 'unknown' })
    expect((await store.getEvent(event.id)).summary).toBe('moved')
    await store.deleteUser(other.id)
    await each.push()
    await each.pull()
  })

  test('any further has been taken over until there', async () => {
    const world = await makeWorld()
    const { store, server, sync, people } = world
    const id = await published(world)
    people.change(id, { summary: 'moved' })
    for (let i = 0; i < 250; i++) people.put({ summary: 'x', ...DAY })
    let pages = 0
    server.judgeBy(({ kind }): Fate => {
      if (kind !== 'events.list' || ++pages < 2) return 'answers'
      return { status: 403, reason: 'forbidden' }
    })
    const refused = await rejection(sync().pull('primary'), 'CALENDAR_REFUSED')
    expect((await store.getEvent(id)).summary).toBe('moved')
    expect(refused.outcome).toBe('unknown')
  })

  test('and was never known is not remembered', async () => {
    const { sync, db } = await makeWorld()
    const refused = await rejection(sync().pull('typo@example.com'), 'CALENDAR_REFUSED')
    expect(refused.outcome).toBe('not-applied')
    await rejection(sync().watch('typo@example.com', { address: 'https://example.com' }), 'CALENDAR_REFUSED')
    expect(await db.collection('dialogue_calendar_feeds').countDocuments()).toBe(0)
  })
})

test('what a function makes of a conflict begins with what both agree on', async () => {
  const { event, sync, store, people } = await makeWorld()
  const { id } = await event()
  await sync().push()
  await sync().pull('primary')
  const later = { start: { dateTime: '2031-01-01T10:00:00Z' }, end: { dateTime: '2031-01-01T11:00:00Z' } }
  people.change(id, later)
  await store.updateEvent(id, { summary: 'renamed' })
  const deciding = sync({ onConflict: () => ({ location: 'Rua C' }) })
  await deciding.pull('primary')
  await deciding.push()
  expect(await store.getEvent(id)).toMatchObject({
    ...{ summary: 'renamed', location: 'Rua C' },
    ...{ start: new Date('2031-01-01T10:00:00Z'), end: new Date('2031-01-01T11:00:00Z') },
  })
})

test('an event that ends when it begins can be changed here', async () => {
  const { event, sync, store, people } = await makeWorld()
  const { id } = await event()
  await sync().push()
  await sync().pull('primary')
  const start = { dateTime: '2031-01-01T10:00:00Z' }
  people.change(id, { start, end: start })
  await sync().pull('primary')
  await store.updateEvent(id, { summary: 'renamed' })
  expect(await sync().push()).toMatchObject({ updated: 1 })
})

test('a function that gives nonsense holds up no other event of a push', async () => {
  const { event, sync, store, people, there } = await makeWorld()
  const { id } = await event()
  await sync().push()
  await sync().pull('primary')
  people.change(id, { summary: 'theirs' })
  await store.updateEvent(id, { summary: 'ours' })
  await event({ summary: 'other' })
  const onConflict = () => ({ end: 5 }) as never
  expect(await sync({ onConflict }).push()).toMatchObject({ pushed: 1, failed: 0 })
  expect(there().map(({ summary }) => summary)).toContain('other')
})

test('a series that is cancelled or deleted takes its moved instances with it', async () => {
  const { event, sync, store, people, creatorId } = await makeWorld()
  const series = { recurrence: ['RRULE:FREQ=WEEKLY;COUNT=4'], timezone: 'UTC' }
  const moved = { start: { dateTime: '2030-05-14T12:00:00Z' }, end: { dateTime: '2030-05-14T13:00:00Z' } }
  const [one, two] = [await event(series), await event(series)]
  await sync().push()
  for (const { id } of [one, two]) people.moveInstance(id, new Date('2030-05-13T10:00:00Z'), moved)
  await sync().pull('primary')
  expect((await store.retrieveEvents({ creatorId })).count).toBe(4)
  await store.deleteEvent(one.id)
  await store.cancelEvent(two.id)
  await sync().push()
  expect((await store.retrieveEvents({ creatorId })).count).toBe(0)
  expect(await sync().pull('primary')).toMatchObject({ applied: 0, created: 0 })
})

test('pulls of one calendar that wait are one', async () => {
  const { sync, server } = await makeWorld()
  const one = sync()
  /* All of them have begun when the first one ends. */
  server.judgeBy(() => ({ delayMs: 800 }))
  await Promise.all(Array.from({ length: 10 }, () => one.pull('primary')))
  expect(server.requests.filter(({ kind }) => kind === 'events.list')).toHaveLength(2)
})

test('a removal that was refused can be tried again', async () => {
  const { event, sync, store, server, there } = await makeWorld()
  const { id } = await event()
  await sync().push()
  await store.deleteEvent(id)
  server.judgeBy(({ kind }) => (kind === 'events.delete' ? { status: 403, reason: 'forbidden' } : 'answers'))
  expect(await sync().push()).toMatchObject({ failed: 1 })
  server.judgeBy(() => 'answers')
  expect(await sync().push()).toMatchObject({ removed: 0 })
  await sync().retry(id)
  expect(await sync().push()).toMatchObject({ removed: 1 })
  expect(there()).toEqual([])
})

test('a foreign event on a whole day stays where it is', async () => {
  const { people, sync, store, creatorId } = await makeWorld()
  const { id } = people.put({ summary: 'x', ...DAY })
  const importing = sync({ importAs: () => creatorId })
  await importing.pull('primary')
  const [event] = (await store.retrieveEvents({ creatorId })).events
  await store.updateEvent(event?.id ?? '', { summary: 'y' })
  await importing.push()
  expect(people.events()).toMatchObject([{ id, summary: 'y', ...DAY }])
})
