import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals'
import type { Fate } from '../../scripts/calendar-server/index.ts'
import { createCalendarSync } from '../../src/google-calendar.ts'
import type { DialogueStore, NewEvent } from '../../src/index.ts'
import { clientOf, startServer } from '../calendar-server/support/client.ts'
import { LOST_REPLY, makeFaultyServer } from '../support/faults.ts'
import { makeUser, rejection } from '../support/make.ts'
import { START } from './support/world.ts'

type Faulty = Awaited<ReturnType<typeof makeFaultyServer>>
let faulty: Faulty
let store: DialogueStore
beforeAll(async () => {
  faulty = await makeFaultyServer()
  store = await faulty.open()
})
beforeEach(() => faulty.heal())
afterAll(() => faulty.stop())

const ADDRESS = 'http://127.0.0.1:9/'
const NEW = { summary: 'Dentist', start: START }

/** Each has a Google of their own, whose calendars have the names of the others'. */
async function makeSomebody() {
  await faulty.db.collection('dialogue_calendar_feeds').deleteMany({})
  const server = await startServer({ allowHttp: true })
  const account = server.account('ana@example.com')
  const { id: creatorId } = await makeUser(store)
  const client = clientOf(server, account.token)
  return {
    ...{ server, creatorId, people: server.calendar(account.calendarId) },
    event: async (fields: Partial<NewEvent> = {}) =>
      (await store.storeEvent({ creatorId, ...NEW, ...fields })).event,
    /** As another process has it. */
    sync: () => createCalendarSync(store, { calendar: client, requestsPerMinute: 1_000_000 }),
    /** @param asked before it has somebody's access */
    syncOfEach: (asked = async () => {}) =>
      createCalendarSync(store, {
        calendar: () => asked().then(() => client),
        requestsPerMinute: 1_000_000,
      }),
  }
}

const failing = (command: string, collection: string, failure: object) =>
  faulty.fail({ failCommands: [command], collection, ...failure }, { times: 1 })

test('an event that was claimed without a word of a majority is published at once, and not when the claim is over', async () => {
  const { event, sync } = await makeSomebody()
  await event()
  await failing('findAndModify', 'events', LOST_REPLY)
  expect(await sync().push()).toMatchObject({ pushed: 1 })
})

test('an event that was let go of without a word of a majority counts as published', async () => {
  const { event, sync, server } = await makeSomebody()
  await event()
  server.judgeBy(async (): Promise<Fate> => {
    await failing('findAndModify', 'events', LOST_REPLY)
    return 'answers'
  })
  expect(await sync().push()).toMatchObject({ pushed: 1 })
  expect(await sync().push()).toMatchObject({ pushed: 0, updated: 0 })
})

test('a removal that was claimed so is done at once', async () => {
  const { event, sync } = await makeSomebody()
  const { id } = await event()
  await sync().push()
  await store.deleteEvent(id)
  await failing('findAndModify', 'calendar_removals', LOST_REPLY)
  expect(await sync().push()).toMatchObject({ removed: 1 })
})

test('a channel that is being opened so is opened at once', async () => {
  const { event, sync } = await makeSomebody()
  await event()
  await sync().push()
  await failing('findAndModify', 'calendar_feeds', LOST_REPLY)
  /* Its own claim would last for longer than this test. */
  expect(await sync().watch('primary', { address: ADDRESS })).toMatchObject({ calendarId: 'primary' })
}, 20_000)

test('a channel that was kept without a word of a majority is not stopped', async () => {
  const { event, sync, server } = await makeSomebody()
  await event()
  await sync().push()
  await failing('update', 'calendar_feeds', LOST_REPLY)
  await sync().watch('primary', { address: ADDRESS })
  const asked = server.requests.map(({ kind }) => kind)
  expect(asked.filter((kind) => kind === 'events.watch')).toHaveLength(1)
  expect(asked).not.toContain('channels.stop')
})

test('a renewal that is slower than the end of its channel opens no other', async () => {
  const { sync, server } = await makeSomebody()
  await sync().watch('primary', { address: ADDRESS })
  const soon = { $set: { 'channel.expiresAt': new Date(Date.now() + 60_000) } }
  await faulty.db.collection('dialogue_calendar_feeds').updateMany({}, soon)
  /* Its claim, and that of the pull that begins with it. */
  const blocked = { failCommands: ['findAndModify'], blockConnection: true, blockTimeMS: 500 }
  const waiting = await faulty.fail({ ...blocked, collection: 'calendar_feeds' }, { times: 2 })
  const running = sync()
  running.start()
  await waiting(2)
  expect(await sync().unwatch('primary')).toBe(true)
  await running.stop()
  expect(server.requests.filter(({ kind }) => kind === 'events.watch')).toHaveLength(1)
  expect(await sync().unwatch('primary')).toBe(false)
})

test('a push that the database ends says that a part of it may be done', async () => {
  const { event, sync, server } = await makeSomebody()
  await event()
  server.judgeBy(async ({ kind }): Promise<Fate> => {
    /* Refused, and not done. */
    if (kind === 'events.insert') await failing('findAndModify', 'events', { errorCode: 2 })
    return 'answers'
  })
  expect(await rejection(sync().push(), 'UNAVAILABLE')).toMatchObject({ outcome: 'unknown' })
})

test('a series that is deleted just before an instance of it is stored takes it along', async () => {
  const { creatorId, event, sync, people } = await makeSomebody()
  const { id } = await event({ recurrence: ['RRULE:FREQ=WEEKLY;COUNT=4'], timezone: 'UTC' })
  await sync().push()
  people.moveInstance(id, new Date('2030-05-13T10:00:00Z'), {
    start: { dateTime: '2030-05-14T12:00:00Z' },
    end: { dateTime: '2030-05-14T13:00:00Z' },
  })
  await failing('insert', 'events', { blockConnection: true, blockTimeMS: 500 })
  const pulled = sync().pull('primary')
  while ((await store.getEvent(id)).recurrence.length < 2) await sleep(10)
  await sleep(100)
  await store.deleteEvent(id)
  await pulled
  expect((await store.retrieveEvents({ creatorId })).events).toEqual([])
})

test.each([
  ['find', 'events'],
  ['delete', 'calendar_farewells'],
])(
  'what is kept of an erased user goes with the next push where one died at its %s of %s',
  async (command, collection) => {
    const { event, creatorId, syncOfEach } = await makeSomebody()
    await event()
    await syncOfEach().push()
    await store.deleteUser(creatorId)
    const kept = faulty.db.collection('dialogue_calendar_farewells')
    expect(await kept.countDocuments()).toBe(1)
    /* No time is left: that command was its last. */
    await failing(command, collection, { errorCode: 50 })
    await rejection(syncOfEach().push(), 'TIMEOUT')
    await faulty.db.collection('dialogue_calendar_removals').updateMany({}, { $unset: { until: 1 } })
    await syncOfEach().push()
    expect(await kept.countDocuments()).toBe(0)
  },
)

test('a pull that an erasure overtakes makes nothing known again, though it dies then', async () => {
  const { event, creatorId, syncOfEach } = await makeSomebody()
  await event()
  await syncOfEach().push()
  const overtaken = syncOfEach(async () => {
    await store.deleteUser(creatorId)
    await failing('find', 'calendar_feeds', { errorCode: 50 })
  })
  await rejection(overtaken.pull(), 'TIMEOUT')
  expect(await faulty.db.collection('dialogue_calendar_feeds').countDocuments()).toBe(0)
})
