import { type CalendarClient, type CalendarSync, createCalendarSync } from '../../src/google-calendar.ts'
import type { CalendarEvent } from '../../src/index.ts'
import { clientOf } from '../calendar-server/client.ts'
import { type CalendarServer, startCalendarServer } from '../calendar-server/index.ts'
import type { Defer } from '../lib/run.ts'
import { number, type Screen } from './screen.ts'
import type { DemoStore } from './shapes.ts'
import { timed } from './timed.ts'

/** A server on this machine has no need to be spared. */
const PLENTY = 1_000_000
const HOUR_MS = 3_600_000

interface Play {
  store: DemoStore
  screen: Screen
  sync: CalendarSync
  server: CalendarServer
}

/** An appointment of somebody travels to Google Calendar and back, and goes there with the person. */
export async function showCalendar(store: DemoStore, screen: Screen, userId: string, defer: Defer) {
  const server = await startCalendarServer({ quota: { perMinute: PLENTY } })
  defer(server.stop)
  const sync = createCalendarSync(store, {
    calendar: clientsOf(server),
    onConflict: 'google',
    requestsPerMinute: PLENTY,
  })
  const play = { store, screen, sync, server }
  screen.line()
  screen.rule('Google Calendar', "Google's own client; its server is stood in for by a local one")
  const { pushed, event, email } = await publish(play, userId)
  const { applied } = await moveThere(play, event, email)
  const { conflicts } = await moveOnBothSides(play, event, email)
  const { removed, left } = await erase(play, userId, email)
  return { pushed, applied, conflicts, removed, left }
}

/** Each creator's own client, made once: its requests are counted together. */
function clientsOf(server: CalendarServer) {
  const clients = new Map<string, CalendarClient>()
  return ({ id, email }: { id: string; email: string | null }): CalendarClient => {
    const client = clients.get(id) ?? clientOf(server, server.account(email ?? `${id}@example.com`).token)
    clients.set(id, client)
    return client
  }
}

/** Whatever was stored until now is due. */
async function publish({ store, screen, sync }: Play, creatorId: string) {
  const [{ pushed }, seconds] = await timed(() => sync.push())
  const { events } = await store.retrieveEvents({ creatorId, withCreator: true, limit: 1 })
  const [event] = events
  if (!event) throw new Error('Nobody has made an appointment')
  screen.step('Push', `${number(pushed)} events are in the calendars of their creators`, seconds)
  screen.note(
    `"${event.summary}" is in that of ${event.calendarSync.calendarId}: ${event.calendarSync.state}`,
  )
  /* From here on a pull tells what has changed since. */
  await sync.pull()
  return { pushed, event, email: event.creator?.email ?? '' }
}

async function moveThere({ store, screen, sync, server }: Play, event: CalendarEvent, email: string) {
  server.calendar(email).change(event.id, timesAt(event.start, 1))
  const [{ applied }, seconds] = await timed(() => sync.pull())
  const { summary, start } = await store.getEvent(event.id)
  const minutes = (start.getTime() - event.start.getTime()) / 60_000
  screen.step('Pull', `"${summary}" was moved there: it starts ${minutes} minutes later here, too`, seconds)
  return { applied }
}

/** What only one side has changed stays; where both have changed the same, Google's word counts in this demo. */
async function moveOnBothSides({ store, screen, sync, server }: Play, event: CalendarEvent, email: string) {
  const people = server.calendar(email)
  people.change(event.id, timesAt(event.start, 2))
  const start = new Date(event.start.getTime() + 3 * HOUR_MS)
  await store.updateEvent(event.id, { start, end: null, location: 'Rua Augusta 200' })
  const [{ conflicts }, seconds] = await timed(() => sync.push())
  const here = await store.getEvent(event.id)
  const there = people.events().find(({ id }) => id === event.id)
  if (here.location !== there?.location || here.start.getTime() !== Date.parse(there?.start?.dateTime ?? ''))
    throw new Error('An event is not the same on both sides')
  const [conflict] = await sync.conflicts(event.id)
  const won = `moved on both sides at once, of which ${conflict?.taken}'s move was taken`
  screen.step('Conflict', won, seconds)
  screen.note(`${here.location}, which only the bot had changed, is on both sides now`)
  return { conflicts }
}

/** With a user go their events: at Google with the next push. */
async function erase({ store, screen, sync, server }: Play, userId: string, email: string) {
  const { events } = await store.deleteUser(userId)
  const [{ removed }, seconds] = await timed(() => sync.push())
  const left = server
    .calendar(email)
    .events()
    .filter(({ status }) => status !== 'cancelled').length
  const text = `the user is erased, with ${number(events)} event here; ${number(left)} are left at Google`
  screen.step('Erasure', text, seconds)
  return { removed, left }
}

const timesAt = (start: Date, hoursLater: number) => {
  const begin = start.getTime() + hoursLater * HOUR_MS
  const [from, to] = [new Date(begin), new Date(begin + HOUR_MS)]
  return { start: { dateTime: from.toISOString() }, end: { dateTime: to.toISOString() } }
}
