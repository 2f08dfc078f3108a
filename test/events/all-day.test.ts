import { beforeAll, describe, expect, test } from '@jest/globals'
import type { DialogueStore, User } from '../../src/index.ts'
import { makeUser, makeWorld, refusedPaths, rejection } from '../support/make.ts'

let store: DialogueStore
let ana: User

beforeAll(async () => {
  ;({ store } = await makeWorld())
  ana = await makeUser(store)
})

const allDay = (start: string, timezone?: string, end?: string) =>
  store.storeEvent({
    creatorId: ana.id,
    summary: 'Off',
    start: new Date(start),
    ...(end && { end: new Date(end) }),
    allDay: true,
    timezone,
  })

describe('an event of whole days', () => {
  test.each([
    ['UTC, when no time zone is given', undefined, '2030-05-01T00:00Z', '2030-05-02T00:00Z'],
    ['a zone west of Greenwich', 'America/Sao_Paulo', '2030-05-01T03:00Z', '2030-05-02T03:00Z'],
    ['a zone with half hours', 'Asia/Kolkata', '2030-04-30T18:30Z', '2030-05-01T18:30Z'],
    ['a zone fourteen hours ahead', 'Pacific/Kiritimati', '2030-04-30T10:00Z', '2030-05-01T10:00Z'],
    ['a day of 23 hours', 'Europe/Berlin', '2025-03-29T23:00Z', '2025-03-30T22:00Z'],
    ['a day of 25 hours', 'Europe/Berlin', '2025-10-25T22:00Z', '2025-10-26T23:00Z'],
    ['a day of 24 hours and a half', 'Australia/Lord_Howe', '2025-04-05T13:00Z', '2025-04-06T13:30Z'],
    ['the day before a midnight that is skipped', 'Africa/Cairo', '2024-04-24T22:00Z', '2024-04-25T22:00Z'],
    ['a day whose midnight is skipped', 'Africa/Cairo', '2024-04-25T22:00Z', '2024-04-26T21:00Z'],
    ['a day whose midnight comes twice', 'America/Havana', '2025-11-02T04:00Z', '2025-11-03T05:00Z'],
    ['the day before the date line moved', 'Pacific/Apia', '2011-12-29T10:00Z', '2011-12-30T10:00Z'],
    ['the last of a leap year', 'Etc/UTC', '2028-12-31T00:00Z', '2029-01-01T00:00Z'],
  ])('lasts to the next midnight: %s', async (_, timezone, start, end) => {
    const { event } = await allDay(start, timezone)
    expect(event).toMatchObject({ start: new Date(start), end: new Date(end), allDay: true })
  })

  test('lasts several days, end exclusive', async () => {
    const { event } = await allDay('2025-03-28T23:00Z', 'Europe/Berlin', '2025-03-31T22:00Z')
    expect(event.end).toEqual(new Date('2025-03-31T22:00Z'))
  })

  test.each([
    ['a start in the afternoon', '2030-05-01T15:00Z', 'UTC', undefined, ['start']],
    ['a start a millisecond late', '2030-05-01T00:00:00.001Z', 'UTC', undefined, ['start']],
    ['midnight somewhere else', '2030-05-01T00:00Z', 'Europe/Berlin', undefined, ['start']],
    ['the second of two midnights', '2025-11-02T05:00Z', 'America/Havana', undefined, ['start']],
    ['an end in the afternoon', '2030-05-01T00:00Z', 'UTC', '2030-05-02T12:00Z', ['end']],
    [
      'an end that does not follow the clocks',
      '2025-03-29T23:00Z',
      'Europe/Berlin',
      '2025-03-30T23:00Z',
      ['end'],
    ],
    ['an end at the start', '2030-05-01T00:00Z', 'UTC', '2030-05-01T00:00Z', ['end']],
  ])('is refused with %s', async (_, start, timezone, end, paths) => {
    expect(await refusedPaths(allDay(start, timezone, end))).toEqual(paths)
  })

  test('can be made of an hour, and the other way round', async () => {
    const start = new Date('2030-05-01T00:00Z')
    const { event } = await store.storeEvent({ creatorId: ana.id, summary: 'Off', start })
    const { issues } = await rejection(store.updateEvent(event.id, { allDay: true }), 'INVALID_INPUT')
    const reason = 'the stored end is not midnight in UTC; give end, too'
    expect(issues).toEqual([{ path: ['patch', 'allDay'], reason }])
    const whole = { allDay: true, start: new Date('2030-04-30T00:00Z') }
    expect(await refusedPaths(store.updateEvent(event.id, whole))).toEqual(['patch.allDay'])
    const day = await store.updateEvent(event.id, { allDay: true, end: null })
    expect(day).toMatchObject({ allDay: true, end: new Date('2030-05-02T00:00Z') })
    const moved = { timezone: 'Europe/Berlin', end: new Date('2030-05-02T00:00Z') }
    expect(await refusedPaths(store.updateEvent(event.id, moved))).toEqual(['patch.timezone', 'patch.end'])
    const hour = await store.updateEvent(event.id, { allDay: null, end: null })
    expect(hour).toMatchObject({ allDay: false, end: new Date('2030-05-01T01:00Z') })
  })
})
