import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test } from '@jest/globals'
import { ObjectId } from '../../src/ids.ts'
import type { DialogueStore } from '../../src/index.ts'
import { makeWorld, published, type World } from './support/world.ts'

const NOTHING = { applied: 0, created: 0, cancelled: 0, fullResync: false }

describe('instances of a series', () => {
  const WEEKLY = { recurrence: ['RRULE:FREQ=WEEKLY;COUNT=4'], timezone: 'UTC' }
  const SECOND = new Date('2030-05-13T10:00:00Z')

  /** A series, of which people move the second one. */
  async function withMoved(world: World) {
    const id = await published(world, WEEKLY)
    const moved = world.people.moveInstance(id, SECOND, {
      start: { dateTime: '2030-05-14T12:00:00Z' },
      end: { dateTime: '2030-05-14T13:00:00Z' },
    })
    return { id, moved }
  }

  test('one that is cancelled is an exception of the series here, and no change of it there', async () => {
    const world = await makeWorld()
    const { people, sync, store } = world
    const id = await published(world, WEEKLY)
    people.cancelInstance(id, SECOND)
    expect(await sync().pull('primary')).toEqual({ ...NOTHING, applied: 1 })
    const { recurrence } = await store.getEvent(id)
    expect(recurrence).toEqual(['RRULE:FREQ=WEEKLY;COUNT=4', 'EXDATE:20300513T100000Z'])
    await store.updateEvent(id, { summary: 'Course' })
    await sync().push()
    const series = () => people.events().find((one) => one.id === id)
    expect(series()).toMatchObject({ summary: 'Course', recurrence: ['RRULE:FREQ=WEEKLY;COUNT=4'] })
    expect(await sync().pull('primary')).toEqual(NOTHING)
    const longer = await store.updateEvent(id, { recurrence: ['RRULE:FREQ=WEEKLY;COUNT=6'] })
    expect(longer.recurrence).toEqual(['RRULE:FREQ=WEEKLY;COUNT=6', 'EXDATE:20300513T100000Z'])
    await sync().push()
    expect(series()?.recurrence).toEqual(['RRULE:FREQ=WEEKLY;COUNT=6'])
  })

  test('stay with it where a change at Google keeps it from being cancelled', async () => {
    const world = await makeWorld()
    const { people, sync, store, creatorId } = world
    const { id } = await withMoved(world)
    await sync().pull('primary')
    await store.cancelEvent(id)
    people.change(id, { location: 'Rua B' })
    await sync({ onConflict: 'google' }).push()
    const { events } = await store.retrieveEvents({ creatorId })
    expect(events).toMatchObject([{ id, location: 'Rua B' }, { start: new Date('2030-05-14T12:00:00Z') }])
  })

  test('go with it, also one that was brought back at Google', async () => {
    const world = await makeWorld()
    const { people, sync, store, creatorId } = world
    const { id, moved } = await withMoved(world)
    await sync().pull('primary')
    const events = (await store.retrieveEvents({ creatorId })).events
    const instance = events.find(({ googleCalendarId }) => googleCalendarId === moved.id)
    people.remove(id)
    await store.updateEvent(instance?.id ?? '', { summary: 'Only this time' })
    await sync({ onConflict: 'store' }).push()
    await sync({ onConflict: 'store' }).pull('primary')
    await sync({ onConflict: 'store' }).push()
    const there = people.events().find((one) => one.id === moved.id)
    expect((await store.getEvent(instance?.id ?? '')).status).toBe(there?.status)
  })

  test('go with it, though the pull that took that over ended before them', async () => {
    const world = await makeWorld()
    const { people, sync, store, creatorId, db } = world
    const { id } = await withMoved(world)
    await sync().pull('primary')
    people.remove(id)
    const feeds = db.collection('dialogue_calendar_feeds')
    const before = await feeds.findOne({})
    await sync().pull('primary')
    /* As if it had ended after the series. */
    await feeds.updateOne({}, { $set: { syncToken: before?.syncToken } })
    const events = db.collection('dialogue_events')
    await events.updateOne({ 'calendarSync.instanceOf': id }, { $set: { status: 'confirmed' } })
    await sync().pull('primary')
    expect((await store.retrieveEvents({ creatorId })).events).toEqual([])
  })

  test('one that is moved is an event of its own, that can be moved back and forth', async () => {
    const world = await makeWorld()
    const { people, sync, store, creatorId } = world
    const { id, moved } = await withMoved(world)
    expect(await sync().pull('primary')).toEqual({ ...NOTHING, created: 1 })
    const { events } = await store.retrieveEvents({ creatorId, from: new Date('2030-05-14') })
    const [instance] = events
    expect(events).toMatchObject([
      { start: new Date('2030-05-14T12:00:00Z'), recurrence: [], googleCalendarId: moved.id },
    ])
    await store.updateEvent(instance?.id ?? '', { summary: 'Only this time' })
    expect(await sync().push()).toMatchObject({ updated: 1 })
    expect(people.events().find((one) => one.id === moved.id)).toMatchObject({ summary: 'Only this time' })
    people.expireSyncTokens()
    expect(await sync().pull('primary')).toEqual({ ...NOTHING, fullResync: true })
    people.remove(id)
    expect(await sync().pull('primary')).toMatchObject({ cancelled: 1 })
    expect((await store.getEvent(instance?.id ?? '')).status).toBe('cancelled')
  })
  test.each<[string, (store: DialogueStore, id: string) => Promise<unknown>]>([
    ['deleted', (store, id) => store.deleteEvent(id)],
    ['cancelled', (store, id) => store.cancelEvent(id)],
  ])('of one that is %s while they are taken over do not stay without it', async (_, end) => {
    const world = await makeWorld()
    const { sync, store, creatorId, db, stored } = world
    const { id } = await withMoved(world)
    const session = db.client.startSession()
    session.startTransaction()
    /* Nobody stores an event of theirs meanwhile. */
    const touch = { $inc: { touches: 1 } }
    await db.collection('dialogue_users').updateOne({ _id: new ObjectId(creatorId) }, touch, { session })
    const pulled = sync().pull('primary')
    while (!(await stored(id))?.calendarSync.exceptions) await sleep(10)
    await end(store, id)
    await sync().push()
    await session.abortTransaction()
    await pulled
    expect((await store.retrieveEvents({ creatorId })).events).toEqual([])
  })
})
