import { setTimeout as pause } from 'node:timers/promises'
import { expect, test } from '@jest/globals'
import type { Fate } from '../../scripts/calendar-server/index.ts'
import { ObjectId } from '../../src/ids.ts'
import { rejection } from '../support/make.ts'
import { before, makeWorld, published, purge } from './support/world.ts'

const DAY = { start: { date: '2030-01-01' }, end: { date: '2030-01-02' } }

test('who is being erased publishes nothing any more', async () => {
  const { event, sync, db, creatorId, server } = await makeWorld()
  await event()
  /* As the erasure leaves it before the events are deleted. */
  await db.collection('dialogue_users').replaceOne(
    { _id: new ObjectId(creatorId) },
    {
      ...{ erasedAt: new Date(), receipt: { messages: 0, contexts: 0, events: 0 } },
      erasing: { step: 1, messages: [], events: [] },
    },
  )
  expect(await sync({ calendarOf: () => 'primary' }).push()).toMatchObject({ pushed: 0, failed: 0 })
  expect(server.requests).toEqual([])
})

test('a deletion that was undone while the page was on its way is none', async () => {
  const world = await makeWorld()
  const { event, sync, store, people } = world
  const { id } = await event()
  await sync().push()
  await sync().pull('primary')
  people.remove(id)
  await store.updateEvent(id, { summary: 'still wanted' })
  const pulling = sync({ onConflict: 'store' })
  /* The list is read, and then held up. */
  before(world, 'events.get', () => sync({ onConflict: 'store' }).push())
  await pulling.pull('primary')
  await sync({ onConflict: 'store' }).push()
  expect(await store.getEvent(id)).toMatchObject({ status: 'confirmed', summary: 'still wanted' })
  expect(people.events()).toMatchObject([{ status: 'confirmed', summary: 'still wanted' }])
})

test('what was purged there stays deleted, though the bot writes to it while a push finds that', async () => {
  const world = await makeWorld()
  const { sync, store, server } = world
  const id = await published(world)
  await purge(world, id)
  await store.updateEvent(id, { summary: 'moved' })
  before(world, 'events.patch', () => store.updateEvent(id, { data: { seen: true } }))
  await sync().push()
  expect(await store.getEvent(id)).toMatchObject({ status: 'cancelled', data: { seen: true } })
  expect(server.requests.filter(({ kind }) => kind === 'events.insert')).toHaveLength(1)
})

test('a pull that waits while an event is published anew leaves what was its id alone', async () => {
  const world = await makeWorld()
  const { sync, store, people, server, there } = world
  const id = await published(world)
  await purge(world, id)
  people.expireSyncTokens()
  await store.updateEvent(id, { summary: 'still wanted' })
  let pulled: Promise<unknown> = Promise.resolve()
  before(world, 'events.patch', async () => {
    pulled = sync().pull('primary')
    while (!server.requests.some(({ kind }) => kind === 'events.get')) await pause(10)
    /* It has asked for what no list names, and waits for the push by now. */
    await pause(300)
  })
  await sync({ onConflict: 'store' }).push()
  await pulled
  expect(await store.getEvent(id)).toMatchObject({ status: 'confirmed', summary: 'still wanted' })
  expect(there()).toMatchObject([{ summary: 'still wanted' }])
})

test('an event whose insert is under way is not taken for one that was removed', async () => {
  const world = await makeWorld()
  const { event, sync, store, there } = world
  const { id } = await event()
  before(world, 'events.insert', () =>
    sync()
      .pull('primary')
      .catch(() => {}),
  )
  await sync().push()
  expect((await store.getEvent(id)).status).toBe('confirmed')
  expect(there()).toHaveLength(1)
}, 120_000)

test('by default a later change here wins over a deletion there, whichever way meets it', async () => {
  for (const way of ['push', 'pull'] as const) {
    const { event, sync, store, people } = await makeWorld()
    const { id } = await event()
    await sync().push()
    await sync().pull('primary')
    people.remove(id)
    await new Promise((resolve) => setTimeout(resolve, 5))
    await store.updateEvent(id, { summary: 'later' })
    await (way === 'push' ? sync().push() : sync().pull('primary'))
    await sync().push()
    expect(await store.getEvent(id)).toMatchObject({ status: 'confirmed', summary: 'later' })
  }
})

