import { expect, jest, test } from '@jest/globals'
import { ObjectId } from '../../src/ids.ts'
import { profile } from '../messages/support/profile.ts'
import { makeWorld } from './support/world.ts'

const MINUTE_MS = 60_000
const NOT_DATES = ['hrtime', 'nextTick', 'performance', 'queueMicrotask'] as const
const TIMERS = [
  ...(['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'] as const),
  ...(['setImmediate', 'clearImmediate'] as const),
]

/** As a process does it whose clock is so much ahead of the server's. */
async function ahead<T>(ms: number, work: () => Promise<T>): Promise<T> {
  jest.useFakeTimers({ now: Date.now() + ms, doNotFake: [...NOT_DATES, ...TIMERS] })
  try {
    return await work()
  } finally {
    jest.useRealTimers()
  }
}

test('what may still arrive is looked for after a minute of the server’s, whatever time a process has', async () => {
  const { event, sync, store, server, db } = await makeWorld()
  const { id } = await event()
  server.judgeBy(({ kind }) => (kind === 'events.insert' ? 'is lost' : 'answers'))
  await sync().push()
  await store.deleteEvent(id)
  await ahead(2 * MINUTE_MS, () => sync().push())
  const [removal] = await db.collection('dialogue_calendar_removals').find().toArray()
  expect(removal).toMatchObject({ looks: 1 })
  expect(removal).not.toHaveProperty('doneAt')
})

test('what has just failed is not tried again by the same push, whatever time its process has', async () => {
  const { event, sync } = await makeWorld()
  await event()
  let asked = 0
  const calendar = () => {
    asked++
    return null
  }
  await ahead(120 * MINUTE_MS, () => sync({ calendar }).push())
  expect(asked).toBe(1)
})

test('what is due is found by its index, without a look at what waits for later', async () => {
  const { event, sync, stored, db } = await makeWorld()
  const { id } = await event()
  const like = await stored(id)
  const dueAt = new Date(Date.now() + 120 * MINUTE_MS)
  const [eventId, createdAt] = [new ObjectId(), new Date()]
  const many = Array.from({ length: 2000 }, (_, i) => `${i}`)
  const calendarSync = { state: 'local', dueAt }
  await db
    .collection('dialogue_events')
    .insertMany(many.map(() => ({ ...like, _id: new ObjectId(), calendarSync })))
  await db
    .collection<{ _id: string }>('dialogue_calendar_removals')
    .insertMany(many.map((_id) => ({ _id, googleCalendarId: _id, eventId, isSeen: true, createdAt, dueAt })))
  const commands = await profile(db, () => sync().push(), ['events', 'calendar_removals'])
  const claims = commands.filter(({ command }) => 'sort' in command)
  expect(claims.length).toBeGreaterThan(4)
  for (const { planSummary, keysExamined } of claims) {
    expect(planSummary).toMatch(/^IXSCAN \{ (calendarSync\.)?dueAt/)
    expect(keysExamined).toBeLessThan(10)
  }
  expect(await stored(id)).toMatchObject({ calendarSync: { state: 'synced' } })
})
