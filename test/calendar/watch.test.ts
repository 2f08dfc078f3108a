import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, expect, test } from '@jest/globals'
import { rejection } from '../support/make.ts'
import { before, makeWorld } from './support/world.ts'

const closers: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closers.splice(0)) await close()
})

/** Where Google tells of changes. */
async function webhook() {
  const heard: IncomingHttpHeaders[] = []
  const server = createServer((request, response) => {
    heard.push(request.headers)
    response.end()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  closers.push(async () => {
    server.close()
  })
  return { heard, address: `http://127.0.0.1:${(server.address() as AddressInfo).port}/calendar` }
}

const open = async () => {
  const [world, hook] = await Promise.all([makeWorld({ allowHttp: true }), webhook()])
  return { ...world, ...hook }
}

test('Google tells of a change, and it is taken over', async () => {
  const { sync, event, people, store, server, heard, address } = await open()
  const { id } = await event()
  const one = sync()
  await one.push()
  const channel = await one.watch('primary', { address })
  expect(channel.calendarId).toBe('primary')
  expect(channel.expiresAt.getTime()).toBeGreaterThan(Date.now())
  await server.notified()
  expect(heard).toHaveLength(1)
  expect(await one.handleNotification(heard[0] ?? {})).toBeUndefined()
  await one.pull('primary')
  people.change(id, { summary: 'Moved' })
  await server.notified()
  expect(await one.handleNotification(heard.at(-1) ?? {})).toMatchObject({ applied: 1 })
  expect((await store.getEvent(id)).summary).toBe('Moved')
})

test('one channel is opened, however many processes want it, and none is left over', async () => {
  const { sync, address, server, db, heard } = await open()
  const opened = () => server.requests.filter(({ kind }) => kind === 'events.watch').length
  const watching = () => Promise.all([1, 2, 3].map(() => sync().watch('primary', { address })))
  const channels = await watching()
  expect(new Set(channels.map(({ expiresAt }) => expiresAt.getTime())).size).toBe(1)
  expect(opened()).toBe(1)
  server.judgeBy(({ kind }) =>
    kind === 'events.watch' ? { status: 503, reason: 'backendError' } : 'answers',
  )
  await rejection(sync().watch('primary', { address: `${address}/2` }), 'CALENDAR_UNAVAILABLE')
  server.judgeBy(() => 'answers')
  const [feed] = await db.collection('dialogue_calendar_feeds').find().toArray()
  expect(feed).toMatchObject({ channel: { address } })
  expect(feed).not.toHaveProperty('opening')
  await server.notified()
  expect(await sync().handleNotification(heard[0] ?? {})).toBeUndefined()
})

test('a channel that nobody heard of is not ours, and does not keep another from being opened', async () => {
  const { sync, address, server, heard } = await open()
  server.judgeBy(({ kind }) => (kind === 'events.watch' ? 'loses its reply' : 'answers'))
  await rejection(sync().watch('primary', { address }), 'CALENDAR_UNAVAILABLE')
  server.judgeBy(() => 'answers')
  await server.notified()
  expect(heard).toHaveLength(1)
  await rejection(sync().handleNotification(heard[0] ?? {}), 'INVALID_INPUT')
  expect((await sync().watch('primary', { address })).calendarId).toBe('primary')
  await server.notified()
  expect(await sync().handleNotification(heard.at(-1) ?? {})).toBeUndefined()
})

test('who does not know the token is refused', async () => {
  const { sync, heard, address, server, people, event } = await open()
  await sync().watch('primary', { address })
  await event()
  await sync().push()
  people.put({ summary: 'x', start: { date: '2030-01-01' }, end: { date: '2030-01-02' } })
  await server.notified()
  const headers = heard.at(-1) ?? {}
  const requests = server.requests.length
  for (const forged of [
    { ...headers, 'x-goog-channel-token': 'guess' },
    { ...headers, 'x-goog-channel-token': undefined },
    { ...headers, 'x-goog-channel-id': 'other' },
    {},
    unreadable(),
  ])
    await rejection(sync().handleNotification(forged), 'INVALID_INPUT')
  expect(server.requests).toHaveLength(requests)
  const given = Object.entries(headers).map(([name, value]): [string, string] => [name, String(value)])
  expect(await sync().handleNotification(new Headers(given))).toMatchObject({ created: 0 })
})

test('a channel that is good for a while is kept; another address, or its end, makes a new one', async () => {
  const { sync, address, server } = await open()
  const opened = () => server.requests.filter(({ kind }) => kind === 'events.watch').length
  const stopped = () => server.requests.filter(({ kind }) => kind === 'channels.stop').length
  await sync().watch('primary', { address })
  await sync().watch('primary', { address })
  expect([opened(), stopped()]).toEqual([1, 0])
  await sync().watch('primary', { address: `${address}/2` })
  expect([opened(), stopped()]).toEqual([2, 1])
  expect(await sync().unwatch('primary')).toBe(true)
  expect(await sync().unwatch('primary')).toBe(false)
  expect(stopped()).toBe(2)
})

test('who ends a channel ends what takes its place meanwhile, too', async () => {
  const world = await open()
  const { sync, address, server, people, heard } = world
  await sync().watch('primary', { address })
  before(world, 'channels.stop', () => sync().watch('primary', { address: `${address}/2` }))
  expect(await sync().unwatch('primary')).toBe(true)
  await server.notified()
  const told = heard.length
  people.put({ summary: 'x', start: { date: '2030-01-01' }, end: { date: '2030-01-02' } })
  await server.notified()
  expect(heard).toHaveLength(told)
  expect(await sync().unwatch('primary')).toBe(false)
})

test('one that is about to expire is renewed by a sync that runs, and the old one is stopped', async () => {
  const { sync, address, server, db, heard } = await open()
  await sync().watch('primary', { address })
  await db
    .collection('dialogue_calendar_feeds')
    .updateOne(
      { channel: { $exists: true } },
      { $set: { 'channel.expiresAt': new Date(Date.now() + 60_000) } },
    )
  const running = sync()
  running.start()
  while (!server.requests.some(({ kind }) => kind === 'channels.stop'))
    await new Promise((resolve) => setTimeout(resolve, 10))
  await running.stop()
  await server.notified()
  const ids = new Set(heard.map((headers) => headers['x-goog-channel-id']))
  expect(ids.size).toBe(2)
})

test('a sync that runs pushes and pulls by itself, until it is stopped', async () => {
  const { sync, event, there, people, store } = await open()
  const running = sync()
  running.start({ pushEveryMs: 100, pullEveryMs: 1000 })
  running.start()
  const { id } = await event()
  while (there().length === 0) await new Promise((resolve) => setTimeout(resolve, 10))
  people.change(id, { summary: 'by people' })
  while ((await store.getEvent(id)).summary !== 'by people')
    await new Promise((resolve) => setTimeout(resolve, 20))
  await running.stop()
  const { id: late } = await event({ summary: 'late' })
  await new Promise((resolve) => setTimeout(resolve, 300))
  expect((await store.getEvent(late)).googleCalendarId).toBeNull()
  await running.stop()
})

function unreadable(): Record<string, string> {
  const { proxy, revoke } = Proxy.revocable({}, {})
  revoke()
  return proxy
}
