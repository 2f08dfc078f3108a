import { auth, calendar } from '@googleapis/calendar'
import { expect, test } from '@jest/globals'
import { clientOf, event, insert, open, PRIMARY, refusalOf } from './support/client.ts'

const AUTH_ERROR = { status: 401, reason: 'authError' }

// https://developers.google.com/workspace/calendar/api/guides/errors#401_invalid_credentials
test('a token that is unknown, missing, expired or revoked', async () => {
  const { server, ana } = await open()
  const list = (token: string) => clientOf(server, token).events.list(PRIMARY)
  const expiring = ana.grant(1000)
  const revoked = ana.grant()
  expect(await refusalOf(list('nobody'))).toEqual(AUTH_ERROR)
  const withKey = calendar({ version: 'v3', auth: 'a key', rootUrl: server.url, retry: false })
  expect(await refusalOf(withKey.events.list(PRIMARY))).toEqual(AUTH_ERROR)
  expect(await refusalOf(list(expiring))).toEqual({})
  server.advance(1001)
  server.revoke(revoked)
  expect(await refusalOf(list(expiring))).toEqual(AUTH_ERROR)
  expect(await refusalOf(list(revoked))).toEqual(AUTH_ERROR)
})

// https://developers.google.com/identity/protocols/oauth2/web-server#offline
test("an access token for a refresh token, by Google's own client", async () => {
  const { server, ana } = await open()
  const list = (token: string) => {
    const oauth = new auth.OAuth2({ endpoints: { oauth2TokenUrl: `${server.url}/token` } })
    oauth.setCredentials({ refresh_token: token })
    return calendar({ version: 'v3', auth: oauth, rootUrl: server.url, retry: false }).events.list(PRIMARY)
  }
  expect(await refusalOf(list(ana.token))).toEqual({})
  await expect(list('nobody')).rejects.toThrow('invalid_grant')
})

// https://developers.google.com/workspace/calendar/api/guides/errors#404_not_found
test('a calendar that was not shared is not there', async () => {
  const { server, ana } = await open()
  const ben = clientOf(server, server.account('ben@example.com').token)
  const theirs = { calendarId: ana.calendarId }
  const none = { status: 404, reason: 'notFound' }
  expect(await refusalOf(ben.events.list(theirs))).toEqual(none)
  expect(await refusalOf(ben.calendars.get(theirs))).toEqual(none)
  expect(await refusalOf(ben.events.insert({ ...theirs, requestBody: event() }))).toEqual(none)
  expect(await refusalOf(ben.events.list({ calendarId: 'nowhere@example.com' }))).toEqual(none)
})

// https://developers.google.com/workspace/calendar/api/v3/reference/acl#role
test('a reader sees events and changes none; a writer does', async () => {
  const { server, client, people } = await open()
  const { id: eventId } = await insert(client, event())
  const account = server.account('ben@example.com')
  const ben = clientOf(server, account.token)
  const theirs = { calendarId: people.id }
  people.share(account, 'reader')
  expect((await ben.events.list(theirs)).data).toMatchObject({
    accessRole: 'reader',
    items: [{ id: eventId }],
  })
  const tooLow = { status: 403, reason: 'requiredAccessLevel' }
  expect(await refusalOf(ben.events.insert({ ...theirs, requestBody: event() }))).toEqual(tooLow)
  expect(await refusalOf(ben.events.delete({ ...theirs, eventId }))).toEqual(tooLow)
  people.share(account, 'writer')
  expect(await refusalOf(ben.events.delete({ ...theirs, eventId }))).toEqual({})
})

test('primary is the calendar of who asks, and a list has those that one sees', async () => {
  const { server, client, ana } = await open({ timeZone: 'Europe/Berlin' })
  const team = server.addCalendar('team@group.calendar.google.com')
  expect((await client.calendars.get(PRIMARY)).data).toMatchObject({
    id: ana.email,
    timeZone: 'Europe/Berlin',
  })
  expect((await client.calendarList.list()).data.items).toMatchObject([{ id: ana.email, primary: true }])
  team.share(ana, 'writer')
  const { items } = (await client.calendarList.list()).data
  expect(items?.map(({ id, accessRole }) => [id, accessRole])).toEqual([
    [ana.email, 'owner'],
    [team.id, 'writer'],
  ])
})
