import { describe, expect, test } from '@jest/globals'
import type { Fate, Kind } from '../../scripts/calendar-server/index.ts'
import { rejection } from '../support/make.ts'
import { makeWorld, type World } from './support/world.ts'

/** The first so many requests of a kind meet that. */
function befall({ server }: World, wanted: Kind, fate: Fate, times = 1): void {
  let left = times
  server.judgeBy(({ kind }) => (kind === wanted && left-- > 0 ? fate : 'answers'))
}

/** Of removals: one that is done is remembered for a while. */
const UNDONE = { doneAt: { $exists: false } }
const NOTHING = { pushed: 0, updated: 0, removed: 0, conflicts: 0, failed: 0 }

describe('whatever becomes of a request, it is done once', () => {
  const FATES: [string, Fate][] = [
    ['is lost', 'is lost'],
    ['loses its reply', 'loses its reply'],
    ['503', { status: 503, reason: 'backendError' }],
    ['429', { status: 429, reason: 'rateLimitExceeded' }],
    ['403 rate limit', { status: 403, reason: 'userRateLimitExceeded' }],
    ['401', { status: 401, reason: 'authError' }],
  ]

  test.each(FATES)('an insert that meets %s', async (_, fate) => {
    const world = await makeWorld()
    const { event, sync, people, store, hurry } = world
    const { id } = await event()
    befall(world, 'events.insert', fate)
    expect(await sync().push()).toEqual(NOTHING)
    const { calendarSync, version } = await store.getEvent(id)
    expect(calendarSync).toMatchObject({ state: 'local', lastError: expect.stringMatching(/^Google/) })
    await hurry()
    await sync().push()
    expect(people.events()).toMatchObject([{ id, summary: 'Dentist' }])
    expect(await store.getEvent(id)).toMatchObject({
      version,
      calendarSync: { state: 'synced', lastError: null },
    })
    expect((await world.sync().conflicts(id)).length).toBe(0)
  })

  test.each(FATES)('a change that meets %s', async (_, fate) => {
    const world = await makeWorld()
    const { event, sync, people, store, hurry } = world
    const { id } = await event()
    await sync().push()
    await store.updateEvent(id, { summary: 'Moved' })
    befall(world, 'events.patch', fate)
    expect(await sync().push()).toEqual(NOTHING)
    await store.updateEvent(id, { location: 'Rua B' })
    await hurry()
    await sync({ onConflict: 'google' }).push()
    expect(people.events()).toMatchObject([{ summary: 'Moved', location: 'Rua B' }])
    expect(await store.getEvent(id)).toMatchObject({
      ...{ summary: 'Moved', location: 'Rua B', calendarSync: { state: 'synced' } },
    })
    expect(await sync().conflicts(id)).toEqual([])
  })

  test.each(FATES)('a deletion that meets %s', async (_, fate) => {
    const world = await makeWorld()
    const { event, sync, there, store, hurry, db } = world
    const { id } = await event()
    await sync().push()
    await store.deleteEvent(id)
    befall(world, 'events.delete', fate)
    expect(await sync().push()).toEqual(NOTHING)
    await hurry()
    expect(await sync().push()).toEqual({ ...NOTHING, removed: 1 })
    expect(there()).toEqual([])
    expect(await db.collection('dialogue_calendar_removals').countDocuments(UNDONE)).toBe(0)
  })
})

test('an event whose insert lost its reply, and that changed meanwhile, is there once, as it is now', async () => {
  const world = await makeWorld()
  const { event, sync, people, store, hurry } = world
  const { id } = await event()
  befall(world, 'events.insert', 'loses its reply')
  await sync().push()
  await store.updateEvent(id, { summary: 'Surgeon' })
  await hurry()
  await sync({ onConflict: 'store' }).push()
  expect(people.events()).toMatchObject([{ id, summary: 'Surgeon' }])
})

test('an event that is deleted while its insert is under way is not there afterwards', async () => {
  const { event, sync, there, store, server, db } = await makeWorld()
  const { id } = await event()
  server.judgeBy(async ({ kind }): Promise<Fate> => {
    if (kind === 'events.insert') await store.deleteEvent(id)
    return 'answers'
  })
  await sync().push()
  await sync().push()
  expect(there()).toEqual([])
  expect(await db.collection('dialogue_calendar_removals').countDocuments(UNDONE)).toBe(0)
})

test.each([
  [409, 'duplicate', 'CALENDAR_CONFLICT', false],
  [403, 'forbidden', 'CALENDAR_REFUSED', false],
  [404, 'notFound', 'CALENDAR_REFUSED', false],
  [503, 'backendError', 'CALENDAR_UNAVAILABLE', true],
] as const)('an answer of %i %s is %s to who asked', async (status, reason, code, retryable) => {
  const world = await makeWorld()
  befall(world, 'events.list', { status, reason })
  const failure = await rejection(world.sync().pull('primary'), code)
  expect(failure).toMatchObject({ retryable, outcome: status < 500 ? 'not-applied' : 'unknown' })
  expect(failure.message).toContain(`${status} ${reason}`)
})

test('Google’s wish for patience is honoured', async () => {
  const world = await makeWorld()
  const { event, sync, stored } = world
  const { id } = await event()
  befall(world, 'events.insert', { status: 503, reason: 'backendError', retryAfter: 100 })
  await sync().push()
  const { dueAt } = (await stored(id))?.calendarSync ?? {}
  expect(dueAt.getTime() - Date.now()).toBeGreaterThan(90_000)
})

