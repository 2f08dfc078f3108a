import type mongoose from 'mongoose'
import type { Fate, Kind } from '../../../scripts/calendar-server/index.ts'
import { createCalendarSync } from '../../../src/google-calendar.ts'
import { ObjectId } from '../../../src/ids.ts'
import type { DialogueStore } from '../../../src/index.ts'
import { clientOf, startServer } from '../../calendar-server/support/client.ts'
import { makeUser } from '../../support/make.ts'

type Documents = Record<string, mongoose.mongo.Document[]>
type Google = Awaited<ReturnType<typeof makeGoogle>>

const NAMES = ['events', 'calendar_removals', 'calendar_farewells', 'calendar_feeds']
const PLENTY = 1_000_000
const TIMED = { start: new Date('2030-05-06T10:00:00Z'), timezone: 'UTC' }
const MOVED = { start: { dateTime: '2030-05-14T12:00:00Z' }, end: { dateTime: '2030-05-14T13:00:00Z' } }

/** What a sync with Google Calendar writes, with all fields of it that there are only while something is under way. */
export async function writtenBySync(store: DialogueStore, db: mongoose.mongo.Db): Promise<Documents> {
  const { id: creatorId } = await makeUser(store)
  const google = await makeGoogle(store, db)
  const [asked, listed] = [google.seenAt('events.patch'), google.seenAt('events.list')]
  const opened = google.seenAt('events.watch')
  await publishSeries(store, creatorId, google)
  await publishContested(store, creatorId, google)
  await google.sync.watch('ana@example.com', { address: 'https://example.com/hook' })
  const kept = await google.read({ creatorId: new ObjectId(creatorId) })
  await removeUnseen(store, creatorId, google)
  const removing = await eraseSlowly(store, creatorId, google)
  const sending = await asked
  const [reading, opening] = [await listed, await opened]
  return {
    events: [...(kept.events ?? []), ...(sending.events ?? [])],
    calendar_removals: [
      ...(removing.calendar_removals ?? []),
      ...(await db.collection('dialogue_calendar_removals').find().toArray()),
    ],
    calendar_farewells: removing.calendar_farewells ?? [],
    calendar_feeds: [kept, reading, opening].flatMap(({ calendar_feeds = [] }) => calendar_feeds),
  }
}

/** An account at a server that does as Google does, and a sync by its owner's access. */
async function makeGoogle(store: DialogueStore, db: mongoose.mongo.Db) {
  const server = await startServer({ quota: { perMinute: PLENTY } })
  const { token, calendarId } = server.account('ana@example.com')
  const client = clientOf(server, token)
  const read = async (of: mongoose.mongo.Document = {}): Promise<Documents> =>
    Object.fromEntries(
      await Promise.all(
        NAMES.map(async (name) => {
          const filter = name === 'events' ? of : {}
          return [name, await db.collection(`dialogue_${name}`).find(filter).toArray()] as const
        }),
      ),
    )
  const befalls = new Map<Kind, () => Promise<Fate>>()
  server.judgeBy(async ({ kind }): Promise<Fate> => {
    const befall = befalls.get(kind)
    befalls.delete(kind)
    return befall ? befall() : 'answers'
  })
  return {
    read,
    people: server.calendar(calendarId),
    sync: createCalendarSync(store, { calendar: () => client, requestsPerMinute: PLENTY }),
    /** The next request of a kind meets that. */
    befall: (kind: Kind, fate: Fate) => befalls.set(kind, async () => fate),
    /** What is stored while the next request of a kind is under way. */
    seenAt: (kind: Kind): Promise<Documents> =>
      new Promise((resolve, reject) => {
        befalls.set(kind, async () => {
          await read({ 'calendarSync.owner': { $exists: true } }).then(resolve, reject)
          return 'answers'
        })
      }),
    /** What failed has waited long enough. */
    async hurry(): Promise<void> {
      await db
        .collection('dialogue_calendar_removals')
        .updateMany({ dueAt: { $exists: true } }, { $set: { dueAt: new Date(0) } })
    },
  }
}

/** Of which an instance is moved at Google: an exception here, and an event of its own. */
async function publishSeries(store: DialogueStore, creatorId: string, { sync, people }: Google) {
  const fields = { summary: 'Course', recurrence: ['RRULE:FREQ=WEEKLY;COUNT=4'] }
  const { event } = await store.storeEvent({ creatorId, ...TIMED, ...fields })
  await sync.push()
  people.moveInstance(event.id, new Date('2030-05-13T10:00:00Z'), MOVED)
  await sync.pull()
}

/** Both sides change it; then Google refuses it for good. */
async function publishContested(store: DialogueStore, creatorId: string, { sync, people, befall }: Google) {
  const { event } = await store.storeEvent({ creatorId, ...TIMED, summary: 'Dentist' })
  await sync.push()
  await store.updateEvent(event.id, { summary: 'Surgeon' })
  people.change(event.id, { summary: 'Orthodontist' })
  await sync.pull()
  await store.updateEvent(event.id, { summary: 'Optician' })
  await sync.push()
  await store.updateEvent(event.id, { summary: 'Dentist' })
  befall('events.patch', { status: 400, reason: 'invalid' })
  await sync.push()
}

/** An event that never arrived, and may still: its removal looks for it. */
async function removeUnseen(store: DialogueStore, creatorId: string, google: Google): Promise<void> {
  const { sync, befall, hurry } = google
  const { event } = await store.storeEvent({ creatorId, ...TIMED, summary: 'Never there' })
  befall('events.insert', 'is lost')
  await sync.push()
  await store.deleteEvent(event.id)
  await hurry()
  await sync.push()
}

/** What is left of somebody whose events are being removed, after a first attempt failed. */
async function eraseSlowly(store: DialogueStore, creatorId: string, google: Google): Promise<Documents> {
  const { sync, befall, seenAt, hurry } = google
  const { event } = await store.storeEvent({ creatorId, ...TIMED, summary: 'Dentist' })
  await sync.push()
  await store.deleteEvent(event.id)
  befall('events.delete', { status: 503, reason: 'backendError' })
  await sync.push()
  await store.deleteUser(creatorId)
  await hurry()
  const seen = seenAt('events.delete')
  await sync.push()
  return seen
}
