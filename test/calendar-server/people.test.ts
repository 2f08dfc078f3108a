import { expect, test } from '@jest/globals'
import { event, insert, listAll, open, PRIMARY, refusalOf, series } from './support/client.ts'

// https://developers.google.com/workspace/calendar/api/guides/sync
test('what people do comes to clients as changes', async () => {
  const { client, people } = await open()
  const { syncToken } = await listAll(client)
  const theirs = people.put(event({ id: 'theirs', summary: 'Lunch' }))
  const { id } = await insert(client, event({ id: 'bots1' }))
  const changed = people.change(id, { summary: 'Other', location: 'There' })
  const { items } = await listAll(client, { syncToken })
  expect(items).toMatchObject([
    { id: theirs.id, summary: 'Lunch' },
    { id, etag: changed.etag, summary: 'Other' },
  ])
  expect(Date.parse(changed.updated)).toBeGreaterThan(Date.parse(theirs.updated))
  people.put(event({ id, summary: 'Whole' }))
  expect((await client.events.get({ ...PRIMARY, eventId: id })).data).not.toHaveProperty('location')
})

test('they see deleted events whole, and nobody changes what they were shown', async () => {
  const { client, people } = await open()
  const { id } = await insert(client, event())
  people.remove(id)
  const [seen] = people.events()
  expect(seen).toMatchObject({ id, status: 'cancelled', summary: 'Call' })
  if (seen) seen.summary = 'Mine'
  expect(people.events()).toMatchObject([{ summary: 'Call' }])
  expect(() => people.remove(id)).toThrow('deleted')
})

test('they move and cancel instances', async () => {
  const { client, people } = await open()
  await insert(client, series({ id: 'standup' }))
  const to = { start: { dateTime: '2030-03-30T15:00:00Z' }, end: { dateTime: '2030-03-30T15:15:00Z' } }
  people.moveInstance('standup', new Date('2030-03-30T09:00:00Z'), to)
  people.cancelInstance('standup', new Date('2030-03-29T09:00:00Z'))
  const { items } = await listAll(client)
  expect(items).toMatchObject([
    { id: 'standup' },
    { id: 'standup_20300329T090000Z', status: 'cancelled' },
    { id: 'standup_20300330T090000Z', start: to.start },
  ])
  expect(() => people.cancelInstance('standup', new Date('2030-03-29T10:00:00Z'))).toThrow('Not Found')
})

test('calendars are there once they are asked for', async () => {
  const { server, client } = await open()
  expect(server.account('ana@example.com').token).toBe(server.account('ana@example.com').token)
  expect(() => server.calendar('nowhere@example.com')).toThrow('no calendar')
  server.addCalendar('team@example.com')
  expect((await refusalOf(client.events.list({ calendarId: 'team@example.com' }))).status).toBe(404)
})