test('a refusal for good parks the event with its reason, and retry tries again', async () => {
  const world = await makeWorld()
  const { event, sync, store, there } = world
  const { id } = await event()
  const other = await event({ summary: 'Other' })
  let left = 1
  world.server.judgeBy(({ kind, body }) =>
    kind === 'events.insert' && JSON.stringify(body).includes('Dentist') && left-- > 0
      ? { status: 400, reason: 'invalid' }
      : 'answers',
  )
  expect(await sync().push()).toEqual({ ...NOTHING, pushed: 1, failed: 1 })
  const { calendarSync } = await store.getEvent(id)
  expect(calendarSync).toMatchObject({ state: 'failed', lastError: 'Google answered 400 invalid.' })
  expect(there()).toMatchObject([{ id: other.id }])
  expect(await sync().push()).toEqual(NOTHING)
  await sync().retry(id)
  expect((await store.getEvent(id)).calendarSync).toMatchObject({ state: 'local', lastError: null })
  expect(await sync().push()).toEqual({ ...NOTHING, pushed: 1 })
  await rejection(sync().retry('0123456789abcdef01234567'), 'EVENT_NOT_FOUND')
})

test('another change of a parked event is another attempt', async () => {
  const world = await makeWorld()
  const { event, sync, store } = world
  const { id } = await event()
  befall(world, 'events.insert', { status: 403, reason: 'forbidden' })
  expect(await sync().push()).toEqual({ ...NOTHING, failed: 1 })
  await store.updateEvent(id, { summary: 'b' })
  expect(await sync().push()).toEqual({ ...NOTHING, pushed: 1 })
})

test('an id that somebody else has taken is given up for another one', async () => {
  const { event, sync, people, store } = await makeWorld()
  const { id } = await event()
  people.put({ id, summary: 'Not ours', start: { date: '2030-05-06' }, end: { date: '2030-05-07' } })
  expect(await sync().push()).toEqual({ ...NOTHING, pushed: 1 })
  const { googleCalendarId } = await store.getEvent(id)
  expect(googleCalendarId).not.toBe(id)
  expect(
    people
      .events()
      .map(({ summary }) => summary)
      .sort(),
  ).toEqual(['Dentist', 'Not ours'])
})

test('an id that is taken by what nobody sees is given up, but not at once where it may be ours', async () => {
  const taken: Fate = { status: 409, reason: 'duplicate' }
  const world = await makeWorld()
  const { event, sync, store, hurry } = world
  const after = async (fate: Fate) => {
    befall(world, 'events.insert', fate)
    await hurry()
    return sync().push()
  }
  const { id } = await event()
  expect(await after(taken)).toEqual({ ...NOTHING, pushed: 1 })
  expect((await store.getEvent(id)).googleCalendarId).not.toBe(id)
  const { id: sent } = await event({ summary: 'Surgeon' })
  for (const fate of ['is lost', taken, taken] as const) expect(await after(fate)).toEqual(NOTHING)
  expect((await store.getEvent(sent)).googleCalendarId).toBe(sent)
  expect(await after(taken)).toEqual({ ...NOTHING, pushed: 1 })
  expect((await store.getEvent(sent)).googleCalendarId).not.toBe(sent)
})

test('two workers share the work, and nothing is there twice', async () => {
  const { event, sync, people, server } = await makeWorld()
  for (let i = 0; i < 40; i++) await event({ summary: `Event ${i}` })
  server.judgeBy(() => ({ delayMs: 5 }))
  const results = await Promise.all([sync().push(), sync().push(), sync().push()])
  expect(results.reduce((sum, { pushed }) => sum + pushed, 0)).toBe(40)
  expect(people.events()).toHaveLength(40)
  expect(server.requests.every(({ status }) => status === 200)).toBe(true)
})

test('what a worker that died had begun, another one ends', async () => {
  const world = await makeWorld()
  const { event, sync, people, hurry } = world
  const { id } = await event()
  let reached = () => {}
  const isThere = new Promise<void>((resolve) => {
    reached = resolve
  })
  /* It never hears of its insert. */
  world.server.judgeBy(({ kind }) => {
    if (kind !== 'events.insert') return 'answers'
    reached()
    return { delayMs: 60_000, fate: 'is lost' }
  })
  void sync()
    .push()
    .catch(() => {})
  await isThere
  world.server.judgeBy(() => 'answers')
  expect(await sync().push()).toEqual(NOTHING)
  await hurry()
  expect(await sync().push()).toEqual({ ...NOTHING, pushed: 1 })
  expect(people.events()).toMatchObject([{ id }])
})

test('an id and two changes at the door of a slow Google go out in order', async () => {
  const { event, sync, people, store, server } = await makeWorld()
  const { id } = await event()
  server.judgeBy(async ({ kind }): Promise<Fate> => {
    if (kind === 'events.insert') {
      await store.updateEvent(id, { summary: 'second' })
      await sync().push()
      await store.updateEvent(id, { summary: 'third' })
    }
    return 'answers'
  })
  await sync().push()
  expect(people.events()).toMatchObject([{ summary: 'third' }])
  expect((await store.getEvent(id)).calendarSync.state).toBe('synced')
})
