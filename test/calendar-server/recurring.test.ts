import { describe, expect, test } from '@jest/globals'
import { type Client, insert, listAll, open, PRIMARY, refusalOf, series } from './support/client.ts'

const ID = 'standup'
/** The second day is the last of winter time; each of them is at ten in Berlin. */
const STARTS = ['20300329T090000Z', '20300330T090000Z', '20300331T080000Z', '20300401T080000Z']
const SECOND = `${ID}_${STARTS[1]}`
const at = (eventId: string) => ({ ...PRIMARY, eventId })
const MOVED = {
  start: { dateTime: '2030-03-30T15:00:00Z' },
  end: { dateTime: '2030-03-30T15:15:00Z' },
}

async function openSeries(fields = {}) {
  const opened = await open()
  await insert(opened.client, series({ id: ID, ...fields }))
  return opened
}

const instanceIds = async (client: Client, params = {}) =>
  ((await client.events.instances({ ...at(ID), ...params })).data.items ?? []).map(({ id }) => id)

const startsOf = async (recurrence: string[], params = {}) => {
  const { client } = await openSeries({ recurrence })
  return (await instanceIds(client, { timeMax: '2030-09-01T00:00:00Z', ...params })).map((id) =>
    id?.slice(8, 16),
  )
}

// https://developers.google.com/workspace/calendar/api/v3/reference/events/instances
describe('instances', () => {
  test('keep the time of day when the clocks change, and say what they are of', async () => {
    const { client } = await openSeries()
    expect(await instanceIds(client)).toEqual(STARTS.map((start) => `${ID}_${start}`))
    const { data } = await client.events.get(at(SECOND))
    const start = { dateTime: '2030-03-30T09:00:00Z', timeZone: 'Europe/Berlin' }
    expect(data).toMatchObject({
      recurringEventId: ID,
      start,
      originalStartTime: start,
      iCalUID: `${ID}@google.com`,
    })
    expect(data).not.toHaveProperty('recurrence')
  })

  test('of all-day events have dates in their ids', async () => {
    const days = { start: { date: '2030-03-29' }, end: { date: '2030-03-30' } }
    const { client } = await openSeries({ ...days, recurrence: ['RRULE:FREQ=DAILY;COUNT=2'] })
    expect(await instanceIds(client)).toEqual([`${ID}_20300329`, `${ID}_20300330`])
  })

  test.each([
    ['every second day', 'RRULE:FREQ=DAILY;INTERVAL=2;COUNT=3', ['20300329', '20300331', '20300402']],
    ['until a moment', 'RRULE:FREQ=DAILY;UNTIL=20300330T090000Z', ['20300329', '20300330']],
    ['until just before', 'RRULE:FREQ=DAILY;UNTIL=20300330T085959Z', ['20300329']],
    ['on weekdays', 'RRULE:FREQ=WEEKLY;BYDAY=MO,FR;COUNT=3', ['20300329', '20300401', '20300405']],
    ['every second week', 'RRULE:FREQ=WEEKLY;INTERVAL=2;COUNT=2', ['20300329', '20300412']],
    ['each month', 'RRULE:FREQ=MONTHLY;COUNT=2', ['20300329', '20300429']],
  ])('of a rule: %s', async (_name, rule, days) => {
    expect(await startsOf([rule])).toEqual(days)
  })

  test('leave out what is excluded, which counts', async () => {
    const excluded = 'EXDATE;TZID=Europe/Berlin:20300330T100000'
    expect(await startsOf(['RRULE:FREQ=DAILY;COUNT=3', excluded])).toEqual(['20300329', '20300331'])
  })

  test('of a rule without an end are as many as are asked for', async () => {
    const range = { timeMin: '2030-04-05T00:00:00Z', timeMax: '2030-04-07T00:00:00Z' }
    expect(await startsOf(['RRULE:FREQ=DAILY'], range)).toEqual(['20300405', '20300406'])
  })

  test('that there are not', async () => {
    const { client } = await openSeries()
    const none = { status: 404, reason: 'notFound' }
    expect(await refusalOf(client.events.get(at(`${ID}_20300402T080000Z`)))).toEqual(none)
    expect(await refusalOf(client.events.get(at(`${ID}_20300329`)))).toEqual(none)
    expect(await refusalOf(client.events.get(at(`nobody_${STARTS[0]}`)))).toEqual(none)
  })

  test('at midnight have a time in their ids, too', async () => {
    const midnight = (day: string) => ({ dateTime: `2030-03-${day}T00:00:00Z`, timeZone: 'UTC' })
    const { client } = await openSeries({ start: midnight('29'), end: midnight('30') })
    expect(await refusalOf(client.events.get(at(`${ID}_20300329T000000Z`)))).toEqual({})
    expect((await refusalOf(client.events.get(at(`${ID}_20300329`)))).status).toBe(404)
  })

  test('come in pages', async () => {
    const { client } = await openSeries()
    const { data } = await client.events.instances({ ...at(ID), maxResults: 3 })
    expect(data.items).toHaveLength(3)
    expect(await instanceIds(client, { pageToken: data.nextPageToken })).toEqual([`${ID}_${STARTS[3]}`])
  })
})

