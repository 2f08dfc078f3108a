import { describe, expect, test } from '@jest/globals'
import { event, insert, open, PRIMARY, refusalOf, series } from './support/client.ts'

const INVALID = { status: 400, reason: 'invalid' }
const REQUIRED = { status: 400, reason: 'required' }
const at = (dateTime: string, timeZone?: string) => ({ dateTime, ...(timeZone && { timeZone }) })

// https://developers.google.com/workspace/calendar/api/v3/reference/events#start
describe('the times of an event', () => {
  test.each([
    ['no start', { start: undefined }, REQUIRED],
    ['no end', { end: undefined }, REQUIRED],
    ['a date and a time', { end: { date: '2030-05-07' } }, INVALID],
    ['both in one', { start: { date: '2030-05-06', ...at('2030-05-06T10:00:00Z') } }, INVALID],
    ['no offset and no zone', { start: at('2030-05-06T10:00:00') }, REQUIRED],
    ['an unknown zone', { start: at('2030-05-06T10:00:00', 'Europe/Atlantis') }, INVALID],
    ['no time', { start: at('tomorrow') }, INVALID],
    ['no such day', { start: { date: '2030-02-30' }, end: { date: '2030-03-02' } }, INVALID],
  ])('%s', async (_name, fields, refusal) => {
    const { client } = await open()
    expect(await refusalOf(insert(client, event(fields)))).toEqual(refusal)
  })

  // https://developers.google.com/workspace/calendar/api/guides/errors#400_bad_request
  test('end after it starts', async () => {
    const { client } = await open()
    const empty = { status: 400, reason: 'timeRangeEmpty' }
    expect(await refusalOf(insert(client, event({ end: at('2030-05-06T09:00:00Z') })))).toEqual(empty)
    const days = { start: { date: '2030-05-06' }, end: { date: '2030-05-05' } }
    expect(await refusalOf(insert(client, event(days)))).toEqual(empty)
  })

  // https://developers.google.com/workspace/calendar/api/v3/reference/events/get#timeZone
  test('are said in the zone of the calendar, or in that which is asked for', async () => {
    const { client } = await open({ timeZone: 'Europe/Berlin' })
    const { start, id: eventId } = await insert(
      client,
      event({ start: at('2030-05-06T04:00:00', 'America/New_York') }),
    )
    expect(start).toEqual(at('2030-05-06T10:00:00+02:00', 'America/New_York'))
    const { data } = await client.events.get({ ...PRIMARY, eventId, timeZone: 'UTC' })
    expect(data.start).toEqual(at('2030-05-06T08:00:00Z', 'America/New_York'))
  })

  test('a patch that makes it an all-day event takes the time away', async () => {
    const { client } = await open()
    const { id: eventId } = await insert(client, event())
    const days = { start: { date: '2030-05-06' }, end: { date: '2030-05-07' } }
    const patch = (requestBody: object) => client.events.patch({ ...PRIMARY, eventId, requestBody })
    expect(await refusalOf(patch(days))).toEqual(INVALID)
    const none = { dateTime: null, timeZone: null }
    const { data } = await patch({ start: { ...days.start, ...none }, end: { ...days.end, ...none } })
    expect(data).toMatchObject(days)
  })
})

