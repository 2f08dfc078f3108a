import { expect, test } from '@jest/globals'
import pino from 'pino'
import { openStore } from '../../src/index.ts'
import { testServer } from '../../src/testing/index.ts'
import { clientOf } from '../calendar-server/support/client.ts'
import { makeUser, rejection } from '../support/make.ts'
import { makeWorld, START } from './support/world.ts'

test('each creator has their own account: events go there, and come from there', async () => {
  const { store, server, sync, creatorId, ana, people } = await makeWorld()
  const bia = server.account('bia@example.com')
  const other = await makeUser(store, { name: 'Bia' })
  const each = sync({
    calendar: ({ name }) => clientOf(server, name === 'Bia' ? bia.token : ana.token),
    importAs: ({ creator }) => (creator?.email === 'bia@example.com' ? other.id : creatorId),
  })
  await store.storeEvent({ creatorId, summary: 'of Ana', start: START })
  const { event } = await store.storeEvent({ creatorId: other.id, summary: 'of Bia', start: START })
  expect(await each.push()).toMatchObject({ pushed: 2 })
  const biasCalendar = server.calendar(bia.calendarId)
  expect(people.events()).toMatchObject([{ summary: 'of Ana' }])
  expect(biasCalendar.events()).toMatchObject([{ summary: 'of Bia' }])
  expect((await store.getEvent(event.id)).calendarSync.calendarId).toBe(bia.calendarId)
  biasCalendar.change(event.id, { summary: 'of Bia, moved' })
  biasCalendar.put({ summary: 'Yoga', start: { date: '2030-01-01' }, end: { date: '2030-01-02' } })
  expect(await each.pull()).toMatchObject({ applied: 1, created: 1 })
  const { events } = await store.retrieveEvents({ creatorId: other.id })
  expect(events.map(({ summary }) => summary).sort()).toEqual(['Yoga', 'of Bia, moved'])
  expect((await store.retrieveEvents({ creatorId })).count).toBe(1)
  expect(await each.pull('primary')).toMatchObject({ applied: 0, created: 0 })
})

test('one whose access was withdrawn does not hold up the others, and comes later', async () => {
  const { store, server, sync, creatorId, ana, hurry } = await makeWorld()
  const bia = server.account('bia@example.com')
  const other = await makeUser(store, { name: 'Bia' })
  server.revoke(bia.token)
  let token = bia.token
  const each = sync({ calendar: ({ name }) => clientOf(server, name === 'Bia' ? token : ana.token) })
  const { event } = await store.storeEvent({ creatorId: other.id, summary: 'of Bia', start: START })
  await store.storeEvent({ creatorId, summary: 'of Ana', start: START })
  expect(await each.push()).toMatchObject({ pushed: 1, failed: 0 })
  expect((await store.getEvent(event.id)).calendarSync).toMatchObject({
    ...{ state: 'local', lastError: 'Google answered 401 authError.' },
  })
  token = bia.grant()
  await hurry()
  expect(await each.push()).toMatchObject({ pushed: 1 })
})

test('a calendar that nobody is known for is refused', async () => {
  const { sync, client } = await makeWorld()
  await rejection(sync({ calendar: () => client }).pull('team@example.com'), 'CALENDAR_REFUSED')
})

test('only calendars that the sync is told to use are touched', async () => {
  const { sync, event, server, ana, people } = await makeWorld()
  const team = server.addCalendar('team@example.com')
  team.share(ana, 'owner')
  team.put({ summary: 'theirs', start: { date: '2030-01-01' }, end: { date: '2030-01-02' } })
  await event()
  await sync().push()
  await sync().pull()
  expect(team.events()).toHaveLength(1)
  expect(people.events()).toHaveLength(1)
})

test('no address of a guest, no text and no token reaches the log', async () => {
  const { dbName, server, client, people, creatorId } = await makeWorld({ allowHttp: true })
  const lines: string[] = []
  const logger = pino({ level: 'trace' }, { write: (line: string) => void lines.push(line) })
  const store = await openStore({ uri: (await testServer()).uri, dbName, logger })
  const { createCalendarSync } = await import('../../src/google-calendar.ts')
  const sync = createCalendarSync(store, { calendar: client, importAs: () => creatorId })
  const secrets = ['canary-summary', 'canary@example.com', 'canary-text']
  const [summary = '', email = '', description = ''] = secrets
  const { event } = await store.storeEvent({
    ...{ creatorId, summary, description, start: START, attendees: [{ email }] },
  })
  const fates = ['answers', 'is lost', 'loses its reply', { status: 400, reason: 'invalid' }] as const
  let turn = 0
  server.judgeBy(() => fates[turn++ % fates.length] ?? 'answers')
  for (let i = 0; i < 4; i++) {
    await store.updateEvent(event.id, { summary: `${summary} ${i}` })
    await sync.push()
    people.put({ summary, description, start: { date: '2030-01-01' }, end: { date: '2030-01-02' } })
    await sync.pull('primary').catch(() => {})
    await sync.watch('primary', { address: 'http://127.0.0.1:1/hook' }).catch(() => {})
  }
  await store.close()
  expect(lines.length).toBeGreaterThan(10)
  expect(lines.some((line) => line.includes('calendar.push'))).toBe(true)
  const said = lines.join('\n')
  for (const secret of [...secrets, 'ya29.', 'ana@example.com']) expect(said).not.toContain(secret)
})