// https://developers.google.com/workspace/calendar/api/guides/recurringevents#modifying_or_deleting_instances
describe('an exception', () => {
  test('is an instance that was changed; it keeps its id and its original start', async () => {
    const { client } = await openSeries()
    const { data } = await client.events.patch({ ...at(SECOND), requestBody: MOVED })
    const original = { dateTime: '2030-03-30T09:00:00Z', timeZone: 'Europe/Berlin' }
    expect(data).toMatchObject({ id: SECOND, recurringEventId: ID, originalStartTime: original })
    expect(data.start).toMatchObject(MOVED.start)
    const { items } = await listAll(client)
    expect(items.map(({ id }) => id)).toEqual([ID, SECOND])
    expect(await instanceIds(client)).toHaveLength(4)
  })

  test('is made by an update too, which has no recurrence', async () => {
    const { client } = await openSeries()
    const { data: instance } = await client.events.get(at(SECOND))
    await client.events.update({ ...at(SECOND), requestBody: { ...instance, summary: 'Other' } })
    expect((await client.events.get(at(SECOND))).data.summary).toBe('Other')
    const requestBody = series()
    expect((await refusalOf(client.events.update({ ...at(SECOND), requestBody }))).status).toBe(400)
  })

  // https://developers.google.com/workspace/calendar/api/v3/reference/events#status
  test('that is cancelled says of which instance it is, also in a list without deleted events', async () => {
    const { client } = await openSeries()
    const { syncToken } = await listAll(client)
    await client.events.delete(at(SECOND))
    expect(await refusalOf(client.events.delete(at(SECOND)))).toEqual({ status: 410, reason: 'deleted' })
    const originalStartTime = { dateTime: '2030-03-30T09:00:00Z', timeZone: 'Europe/Berlin' }
    const cancelled = {
      ...{ kind: 'calendar#event', etag: expect.any(String), id: SECOND, status: 'cancelled' },
      ...{ recurringEventId: ID, originalStartTime },
    }
    expect((await listAll(client, { syncToken })).items).toEqual([cancelled])
    expect((await listAll(client)).items[1]).toEqual(cancelled)
    expect(await instanceIds(client)).toHaveLength(3)
    expect(await instanceIds(client, { showDeleted: true })).toHaveLength(4)
  })

  test('is cancelled by a status, and comes back by one', async () => {
    const { client } = await openSeries()
    await client.events.patch({ ...at(SECOND), requestBody: { status: 'cancelled' } })
    expect(await instanceIds(client)).toHaveLength(3)
    await client.events.patch({ ...at(SECOND), requestBody: { status: 'confirmed' } })
    expect(await instanceIds(client)).toHaveLength(4)
  })

  test.each([
    ['deleted', (client: Client) => client.events.delete(at(ID))],
    [
      'cancelled',
      (client: Client) => client.events.patch({ ...at(ID), requestBody: { status: 'cancelled' } }),
    ],
  ] as const)('is cancelled with its series, which is %s', async (_name, cancel) => {
    const { client } = await openSeries()
    await client.events.patch({ ...at(SECOND), requestBody: MOVED })
    const { syncToken } = await listAll(client)
    await cancel(client)
    const { items } = await listAll(client, { syncToken })
    const bare = (id: string) => ({
      kind: 'calendar#event',
      etag: expect.any(String),
      id,
      status: 'cancelled',
    })
    expect(items).toEqual([bare(ID), bare(SECOND)])
    expect((await listAll(client)).items).toEqual([])
  })
})

// https://developers.google.com/workspace/calendar/api/v3/reference/events/list#singleEvents
describe('single events', () => {
  const single = { singleEvents: true, timeMax: '2030-04-10T00:00:00Z' }
  const idsOf = async (client: Client, params: object) =>
    (await listAll(client, params)).items.map(({ id }) => id)

  test('are instances and no series, in the order of their starts if one asks', async () => {
    const { client } = await openSeries()
    await client.events.patch({
      ...at(SECOND),
      requestBody: { start: { dateTime: '2030-04-03T09:00:00Z' }, end: { dateTime: '2030-04-03T09:15:00Z' } },
    })
    const [first, second, third, fourth] = STARTS.map((start) => `${ID}_${start}`)
    expect(await idsOf(client, single)).toEqual([first, second, third, fourth])
    expect(await idsOf(client, { ...single, orderBy: 'startTime', maxResults: 1 })).toEqual([
      first,
      third,
      fourth,
      second,
    ])
    await client.events.delete(at(SECOND))
    expect(await idsOf(client, single)).toEqual([first, third, fourth])
    expect(await idsOf(client, { ...single, showDeleted: true })).toEqual([first, second, third, fourth])
  })

  test('that a shorter rule leaves out are cancelled', async () => {
    const { client, people } = await openSeries()
    const { syncToken } = await listAll(client, { singleEvents: true })
    people.change(ID, { recurrence: ['RRULE:FREQ=DAILY;COUNT=2'] })
    const { items } = await listAll(client, { singleEvents: true, syncToken })
    expect(items.map(({ status }) => status)).toEqual(['confirmed', 'confirmed', 'cancelled', 'cancelled'])
    const other = client.events.list({ ...PRIMARY, syncToken })
    expect((await refusalOf(other)).status).toBe(400)
  })
})
