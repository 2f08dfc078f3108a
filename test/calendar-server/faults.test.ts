import { setTimeout as pause } from 'node:timers/promises'
import { describe, expect, test } from '@jest/globals'
import type { Fate } from '../../scripts/calendar-server/index.ts'
import { clientOf, event, insert, open, PRIMARY, refusalOf } from './support/client.ts'

describe('a request', () => {
  test('that is lost was not done', async () => {
    const { server, client, people } = await open()
    server.judgeBy(() => 'is lost')
    await expect(insert(client, event())).rejects.toThrow()
    expect(people.events()).toEqual([])
    expect(server.requests).toEqual([
      { kind: 'events.insert', account: 'ana@example.com', status: 'is lost' },
    ])
  })

  test('that loses its reply was done', async () => {
    const { server, client, people } = await open()
    server.judgeBy(() => 'loses its reply')
    await expect(insert(client, event({ id: 'abcde' }))).rejects.toThrow()
    expect(people.events()).toMatchObject([{ id: 'abcde' }])
    expect(server.requests.at(-1)?.status).toBe('loses its reply')
  })

  // https://developers.google.com/workspace/calendar/api/guides/errors
  test('that is refused was not done, and hears when to come again', async () => {
    const { server, client, people } = await open()
    server.judgeBy(() => ({ status: 429, reason: 'rateLimitExceeded', retryAfter: 7 }))
    const error: unknown = await insert(client, event()).catch((refused: unknown) => refused)
    expect(error).toMatchObject({
      code: 429,
      response: {
        data: {
          error: {
            code: 429,
            errors: [{ domain: 'usageLimits', reason: 'rateLimitExceeded', message: expect.any(String) }],
          },
        },
      },
    })
    const { response } = error as { response: { headers: Headers } }
    expect(response.headers.get('retry-after')).toBe('7')
    expect(people.events()).toEqual([])
  })

  test('can be held up, and meet something then', async () => {
    const { server, client, people } = await open()
    const fates: Fate[] = [{ delayMs: 20 }, { delayMs: 20, fate: 'is lost' }]
    server.judgeBy(() => fates.shift() ?? 'answers')
    const before = performance.now()
    await insert(client, event())
    expect(performance.now() - before).toBeGreaterThan(15)
    await expect(insert(client, event())).rejects.toThrow()
    expect(people.events()).toHaveLength(1)
  })

  test('is judged by what it is', async () => {
    const { server, client } = await open()
    const seen: unknown[] = []
    server.judgeBy(({ method, path, kind, account, body }) => {
      seen.push([method, path, kind, account?.email, body])
      return kind === 'events.delete' ? { status: 503, reason: 'backendError' } : 'answers'
    })
    const { id } = await insert(client, event({ id: 'abcde' }))
    const unavailable = { status: 503, reason: 'backendError' }
    expect(await refusalOf(client.events.delete({ ...PRIMARY, eventId: id }))).toEqual(unavailable)
    const events = '/calendar/v3/calendars/primary/events'
    expect(seen).toEqual([
      ['POST', events, 'events.insert', 'ana@example.com', event({ id: 'abcde' })],
      ['DELETE', `${events}/abcde`, 'events.delete', 'ana@example.com', undefined],
    ])
    expect(server.requests.map(({ kind, status }) => [kind, status])).toEqual([
      ['events.insert', 200],
      ['events.delete', 503],
    ])
  })

  test('that is no JSON, or for nothing that there is', async () => {
    const { server, ana } = await open()
    const send = async (path: string, init: RequestInit) =>
      fetch(`${server.url}/calendar/v3/${path}`, {
        ...init,
        headers: { authorization: `Bearer ${ana.token}` },
      })
    expect((await send('calendars/primary/events', { method: 'POST', body: '{' })).status).toBe(400)
    expect((await send('calendars/primary/events', { method: 'POST', body: '[]' })).status).toBe(400)
    expect((await send('nothing', {})).status).toBe(404)
    expect((await send('calendars/%E0%A4%A/events', {})).status).toBe(404)
  })
})

// https://developers.google.com/workspace/calendar/api/guides/quota
describe('a quota', () => {
  test.each([
    [403, 'userRateLimitExceeded'],
    [429, 'rateLimitExceeded'],
  ] as const)('is per user, and of the last minute: %i', async (status, reason) => {
    const { server, client } = await open({ quota: { perMinute: 2, status } })
    const ben = clientOf(server, server.account('ben@example.com').token)
    const list = () => refusalOf(client.events.list(PRIMARY))
    expect([await list(), await list(), await list()]).toEqual([{}, {}, { status, reason }])
    expect(await refusalOf(ben.events.list(PRIMARY))).toEqual({})
    server.advance(59_000)
    expect(await list()).toEqual({ status, reason })
    server.advance(1001)
    expect(await list()).toEqual({})
  })
})

test('a server that stops leaves nothing open, and does nothing any more', async () => {
  const { server, client, people } = await open()
  const isJudged = new Promise<void>((resolve) => {
    server.judgeBy(() => {
      resolve()
      return { delayMs: 20 }
    })
  })
  const waiting = refusalOf(insert(client, event()))
  await isJudged
  await server.stop()
  expect((await waiting).status).toBeUndefined()
  await expect(fetch(server.url)).rejects.toThrow()
  await pause(60)
  expect(people.events()).toEqual([])
})
