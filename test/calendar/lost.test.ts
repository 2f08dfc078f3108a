import { describe, expect, test } from '@jest/globals'
import type { Fate } from '../../scripts/calendar-server/index.ts'
import { ObjectId } from '../../src/ids.ts'
import { makeUser, refusedPaths, rejection, untyped } from '../support/make.ts'
import { makeWorld, START } from './support/world.ts'

const DAY = { start: { date: '2030-01-01' }, end: { date: '2030-01-02' } }

test('a series that was never published takes nobody else’s events with it', async () => {
  const { store, event, db, creatorId } = await makeWorld()
  const bystander = await makeUser(store)
  const { event: theirs } = await store.storeEvent({ creatorId: bystander.id, summary: 'x', start: START })
  const other = await event()
  const { id } = await event({ recurrence: ['RRULE:FREQ=DAILY;COUNT=3'] })
  /* As if it had been addressed when the first command looked, and set back then: the second one deletes it. */
  const events = db.collection('dialogue_events')
  await events.updateOne({ _id: new ObjectId(id) }, { $set: { googleCalendarId: 'somewhere' } })
  expect(await store.deleteEvent(id)).toBe(true)
  expect((await store.getEvent(theirs.id)).summary).toBe('x')
  expect((await store.getEvent(other.id)).creatorId).toBe(creatorId)
})

test('a calendar whose first reading fails is read the next time', async () => {
  const { event, sync, store, people, server } = await makeWorld()
  const { id } = await event()
  const one = sync()
  await one.push()
  server.judgeBy(({ kind }) => (kind === 'events.list' ? { status: 503, reason: 'backendError' } : 'answers'))
  await rejection(one.pull(), 'CALENDAR_UNAVAILABLE')
  server.judgeBy(() => 'answers')
  people.change(id, { summary: 'moved' })
  expect(await one.pull()).toMatchObject({ applied: 1 })
  expect((await store.getEvent(id)).summary).toBe('moved')
})

describe('a calendar that is not shared with us any more', () => {
  /** An event is in it. */
  async function unshared() {
    const world = await makeWorld()
    const team = world.server.addCalendar('team@example.com')
    team.share(world.ana, 'writer')
    const { id } = await world.event()
    const sharing = world.sync({ calendarOf: () => team.id })
    await sharing.push()
    team.share(world.ana, undefined)
    return { ...world, id, team, sharing }
  }

  test('cancels nothing here, and is tried again later', async () => {
    const { id, store, ana, hurry, team, sharing } = await unshared()
    await store.updateEvent(id, { summary: 'moved' })
    expect(await sharing.push()).toMatchObject({ updated: 0, failed: 0 })
    expect(await store.getEvent(id)).toMatchObject({
      ...{ status: 'confirmed', summary: 'moved' },
      calendarSync: { state: 'changed', lastError: 'Google answered 401 noAccess.' },
    })
    team.share(ana, 'writer')
    await hurry()
    expect(await sharing.push()).toMatchObject({ updated: 1 })
  })

  test('keeps what is to be removed there', async () => {
    const { id, store, ana, hurry, team, sharing } = await unshared()
    await store.deleteEvent(id)
    expect(await sharing.push()).toMatchObject({ removed: 0 })
    team.share(ana, 'writer')
    await hurry()
    expect(await sharing.push()).toMatchObject({ removed: 1 })
    expect(team.events()).toMatchObject([{ status: 'cancelled' }])
  })
})

test('of several requests without a reply, none is taken for somebody else’s change', async () => {
  const { event, sync, store, people, server, hurry } = await makeWorld()
  const { id } = await event()
  await sync().push()
  await sync().pull('primary')
  const fates: Fate[] = ['loses its reply', { status: 503, reason: 'backendError' }]
  server.judgeBy(({ kind }) => (kind === 'events.patch' ? (fates.shift() ?? 'answers') : 'answers'))
  for (const summary of ['first', 'second']) {
    await store.updateEvent(id, { summary })
    await hurry()
    await sync({ onConflict: 'google' }).push()
  }
  await hurry()
  await sync({ onConflict: 'google' }).push()
  await sync({ onConflict: 'google' }).pull('primary')
  expect((await store.getEvent(id)).summary).toBe('second')
  expect(people.events()).toMatchObject([{ summary: 'second' }])
  expect(await sync().conflicts(id)).toEqual([])
})

test('what people change before the reply of an insert is heard stays, whatever is changed here since', async () => {
  const { event, sync, store, there, people, server, hurry } = await makeWorld()
  server.judgeBy(({ kind }) => (kind === 'events.insert' ? 'loses its reply' : 'answers'))
  const { id } = await event({ location: 'Rua A' })
  await sync().push()
  server.judgeBy(() => 'answers')
  people.change(id, { location: 'Rua B' })
  await store.updateEvent(id, { summary: 'renamed, later' })
  await hurry()
  await sync().push()
  const both = { location: 'Rua B', summary: 'renamed, later' }
  expect(there()).toMatchObject([both])
  expect(await store.getEvent(id)).toMatchObject(both)
})

test('what was deleted there before its insert was heard of, and is changed here since, comes back as it is here', async () => {
  const { event, sync, store, there, people, server, hurry } = await makeWorld()
  server.judgeBy(({ kind }) => (kind === 'events.insert' ? 'loses its reply' : 'answers'))
  const { id } = await event({ summary: 'as it was sent' })
  await sync().push()
  server.judgeBy(() => 'answers')
  people.remove(id)
  await new Promise((resolve) => setTimeout(resolve, 5))
  await store.updateEvent(id, { summary: 'as it is' })
  await hurry()
  await sync().push()
  await sync().pull('primary')
  expect(there()).toMatchObject([{ summary: 'as it is' }])
  expect((await store.getEvent(id)).summary).toBe('as it is')
})

