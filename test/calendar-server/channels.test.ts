import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { clientOf, event, insert, open, PRIMARY, refusalOf } from './support/client.ts'
import { startHook } from './support/hook.ts'

let hook: Awaited<ReturnType<typeof startHook>>
beforeAll(async () => {
  hook = await startHook()
})
beforeEach(() => void hook.received.splice(0))
afterAll(() => hook.stop())

const HOUR = 3_600_000
const channel = (fields = {}) => ({ id: 'channel-1', type: 'web_hook', address: hook.address, ...fields })

async function openWatched(fields = {}) {
  const opened = await open({ allowHttp: true })
  const { data } = await opened.client.events.watch({ ...PRIMARY, requestBody: channel(fields) })
  return { ...opened, watched: data }
}

// https://developers.google.com/workspace/calendar/api/guides/push
describe('a channel', () => {
  test('is told first that it is there, and then of every change', async () => {
    const { client, server, watched, people } = await openWatched({ token: 'of=ana' })
    expect(watched).toMatchObject({ kind: 'api#channel', id: 'channel-1', token: 'of=ana' })
    const { id } = await insert(client, event())
    people.change(id, { summary: 'Theirs' })
    people.remove(id)
    await server.notified()
    expect(hook.states()).toEqual(['sync', 'exists', 'exists', 'exists'])
    expect(hook.received[0]?.number).toBe(1)
    const numbers = hook.received.map(({ number }) => number)
    expect(numbers).toEqual([...new Set(numbers)].sort((a, b) => a - b))
    expect(hook.received.map(({ body }) => body).join('')).toBe('')
    expect(hook.received[1]?.headers).toMatchObject({
      'x-goog-channel-id': 'channel-1',
      'x-goog-channel-token': 'of=ana',
      'x-goog-channel-expiration': new Date(Number(watched.expiration)).toUTCString(),
      'x-goog-resource-id': watched.resourceId,
      'x-goog-resource-uri': watched.resourceUri,
    })
  })

  test('is told of one change after the other', async () => {
    const { server, people } = await openWatched()
    for (let n = 0; n < 3; n += 1) people.put(event())
    await server.notified()
    expect(hook.received.map(({ number }) => number)).toEqual([1, 2, 3, 4])
    expect(hook.mostUnderWay()).toBe(1)
  })

  test('is not told of what was refused, nor of other calendars', async () => {
    const { client, server } = await openWatched()
    await refusalOf(insert(client, event({ id: 'X' })))
    const ben = clientOf(server, server.account('ben@example.com').token)
    await insert(ben, event())
    await server.notified()
    expect(hook.states()).toEqual(['sync'])
  })

  // https://developers.google.com/workspace/calendar/api/v3/reference/events/watch#ttl
  test.each([
    ['a week', {}, 168],
    ['as long as it asks', { params: { ttl: '3600' } }, 1],
    ['no longer than the limit', { params: { ttl: '99999999' } }, 720],
  ])('lives %s', async (_name, fields, hours) => {
    const { server, watched, people } = await openWatched(fields)
    const lives = Number(watched.expiration) - server.now()
    expect(Math.round(lives / HOUR)).toBe(hours)
    server.advance(lives + 1)
    people.put(event())
    await server.notified()
    expect(hook.states()).toEqual(['sync'])
  })

  test('lives until the moment that it asks for, which is to come', async () => {
    const { client, server } = await open({ allowHttp: true })
    const watch = (fields: object) => client.events.watch({ ...PRIMARY, requestBody: channel(fields) })
    const expiration = String(server.now() + HOUR)
    expect((await watch({ expiration })).data.expiration).toBe(expiration)
    const past = { id: 'channel-2', expiration: String(server.now() - 1) }
    expect((await refusalOf(watch(past))).status).toBe(400)
  })

  // https://developers.google.com/workspace/calendar/api/v3/reference/channels/stop
  test('is stopped by whoever made it, once', async () => {
    const { client, server, watched, people } = await openWatched()
    const requestBody = { id: 'channel-1', resourceId: watched.resourceId ?? '' }
    const none = { status: 404, reason: 'notFound' }
    const ben = clientOf(server, server.account('ben@example.com').token)
    expect(await refusalOf(ben.channels.stop({ requestBody }))).toEqual(none)
    expect(
      await refusalOf(client.channels.stop({ requestBody: { ...requestBody, resourceId: 'x' } })),
    ).toEqual(none)
    expect((await client.channels.stop({ requestBody })).status).toBe(204)
    expect(await refusalOf(client.channels.stop({ requestBody }))).toEqual(none)
    people.put(event())
    await server.notified()
    expect(hook.states()).toEqual(['sync'])
  })

  test('is told when its calendar is gone', async () => {
    const { client, server, people } = await openWatched()
    people.disappear()
    await server.notified()
    expect(hook.states()).toEqual(['sync', 'not_exists'])
    expect((await refusalOf(client.events.list(PRIMARY))).status).toBe(404)
  })

  test('whose address does not answer holds nothing up', async () => {
    const gone = await startHook()
    const { server, people } = await openWatched({ address: gone.address })
    await gone.stop()
    people.put(event())
    await server.notified()
    expect(people.events()).toHaveLength(1)
  })
})

describe('a channel is refused', () => {
  test.each([
    ['without an id', { id: undefined }, 'required'],
    ['with an id that is too long', { id: 'x'.repeat(65) }, 'channelIdInvalid'],
    ['with an id of other characters', { id: 'a b' }, 'channelIdInvalid'],
    ['with a token that is too long', { token: 'x'.repeat(257) }, 'invalid'],
    ['of another type', { type: 'pubsub' }, 'push.channelTypeNotSupported'],
    ['without an address', { address: undefined }, 'push.webhookUrlInvalid'],
    ['of another machine without TLS', { address: 'http://example.com/hook' }, 'push.webhookUrlNotHttps'],
  ])('%s', async (_name, fields, reason) => {
    const { client } = await open({ allowHttp: true })
    const watch = client.events.watch({ ...PRIMARY, requestBody: channel(fields) })
    expect(await refusalOf(watch)).toEqual({ status: 400, reason })
  })

  test('without TLS, as Google does', async () => {
    const { client } = await open()
    const watch = client.events.watch({ ...PRIMARY, requestBody: channel() })
    expect(await refusalOf(watch)).toEqual({ status: 400, reason: 'push.webhookUrlNotHttps' })
  })

  test('whose id there was before', async () => {
    const { client, watched } = await openWatched()
    const again = () => client.events.watch({ ...PRIMARY, requestBody: channel() })
    const notUnique = { status: 400, reason: 'channelIdNotUnique' }
    expect(await refusalOf(again())).toEqual(notUnique)
    const { id = '', resourceId = '' } = watched
    await client.channels.stop({ requestBody: { id, resourceId } })
    expect(await refusalOf(again())).toEqual(notUnique)
  })
})