// https://developers.google.com/workspace/calendar/api/v3/reference/events#recurrence
describe('a recurrence', () => {
  test('of a timed event needs a zone', async () => {
    const { client } = await open()
    const { start, end, recurrence } = series()
    const withOffset = { ...at('2030-03-29T10:00:00+01:00') }
    expect(await refusalOf(insert(client, { start: withOffset, end, recurrence }))).toEqual(REQUIRED)
    expect(await refusalOf(insert(client, { start, end: withOffset, recurrence }))).toEqual(REQUIRED)
    const days = { start: { date: '2030-03-29' }, end: { date: '2030-03-30' }, recurrence }
    expect(await refusalOf(insert(client, days))).toEqual({})
  })

  test.each([
    'DTSTART:20300329T100000Z',
    'FREQ=DAILY',
    'RRULE:',
    'RRULE:INTERVAL=2',
    'RRULE:FREQ=DAILY;COUNT=2;UNTIL=20300501T000000Z',
    'RRULE:FREQ=DAILY;COUNT=0',
    'RRULE:FREQ=WEEKLY;BYDAY=XX',
    'RRULE:FREQ=DAILY;UNTIL=soon',
    'EXDATE:20300329T100000Z',
  ])('of %s is refused', async (line) => {
    const { client } = await open()
    expect(await refusalOf(insert(client, series({ recurrence: [line] })))).toEqual(INVALID)
  })

  test('that the server can not expand is refused too', async () => {
    const { client } = await open()
    const recurrence = ['RRULE:FREQ=MONTHLY;BYDAY=1MO']
    expect(await refusalOf(insert(client, series({ recurrence })))).toEqual(INVALID)
  })
})

describe('limits', () => {
  // https://developers.google.com/workspace/calendar/api/v3/reference/events#reminders
  test('of reminders', async () => {
    const { client } = await open()
    const reminders = (...minutes: number[]) => ({
      reminders: { useDefault: false, overrides: minutes.map((one) => ({ method: 'popup', minutes: one })) },
    })
    expect(await refusalOf(insert(client, event(reminders(0, 1, 2, 3, 40_320))))).toEqual({})
    expect(await refusalOf(insert(client, event(reminders(0, 1, 2, 3, 4, 5))))).toEqual(INVALID)
    expect(await refusalOf(insert(client, event(reminders(40_321))))).toEqual(INVALID)
    expect(await refusalOf(insert(client, event(reminders(-1))))).toEqual(INVALID)
    const { overrides } = reminders(1).reminders
    const both = { reminders: { useDefault: true, overrides } }
    expect((await refusalOf(insert(client, event(both)))).status).toBe(400)
  })

  // https://developers.google.com/workspace/calendar/api/guides/extended-properties#limits
  test('of extended properties: too long ones are dropped or cut, too many refused', async () => {
    const { client } = await open()
    const long = { ['k'.repeat(44)]: 'v'.repeat(1025), ['k'.repeat(45)]: 'v' }
    const { extendedProperties } = await insert(client, event({ extendedProperties: { private: long } }))
    expect(extendedProperties).toEqual({ private: { ['k'.repeat(44)]: 'v'.repeat(1024) } })
    const many = (count: number, value: string) => ({
      extendedProperties: {
        shared: Object.fromEntries(Array.from({ length: count }, (_, i) => [`k${i}`, value])),
      },
    })
    expect(await refusalOf(insert(client, event(many(300, 'v'))))).toEqual({})
    expect(await refusalOf(insert(client, event(many(301, 'v'))))).toEqual(INVALID)
    expect(await refusalOf(insert(client, event(many(40, 'v'.repeat(1024)))))).toEqual(INVALID)
  })

  // https://developers.google.com/workspace/calendar/api/v3/reference/events#attendees
  test('of attendees', async () => {
    const { client } = await open()
    const attendees = (count: number) =>
      Array.from({ length: count }, (_, i) => ({ email: `g${i}@example.com` }))
    expect(await refusalOf(insert(client, event({ attendees: attendees(200) })))).toEqual({})
    expect(await refusalOf(insert(client, event({ attendees: attendees(201) })))).toEqual(INVALID)
    expect(await refusalOf(insert(client, event({ attendees: [{ displayName: 'Gil' }] })))).toEqual(REQUIRED)
    expect(await refusalOf(insert(client, event({ attendees: [{ email: 'gil' }] })))).toEqual(INVALID)
  })

  // https://developers.google.com/workspace/calendar/api/v3/reference/events
  test.each([
    { status: 'done' },
    { visibility: 'secret' },
    { transparency: 'glass' },
    { eventType: 'fromGmail' },
    { id: 'abcde', iCalUID: 'x@example.com' },
  ])('of what values there are: %j', async (fields) => {
    const { client } = await open()
    expect(await refusalOf(insert(client, event(fields)))).toEqual(INVALID)
  })
})