test.each([
  ['without a pull', false],
  ['with one', true],
])('what is taken back before anybody knows whether it arrived is so there, too, %s', async (_, isPulled) => {
  const { event, sync, store, there, server, hurry } = await makeWorld()
  const { id } = await event({ summary: 'as it was' })
  await sync().push()
  if (isPulled) await sync().pull('primary')
  server.judgeBy(({ kind }) => (kind === 'events.patch' ? 'loses its reply' : 'answers'))
  await store.updateEvent(id, { summary: 'hasty' })
  await sync().push()
  server.judgeBy(() => 'answers')
  await store.updateEvent(id, { summary: 'as it was' })
  await hurry()
  await sync().push()
  if (isPulled) {
    await sync().pull('primary')
    await sync().push()
  }
  expect(there()).toMatchObject([{ summary: 'as it was' }])
  expect(await store.getEvent(id)).toMatchObject({ summary: 'as it was', calendarSync: { state: 'synced' } })
})

test('what was deleted here is not imported again before it is removed there', async () => {
  const { people, sync, store, creatorId, server, hurry } = await makeWorld()
  const { id } = people.put({ summary: 'theirs', ...DAY })
  const importing = sync({ importAs: () => creatorId })
  await importing.pull('primary')
  const [event] = (await store.retrieveEvents({ creatorId })).events
  await store.deleteEvent(event?.id ?? '')
  server.judgeBy(({ kind }) => (kind === 'events.delete' ? { status: 503, reason: 'x' } : 'answers'))
  await importing.push()
  server.judgeBy(() => 'answers')
  people.change(id, { location: 'elsewhere' })
  people.expireSyncTokens()
  expect(await importing.pull('primary')).toMatchObject({ created: 0 })
  await hurry()
  expect(await importing.push()).toMatchObject({ removed: 1 })
  expect(await importing.pull('primary')).toMatchObject({ created: 0, cancelled: 0 })
  people.change(id, { status: 'confirmed', summary: 'restored' })
  expect(await importing.pull('primary')).toMatchObject({ created: 1 })
})

test.each(['before', 'after'])(
  'an id that is stored again %s its removal is another event there',
  async (when) => {
    const { event, sync, store, there } = await makeWorld()
    const { id } = await event({ summary: 'old' })
    await sync().push()
    await store.deleteEvent(id)
    if (when === 'after') await sync().push()
    await event({ id, summary: 'new' })
    await sync().push()
    await sync().pull('primary')
    await sync().push()
    expect(there()).toMatchObject([{ summary: 'new' }])
    expect(await store.getEvent(id)).toMatchObject({ summary: 'new', status: 'confirmed' })
  },
)

test('a cancellation is not undone by an insert that arrives late', async () => {
  const { event, sync, store, there, server, people, hurry } = await makeWorld()
  const { id } = await event()
  let late: object = {}
  server.judgeBy(({ kind, body }) => {
    if (kind !== 'events.insert') return 'answers'
    late = Object(body)
    return 'is lost'
  })
  await sync().push()
  server.judgeBy(() => 'answers')
  await store.cancelEvent(id)
  await hurry()
  await sync().push()
  people.put(late)
  await sync().pull('primary')
  await hurry()
  await sync().push()
  expect(there()).toEqual([])
  expect((await store.getEvent(id)).status).toBe('cancelled')
})

test('the later change is that of what calendars see', async () => {
  const { event, sync, store, people, server } = await makeWorld()
  const { id } = await event()
  await sync().push()
  await sync().pull('primary')
  await store.updateEvent(id, { summary: 'ours' })
  server.advance(5)
  await new Promise((resolve) => setTimeout(resolve, 5))
  people.change(id, { summary: 'theirs, later' })
  await new Promise((resolve) => setTimeout(resolve, 10))
  await store.updateEvent(id, { data: { reminded: true } })
  await sync().push()
  expect(await store.getEvent(id)).toMatchObject({ summary: 'theirs, later', data: { reminded: true } })
})

test.each([
  ['google', 'cancelled'],
  ['store', 'confirmed'],
] as const)('a function may let %s have it, deletions too', async (answer, status) => {
  const { event, sync, store, people } = await makeWorld()
  const { id } = await event()
  await sync().push()
  await sync().pull('primary')
  people.remove(id)
  await store.updateEvent(id, { summary: 'ours' })
  await sync({ onConflict: () => answer }).push()
  expect((await store.getEvent(id)).status).toBe(status)
})

test('what cannot be is refused before anything is sent', async () => {
  const { sync, server, db } = await makeWorld()
  const one = sync()
  expect(await refusedPaths(one.pull(untyped({ $ne: null })))).toEqual(['calendarId'])
  expect(await refusedPaths(one.pull(untyped(5)))).toEqual(['calendarId'])
  expect(await refusedPaths(one.pull(''))).toEqual(['calendarId'])
  expect(await refusedPaths(one.watch('primary', untyped(undefined)))).toEqual(['options'])
  expect(await refusedPaths(one.watch('primary', { address: 'http://example.com' }))).toEqual([
    'options.address',
  ])
  expect(await refusedPaths(one.retry(untyped('x')))).toEqual(['eventId'])
  for (const headers of [undefined, null, 5, { 'X-Goog-Channel-ID': { $ne: null } }])
    expect(await refusedPaths(one.handleNotification(untyped(headers)))).toEqual(['headers'])
  expect(() => one.start({ pullEveryMs: 3e9 })).toThrow('pullEveryMs')
  expect(server.requests).toEqual([])
  expect(await db.collection('dialogue_calendar_feeds').countDocuments()).toBe(0)
})
