import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { auth, calendar } from '@googleapis/calendar'
import { expect, test } from '@jest/globals'
import type { Fate } from '../../scripts/calendar-server/index.ts'
import { makeUser, untyped } from '../support/make.ts'
import { makeWorld, START } from './support/world.ts'

/** The next requests of a kind meet these, in turn. */
const fates =
  (kind: string, ...list: Fate[]) =>
  (asked: { kind: string }): Fate =>
    asked.kind === kind ? (list.shift() ?? 'answers') : 'answers'

test.each([
  ['no client', { calendar: () => untyped(undefined) }],
  ['no calendar', { calendarOf: () => untyped(undefined) }],
  ['what is no calendar', { calendarOf: () => untyped({ $ne: 1 }) }],
])('events of who has %s wait, and keep nobody else waiting', async (_, wrong) => {
  const { event, sync, store, client, there, hurry } = await makeWorld()
  const other = await makeUser(store)
  const { event: theirs } = await store.storeEvent({ creatorId: other.id, summary: 'theirs', start: START })
  const { id } = await event()
  const only =
    <T>(value: () => T, otherwise: T) =>
    (creator: { id: string }) =>
      creator.id === other.id ? value() : otherwise
  const one = sync({
    calendar: 'calendar' in wrong ? only(wrong.calendar, client) : client,
    ...('calendarOf' in wrong && {
      calendarOf: (_event: unknown, creator: { id: string }) => only(wrong.calendarOf, 'primary')(creator),
    }),
  })
  expect(await one.push()).toMatchObject({ pushed: 1, failed: 0 })
  expect(there()).toMatchObject([{ id }])
  expect(await store.getEvent(theirs.id)).toMatchObject({
    googleCalendarId: null,
    calendarSync: { state: 'local', lastError: 'Google answered 401 noAccess.' },
  })
  await hurry()
  expect(await sync().push()).toMatchObject({ pushed: 1 })
})

test('what Google wants to wait waits, though a merge came before', async () => {
  const { event, sync, store, people, server, stored } = await makeWorld()
  const { id } = await event()
  await sync().push()
  await sync().pull('primary')
  people.change(id, { location: 'theirs' })
  await store.updateEvent(id, { summary: 'ours' })
  server.judgeBy(
    fates('events.patch', 'answers', { status: 429, reason: 'rateLimitExceeded', retryAfter: 100 }),
  )
  await sync().push()
  const { dueAt } = (await stored(id))?.calendarSync ?? {}
  expect(dueAt.getTime()).toBeGreaterThan(Date.now() + 90_000)
})

test('where Google says that it is too much, all that goes by the same client slows down', async () => {
  const { event, sync, server, there, hurry } = await makeWorld()
  for (let i = 0; i < 3; i++) await event({ summary: `${i}` })
  const times: number[] = []
  const next = fates('events.insert', { status: 403, reason: 'userRateLimitExceeded' })
  server.judgeBy((asked) => {
    times.push(performance.now())
    return next(asked)
  })
  await sync().push()
  await hurry()
  await sync().push()
  /* The one that was too much comes last, in the first push where that takes its time. */
  expect((times.at(-1) ?? 0) - (times[0] ?? 0)).toBeGreaterThan(300)
  expect(there()).toHaveLength(3)
})

test('a burst of errors is gone through', async () => {
  const { event, sync, server, there, hurry } = await makeWorld()
  await event()
  server.judgeBy(fates('events.insert', ...Array<Fate>(5).fill({ status: 500, reason: 'backendError' })))
  for (let i = 0; i < 6; i++) {
    await sync().push()
    await hurry()
  }
  expect(there()).toHaveLength(1)
})

test('a token that is never renewed keeps nobody waiting, and what it was for is not sent when it comes late', async () => {
  const { event, sync, server, ana, there } = await makeWorld()
  await event()
  const asked: ServerResponse[] = []
  const tokens = createServer((_request, response) => void asked.push(response))
  await once(tokens.listen(0, '127.0.0.1'), 'listening')
  const { port } = tokens.address() as AddressInfo
  const own = new auth.OAuth2({ endpoints: { oauth2TokenUrl: `http://127.0.0.1:${port}/token` } })
  own.setCredentials({ refresh_token: 'known' })
  const waiting = calendar({ version: 'v3', auth: own, rootUrl: server.url })
  expect(await sync({ calendar: waiting }).push()).toMatchObject({ pushed: 0, failed: 0 })
  expect(asked).toHaveLength(1)
  asked[0]?.setHeader('Content-Type', 'application/json').end(JSON.stringify({ access_token: ana.token }))
  await once(tokens.close(), 'close')
  /* It would come at once. */
  await pause(300)
  expect(there()).toEqual([])
})

test('who stops waits for what an earlier start has under way, too', async () => {
  const { event, sync, server } = await makeWorld()
  await event()
  let [begun, ended] = [() => {}, false]
  const isUnderWay = new Promise<void>((resolve) => {
    begun = resolve
  })
  server.judgeBy(async ({ kind }): Promise<Fate> => {
    if (kind !== 'events.insert') return 'answers'
    begun()
    await pause(1000)
    ended = true
    return 'answers'
  })
  const one = sync()
  one.start()
  await isUnderWay
  void one.stop()
  one.start()
  await one.stop()
  expect(ended).toBe(true)
})
