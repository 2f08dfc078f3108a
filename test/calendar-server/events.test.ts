import { describe, expect, test } from '@jest/globals'
import { event, insert, open, PRIMARY, refusalOf } from './support/client.ts'

const ID = 'abc0123456789'

describe('an event', () => {
  // https://developers.google.com/workspace/calendar/api/v3/reference/events#resource
  test('has what the server adds to it', async () => {
    const { client, ana } = await open()
    const made = await insert(client, event())
    expect(made).toMatchObject({
      ...{ kind: 'calendar#event', status: 'confirmed', eventType: 'default', sequence: 0 },
      reminders: { useDefault: true },
      creator: { email: ana.email, self: true },
      organizer: { email: ana.email, self: true },
    })
    expect(made.id).toMatch(/^[a-v0-9]{5,}$/)
    expect(made.etag).toMatch(/^".+"$/)
    expect(made.iCalUID).toBe(`${made.id}@google.com`)
    expect(made.htmlLink).toMatch(/^https:/)
    expect(Date.parse(made.created ?? '')).not.toBeNaN()
    expect((await client.events.get({ ...PRIMARY, eventId: made.id })).data).toEqual(made)
  })

  // https://developers.google.com/workspace/calendar/api/v3/reference/events#id
  test('can have an id of base32hex from 5 to 1024 characters', async () => {
    const { client } = await open()
    expect((await insert(client, event({ id: ID }))).id).toBe(ID)
    expect(await refusalOf(insert(client, event({ id: 'v'.repeat(1024) })))).toEqual({})
    for (const id of ['abcd', 'v'.repeat(1025), 'abcdw', 'ABCDE', 'abc-de', 'abc_de']) {
      expect(await refusalOf(insert(client, event({ id })))).toEqual({ status: 400, reason: 'invalid' })
    }
  })

  // https://developers.google.com/workspace/calendar/api/guides/errors#409_the_requested_identifier_already_exists
  test('keeps its id, also when it is deleted', async () => {
    const { client } = await open()
    await insert(client, event({ id: ID }))
    const taken = { status: 409, reason: 'duplicate' }
    expect(await refusalOf(insert(client, event({ id: ID })))).toEqual(taken)
    await client.events.delete({ ...PRIMARY, eventId: ID })
    expect(await refusalOf(insert(client, event({ id: ID })))).toEqual(taken)
    const requestBody = event({ status: 'confirmed' })
    const { data } = await client.events.update({ ...PRIMARY, eventId: ID, requestBody })
    expect(data).toMatchObject({ id: ID, status: 'confirmed' })
  })

  // https://developers.google.com/workspace/calendar/api/v3/reference/events/update
  test('is replaced whole by an update, and merged by a patch', async () => {
    const { client } = await open()
    const extendedProperties = { private: { a: '1', b: '2' } }
    const made = await insert(
      client,
      event({ id: ID, location: 'Here', description: 'Long', extendedProperties }),
    )
    const at = { ...PRIMARY, eventId: ID }
    const patch = { description: null, extendedProperties: { private: { a: '3' } } }
    const patched = (await client.events.patch({ ...at, requestBody: patch })).data
    expect(patched).toMatchObject({ location: 'Here', extendedProperties: { private: { a: '3', b: '2' } } })
    expect(patched).not.toHaveProperty('description')
    const updated = (await client.events.update({ ...at, requestBody: event({ summary: 'Other' }) })).data
    expect(updated).toMatchObject({ summary: 'Other', iCalUID: made.iCalUID, created: made.created })
    expect(updated).not.toHaveProperty('location')
    expect(updated).not.toHaveProperty('extendedProperties')
  })

  // https://developers.google.com/workspace/calendar/api/v3/reference/events#sequence
  test('counts the changes of its time, and refuses an update from before one', async () => {
    const { client } = await open()
    await insert(client, event({ id: ID }))
    const at = { ...PRIMARY, eventId: ID }
    expect((await client.events.patch({ ...at, requestBody: { summary: 'Other' } })).data.sequence).toBe(0)
    const end = { dateTime: '2030-05-06T12:00:00Z' }
    expect((await client.events.patch({ ...at, requestBody: { end } })).data.sequence).toBe(1)
    const stale = client.events.update({ ...at, requestBody: event({ sequence: 0 }) })
    expect(await refusalOf(stale)).toEqual({ status: 400, reason: 'invalid' })
  })

  // https://developers.google.com/workspace/calendar/api/v3/reference/events#reminders
  test('is not updated by a change of its reminders, but has another etag', async () => {
    const { client } = await open()
    const made = await insert(client, event())
    const requestBody = { reminders: { useDefault: false, overrides: [{ method: 'popup', minutes: 5 }] } }
    const { data } = await client.events.patch({ ...PRIMARY, eventId: made.id, requestBody })
    expect(data.updated).toBe(made.updated)
    expect(data.etag).not.toBe(made.etag)
  })

  test('that is not there', async () => {
    const { client } = await open()
    const at = { ...PRIMARY, eventId: ID }
    const none = { status: 404, reason: 'notFound' }
    expect(await refusalOf(client.events.get(at))).toEqual(none)
    expect(await refusalOf(client.events.delete(at))).toEqual(none)
    expect(await refusalOf(client.events.patch({ ...at, requestBody: {} }))).toEqual(none)
    expect(await refusalOf(client.events.update({ ...at, requestBody: event() }))).toEqual(none)
  })
})

