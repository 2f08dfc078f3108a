import { expect, test } from '@jest/globals'
import { waitAfter } from '../../src/calendar/backoff.ts'
import { GoogleFailure } from '../../src/calendar/failure.ts'
import { createLimiter } from '../../src/calendar/limiter.ts'
import { makeWorld } from './support/world.ts'

test('a tenth of a minute’s requests may come at once, and then each waits for its turn', async () => {
  const perMinute = 1200
  const { turn } = createLimiter(perMinute)
  const begin = performance.now()
  await Promise.all(Array.from({ length: perMinute / 10 }, turn))
  const burst = performance.now() - begin
  await Promise.all(Array.from({ length: 10 }, turn))
  const all = performance.now() - begin
  expect(all - burst).toBeGreaterThan(9 * (60_000 / perMinute) - burst)
  /* Ten more would be fifty milliseconds each. */
  expect(all).toBeGreaterThan(400)
})

test('one user stays under the quota of Google', async () => {
  /* Of so few requests a minute, a tenth may come at once. */
  const { event, sync, server, people } = await makeWorld()
  for (let i = 0; i < 9; i++) await event({ summary: `${i}` })
  const times: number[] = []
  server.judgeBy(() => {
    times.push(performance.now())
    return 'answers'
  })
  await sync({ requestsPerMinute: 60 }).push()
  expect(people.events()).toHaveLength(9)
  const [first = 0] = times
  expect((times.at(-1) ?? 0) - first).toBeGreaterThan(2000)
})

test('the wait grows up to an hour, is of any length below, and never shorter than Google asks for', () => {
  const waits = (attempts: number, retryAfterMs?: number) =>
    Array.from({ length: 200 }, () =>
      waitAfter(new GoogleFailure(503, 'backendError', retryAfterMs), attempts),
    )
  expect(Math.max(...waits(0))).toBeLessThanOrEqual(1200)
  expect(Math.max(...waits(5))).toBeGreaterThan(20_000)
  expect(Math.min(...waits(5))).toBeLessThan(8000)
  expect(Math.max(...waits(30))).toBeLessThanOrEqual(3_600_200)
  expect(Math.min(...waits(0, 30_000))).toBeGreaterThanOrEqual(30_000)
})

test.each([
  [403, 'rateLimitExceeded', 'again'],
  [403, 'userRateLimitExceeded', 'again'],
  [403, 'quotaExceeded', 'again'],
  [429, undefined, 'again'],
  [500, undefined, 'again'],
  [undefined, undefined, 'again'],
  [401, 'authError', 'access'],
  [400, 'invalid_grant', 'access'],
  [403, 'forbidden', 'refused'],
  [400, 'invalid', 'refused'],
  [409, 'duplicate', 'conflict'],
  [412, 'conditionNotMet', 'conflict'],
  [404, 'notFound', 'gone'],
  [410, 'deleted', 'gone'],
] as const)('%s %s means %s', (status, reason, meaning) => {
  expect(new GoogleFailure(status, reason).meaning).toBe(meaning)
})

test.each([
  ['seconds', `${40 * 86_400}`],
  ['a date', 'Fri, 31 Dec 2100 23:59:59 GMT'],
])('a pull that is asked to wait for longer than a timer can waits, by %s', async (_, retryAfter) => {
  const { sync, server } = await makeWorld()
  await sync().pull('primary')
  let asked = 0
  server.judgeBy(({ kind }) => {
    if (kind === 'events.list') asked++
    return { status: 503, reason: 'backendError', retryAfter: retryAfter as unknown as number }
  })
  const one = sync()
  one.start({ pullEveryMs: 1000 })
  await new Promise((resolve) => setTimeout(resolve, 3000))
  await one.stop()
  expect(asked).toBe(1)
})
