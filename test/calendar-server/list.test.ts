import { describe, expect, test } from '@jest/globals'
import { type Client, event, insert, listAll, open, PRIMARY, refusalOf } from './support/client.ts'

const ids = (items: { id?: string | null | undefined }[]) => items.map(({ id }) => id)
const idOf = (n: number) => `event${n}`
const insertMany = async (client: Client, count: number) => {
  for (let n = 0; n < count; n += 1) await insert(client, event({ id: idOf(n) }))
}
const BAD_REQUEST = { status: 400, reason: 'badRequest' }
const FULL_SYNC = { status: 410, reason: 'fullSyncRequired' }

// https://developers.google.com/workspace/calendar/api/guides/pagination
describe('pages', () => {
  test('have a token for the next one, and the last has one for synchronization', async () => {
    const { client } = await open()
    await insertMany(client, 3)
    const first = (await client.events.list({ ...PRIMARY, maxResults: 2 })).data
    expect(ids(first.items ?? [])).toEqual([idOf(0), idOf(1)])
    expect(first).not.toHaveProperty('nextSyncToken')
    const pageToken = first.nextPageToken ?? ''
    const last = (await client.events.list({ ...PRIMARY, maxResults: 2, pageToken })).data
    expect(ids(last.items ?? [])).toEqual([idOf(2)])
    expect(last).not.toHaveProperty('nextPageToken')
    expect(last.nextSyncToken).toBeTruthy()
  })

  test('that are full leave an empty one neither', async () => {
    const { client } = await open()
    await insertMany(client, 2)
    const { data } = await client.events.list({ ...PRIMARY, maxResults: 2 })
    expect(data).not.toHaveProperty('nextPageToken')
  })

  // https://developers.google.com/workspace/calendar/api/v3/reference/events/list#maxResults
  test('are of 250 events without a number, and of 2500 at most', async () => {
    const { client, people } = await open()
    for (let n = 0; n < 2501; n += 1) people.put(event())
    const sizeOf = async (params: object) =>
      (await client.events.list({ ...PRIMARY, ...params })).data.items?.length
    expect(await sizeOf({})).toBe(250)
    expect(await sizeOf({ maxResults: 9999 })).toBe(2500)
    expect((await refusalOf(sizeOf({ maxResults: 0 }))).status).toBe(400)
  })

  // https://developers.google.com/workspace/calendar/api/guides/sync#incremental_sync
  test('belong to their query', async () => {
    const { client } = await open()
    await insertMany(client, 2)
    const { data } = await client.events.list({ ...PRIMARY, maxResults: 1 })
    const pageToken = data.nextPageToken ?? ''
    const invalid = { status: 400, reason: 'invalid' }
    expect(await refusalOf(client.events.list({ ...PRIMARY, pageToken, showDeleted: true }))).toEqual(invalid)
    expect(await refusalOf(client.events.list({ ...PRIMARY, pageToken: 'x' }))).toEqual(invalid)
  })

  test('and the synchronization after them lose no change that happens between them', async () => {
    const { client, people } = await open()
    await insertMany(client, 3)
    const first = (await client.events.list({ ...PRIMARY, maxResults: 1 })).data
    people.change(idOf(0), { summary: 'Changed' })
    people.remove(idOf(1))
    const pageToken = first.nextPageToken ?? ''
    const last = (await client.events.list({ ...PRIMARY, pageToken })).data
    expect(ids(last.items ?? [])).toEqual([idOf(2)])
    const { items } = await listAll(client, { syncToken: last.nextSyncToken ?? '' })
    expect(items).toMatchObject([
      { id: idOf(0), summary: 'Changed' },
      { id: idOf(1), status: 'cancelled' },
    ])
  })
})

