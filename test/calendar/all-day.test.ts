import { expect, test } from '@jest/globals'
import { dateOf, dayStart, isDayStart } from '../../src/events/days.ts'
import { makeWorld, published } from './support/world.ts'

/* Midnight is skipped where summer begins. West of Greenwich the day before is the nearer one. */
test.each([
  ['Africa/Cairo', '2024-04-26'],
  ['America/Santiago', '2026-09-06'],
  ['America/Havana', '2026-03-08'],
  ['Atlantic/Azores', '2026-03-29'],
])('a day whose midnight is skipped begins on that day: %s', (zone, date) => {
  const start = dayStart(date, zone)
  expect(dateOf(start, zone)).toBe(date)
  expect(isDayStart(start, zone)).toBe(true)
})

test('people move an event to a day without midnight: it is that day here, and can be changed', async () => {
  const world = await makeWorld()
  const { people, sync, store, stored, there } = world
  const id = await published(world, {
    ...{ start: new Date('2030-09-02T04:00Z'), allDay: true, timezone: 'America/Santiago' },
  })
  people.change(id, { start: { date: '2030-09-08' }, end: { date: '2030-09-09' } })
  await sync().pull('primary')
  expect(await stored(id)).toMatchObject({
    start: new Date('2030-09-08T04:00Z'),
    end: new Date('2030-09-09T03:00Z'),
  })
  await store.updateEvent(id, { summary: 'Fiestas Patrias' })
  await sync().push()
  expect(there()).toMatchObject([{ summary: 'Fiestas Patrias', start: { date: '2030-09-08' } }])
})

test('a day of no length, as Google has them, is that whole day here, and can be changed', async () => {
  const world = await makeWorld()
  const { people, sync, store, creatorId } = world
  const id = await published(world, { start: new Date('2030-09-02T00:00Z'), allDay: true })
  people.change(id, { start: { date: '2030-09-03' }, end: { date: '2030-09-03' } })
  await sync().pull('primary')
  const that = { from: new Date('2030-09-03T00:00Z'), to: new Date('2030-09-04T00:00Z') }
  const { events } = await store.retrieveEvents({ creatorId, ...that })
  expect(events).toMatchObject([{ id, start: that.from, end: that.to }])
  await store.updateEvent(id, { summary: 'Holiday' })
})

test('when a country changes its clocks, a day stays the day it was, and can be changed', async () => {
  const world = await makeWorld()
  const { people, sync, store, db, there } = world
  const timezone = 'America/Mexico_City'
  const id = await published(world, { start: new Date('2030-07-02T06:00Z'), allDay: true, timezone })
  /* As it was stored by who knew of summer time there. */
  await db
    .collection('dialogue_events')
    .updateOne({}, { $set: { start: new Date('2030-07-02T05:00Z'), end: new Date('2030-07-03T05:00Z') } })
  people.change(id, { location: 'Rua B' })
  await sync().pull('primary')
  await sync().push()
  expect(there()).toMatchObject([{ location: 'Rua B', start: { date: '2030-07-02' } }])
  await store.updateEvent(id, { summary: 'Holiday' })
  await sync().push()
  expect(there()).toMatchObject([{ summary: 'Holiday', start: { date: '2030-07-02' } }])
})