describe('a deleted event', () => {
  // https://developers.google.com/workspace/calendar/api/v3/reference/events#status
  test('is still got, as cancelled', async () => {
    const { client } = await open()
    await insert(client, event({ id: ID }))
    const at = { ...PRIMARY, eventId: ID }
    expect((await client.events.delete(at)).status).toBe(204)
    expect((await client.events.get(at)).data).toMatchObject({ id: ID, status: 'cancelled' })
  })

  // https://developers.google.com/workspace/calendar/api/guides/errors#410_gone
  test('is not deleted again', async () => {
    const { client } = await open()
    await insert(client, event({ id: ID }))
    const at = { ...PRIMARY, eventId: ID }
    await client.events.delete(at)
    expect(await refusalOf(client.events.delete(at))).toEqual({ status: 410, reason: 'deleted' })
  })

  test('by a status of cancelled is the same', async () => {
    const { client } = await open()
    await insert(client, event({ id: ID }))
    const at = { ...PRIMARY, eventId: ID }
    await client.events.patch({ ...at, requestBody: { status: 'cancelled' } })
    expect(await refusalOf(client.events.delete(at))).toEqual({ status: 410, reason: 'deleted' })
  })
})

// https://developers.google.com/workspace/calendar/api/guides/version-resources
describe('an etag', () => {
  const NOT_MET = { status: 412, reason: 'conditionNotMet' }

  test('lets a change happen to the version that it is of', async () => {
    const { client, people } = await open()
    const { etag } = await insert(client, event({ id: ID }))
    const at = { ...PRIMARY, eventId: ID }
    const header = (value: string) => ({ headers: { 'If-Match': value } })
    people.change(ID, { summary: 'Theirs' })
    expect(await refusalOf(client.events.patch({ ...at, requestBody: {} }, header(etag)))).toEqual(NOT_MET)
    expect(await refusalOf(client.events.update({ ...at, requestBody: event() }, header(etag)))).toEqual(
      NOT_MET,
    )
    expect(await refusalOf(client.events.delete(at, header(etag)))).toEqual(NOT_MET)
    const { data } = await client.events.get(at)
    expect(data.summary).toBe('Theirs')
    expect(await refusalOf(client.events.delete(at, header(data.etag ?? '')))).toEqual({})
  })

  test('spares getting a version twice', async () => {
    const { client, people } = await open()
    const { etag } = await insert(client, event({ id: ID }))
    const get = () => client.events.get({ ...PRIMARY, eventId: ID }, { headers: { 'If-None-Match': etag } })
    expect((await get()).status).toBe(304)
    people.change(ID, { summary: 'Theirs' })
    expect((await get()).status).toBe(200)
  })
})