// https://developers.google.com/workspace/calendar/api/guides/sync
describe('a synchronization', () => {
  test('has what changed since, page by page, and then nothing', async () => {
    const { client, people } = await open()
    await insertMany(client, 4)
    const { syncToken } = await listAll(client)
    people.change(idOf(1), { summary: 'Changed' })
    people.put(event({ id: 'added' }))
    const next = await listAll(client, { syncToken, maxResults: 1 })
    expect(next.items).toMatchObject([{ id: idOf(1), summary: 'Changed' }, { id: 'added' }])
    expect((await listAll(client, { syncToken: next.syncToken })).items).toEqual([])
    expect(ids((await listAll(client, { syncToken })).items)).toEqual([idOf(1), 'added'])
  })

  // https://developers.google.com/workspace/calendar/api/v3/reference/events#status
  test('tells of deleted events their ids and no more', async () => {
    const { client } = await open()
    await insertMany(client, 1)
    const { syncToken } = await listAll(client)
    await client.events.delete({ ...PRIMARY, eventId: idOf(0) })
    const { items } = await listAll(client, { syncToken })
    const etag = expect.any(String)
    expect(items).toEqual([{ kind: 'calendar#event', etag, id: idOf(0), status: 'cancelled' }])
  })

  // https://developers.google.com/workspace/calendar/api/v3/reference/events/list#syncToken
  test('has no other restrictions', async () => {
    const { client } = await open()
    const { syncToken } = await listAll(client)
    const time = '2030-01-01T00:00:00Z'
    const refused = [
      { iCalUID: 'x' },
      { orderBy: 'updated' },
      { privateExtendedProperty: ['a=b'] },
      { sharedExtendedProperty: ['a=b'] },
      { q: 'x' },
      { timeMin: time },
      { timeMax: time },
      { updatedMin: time },
      { showDeleted: false },
    ]
    for (const params of refused) {
      expect(await refusalOf(client.events.list({ ...PRIMARY, syncToken, ...params }))).toEqual(BAD_REQUEST)
    }
    expect(await refusalOf(client.events.list({ ...PRIMARY, syncToken, showDeleted: true }))).toEqual({})
  })

  // https://developers.google.com/workspace/calendar/api/guides/sync#full_sync_required_by_server
  test('starts anew when its token expired, when the server says so, and after who may see the calendar changed', async () => {
    const { client, server, people } = await open({ syncTokenLivesMs: 1000 })
    const tokenNow = async () => (await listAll(client)).syncToken
    const sync = async (syncToken: string) => refusalOf(client.events.list({ ...PRIMARY, syncToken }))
    const old = await tokenNow()
    server.advance(2000)
    expect(await sync(old)).toEqual(FULL_SYNC)
    const expired = await tokenNow()
    people.expireSyncTokens()
    expect(await sync(expired)).toEqual(FULL_SYNC)
    const before = await tokenNow()
    people.share(server.account('ben@example.com'), 'reader')
    expect(await sync(before)).toEqual(FULL_SYNC)
    expect(await sync('1CIiV7urvy84CEIiV7urvy84CGAU=')).toEqual(FULL_SYNC)
    expect(await sync(await tokenNow())).toEqual({})
  })

  test('is of one calendar', async () => {
    const { client, server, ana } = await open()
    const { syncToken } = await listAll(client)
    const team = server.addCalendar('team@group.calendar.google.com')
    team.share(ana, 'owner')
    expect(await refusalOf(client.events.list({ calendarId: team.id, syncToken }))).toEqual(FULL_SYNC)
  })
})