test('a date of the bot’s own in a line of exceptions leaves what people have moved as it is', async () => {
  const { event, sync, store, people } = await makeWorld()
  const { id } = await event({ recurrence: ['RRULE:FREQ=WEEKLY;COUNT=4'], timezone: 'UTC' })
  await sync().push()
  await sync().pull('primary')
  people.moveInstance(id, new Date('2030-05-13T10:00:00Z'), {
    start: { dateTime: '2030-05-14T12:00:00Z' },
    end: { dateTime: '2030-05-14T13:00:00Z' },
  })
  await sync().pull('primary')
  const { recurrence } = await store.getEvent(id)
  const own = recurrence.map((line) => (line.startsWith('EXDATE') ? `${line},20300520T100000Z` : line))
  const changed = await store.updateEvent(id, { recurrence: own })
  expect(changed.recurrence).toEqual([
    'RRULE:FREQ=WEEKLY;COUNT=4',
    'EXDATE:20300520T100000Z',
    'EXDATE:20300513T100000Z',
  ])
  await sync().push()
  const series = people.events().find((one) => one.id === id)
  expect(series?.recurrence).toEqual(['RRULE:FREQ=WEEKLY;COUNT=4', 'EXDATE:20300520T100000Z'])
})

test('somebody else’s event under the id that ours was to have stays theirs', async () => {
  const { event, sync, store, people, server, there, hurry } = await makeWorld()
  const id = new ObjectId().toHexString()
  server.judgeBy(({ kind }) => (kind === 'events.insert' ? 'is lost' : 'answers'))
  await event({ id })
  await sync().push()
  server.judgeBy(() => 'answers')
  people.put({ id, summary: 'theirs', ...DAY })
  await store.cancelEvent(id)
  for (let i = 0; i < 5; i++) {
    await hurry()
    await sync().push()
  }
  await sync().pull('primary')
  expect(there()).toMatchObject([{ id, summary: 'theirs' }])
})

test.each(['here', 'there'])(
  'an import of who was frozen does not bring back what was deleted %s meanwhile',
  async (where) => {
    const { sync, store, people, db, creatorId } = await makeWorld()
    const { id } = people.put({ summary: 'theirs', ...DAY })
    const all = async () => (await store.retrieveEvents({ creatorId })).events
    const importAs = async () => {
      /* As if it took longer than its right to read the calendar lasts. */
      await db.collection('dialogue_calendar_feeds').updateMany({}, { $unset: { owner: 1, until: 1 } })
      if (where === 'there') people.remove(id)
      await sync({ importAs: () => creatorId }).pull('primary')
      for (const event of await all()) await store.deleteEvent(event.id)
      await sync().push()
      return creatorId
    }
    await rejection(sync({ importAs }).pull('primary'), 'TIMEOUT')
    expect(people.events()).toMatchObject([{ status: 'cancelled' }])
    expect(await all()).toEqual([])
  },
)

test('an event that is stored again under its id stays in its other calendar, though it is overtaken', async () => {
  const { event, sync, store, server, ana, db } = await makeWorld()
  const team = server.addCalendar('team@group.calendar.google.com')
  team.share(ana, 'writer')
  const { id } = await event()
  await sync().push()
  await store.deleteEvent(id)
  await sync().push()
  await event({ id })
  await sync({ calendarOf: () => team.id }).push()
  await store.updateEvent(id, { summary: 'moved' })
  server.judgeBy(async ({ kind }): Promise<Fate> => {
    const owner = { $set: { 'calendarSync.owner': new ObjectId() } }
    if (kind === 'events.patch') await db.collection('dialogue_events').updateOne({}, owner)
    return 'answers'
  })
  await sync().push()
  expect(team.events()).toMatchObject([{ id, status: 'confirmed', summary: 'moved' }])
})