// https://developers.google.com/workspace/calendar/api/v3/reference/events/list
describe('a list', () => {
  const hours = (from: number, to: number) => ({
    start: { dateTime: new Date(Date.UTC(2030, 4, 6, from)).toISOString() },
    end: { dateTime: new Date(Date.UTC(2030, 4, 6, to)).toISOString() },
  })

  test('has what overlaps a time, its bounds excluded', async () => {
    const { client } = await open()
    await insert(client, event({ id: 'at10to11', ...hours(10, 11) }))
    await insert(client, event({ id: 'at11to12', ...hours(11, 12) }))
    const list = async (params: object) => ids((await listAll(client, params)).items)
    expect(await list({ timeMin: '2030-05-06T11:00:00Z' })).toEqual(['at11to12'])
    expect(await list({ timeMin: '2030-05-06T10:59:59Z' })).toEqual(['at10to11', 'at11to12'])
    expect(await list({ timeMax: '2030-05-06T11:00:00Z' })).toEqual(['at10to11'])
    const wrong = { timeMin: '2030-05-06T11:00:00Z', timeMax: '2030-05-06T11:00:00Z' }
    expect((await refusalOf(list(wrong))).status).toBe(400)
    expect((await refusalOf(list({ timeMin: '2030-05-06T11:00:00' }))).status).toBe(400)
  })

  test('has deleted events where it is asked to, with what they were', async () => {
    const { client, people, server } = await open()
    await insertMany(client, 2)
    const before = new Date(server.now()).toISOString()
    people.remove(idOf(1))
    expect(ids((await listAll(client)).items)).toEqual([idOf(0)])
    const { items } = await listAll(client, { showDeleted: true })
    expect(items[1]).toMatchObject({ id: idOf(1), status: 'cancelled', summary: 'Call' })
    expect(ids((await listAll(client, { updatedMin: before })).items)).toContain(idOf(1))
  })

  // https://developers.google.com/workspace/calendar/api/guides/errors#410_gone
  test('does not go back for ever', async () => {
    const { client } = await open()
    const list = client.events.list({ ...PRIMARY, updatedMin: '2001-01-01T00:00:00Z' })
    expect(await refusalOf(list)).toEqual({ status: 410, reason: 'updatedMinTooLongAgo' })
  })

  // https://developers.google.com/workspace/calendar/api/guides/extended-properties#search_properties
  test('finds by extended properties, by iCalUID and by text', async () => {
    const { client } = await open()
    const properties = (of: string) => ({ extendedProperties: { private: { of }, shared: { app: 'bot' } } })
    const made = await insert(client, event({ id: idOf(0), ...properties('ana=1') }))
    await insert(client, event({ id: idOf(1), summary: 'Lunch', ...properties('ben') }))
    const list = async (params: object) => ids((await listAll(client, params)).items)
    expect(await list({ privateExtendedProperty: ['of=ana=1'] })).toEqual([idOf(0)])
    expect(await list({ sharedExtendedProperty: ['app=bot'] })).toEqual([idOf(0), idOf(1)])
    const both = { privateExtendedProperty: ['of=ben'], sharedExtendedProperty: ['app=bot'] }
    expect(await list(both)).toEqual([idOf(1)])
    expect(await list({ privateExtendedProperty: ['of=gil'] })).toEqual([])
    expect(await list({ iCalUID: made.iCalUID })).toEqual([idOf(0)])
    expect(await list({ q: 'LUNCH' })).toEqual([idOf(1)])
  })

  test('is in the order that is asked for', async () => {
    const { client, people } = await open()
    await insert(client, event({ id: 'later', ...hours(12, 13) }))
    await insert(client, event({ id: 'sooner', ...hours(8, 9) }))
    people.change('later', { summary: 'Changed' })
    const list = async (params: object) => ids((await listAll(client, { ...params, maxResults: 1 })).items)
    expect(await list({ orderBy: 'startTime', singleEvents: true })).toEqual(['sooner', 'later'])
    expect(await list({ orderBy: 'updated' })).toEqual(['sooner', 'later'])
    expect(await list({})).toEqual(['later', 'sooner'])
    expect(await refusalOf(list({ orderBy: 'startTime' }))).toEqual(BAD_REQUEST)
  })

  test('says what the server does not do', async () => {
    const { client } = await open()
    expect((await refusalOf(client.events.list({ ...PRIMARY, fields: 'items(id)' }))).status).toBe(501)
  })
})
