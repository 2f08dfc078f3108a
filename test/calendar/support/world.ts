import type mongoose from 'mongoose'
import type { CalendarServerOptions, Fate, Kind } from '../../../scripts/calendar-server/index.ts'
import { type CalendarSyncOptions, createCalendarSync } from '../../../src/google-calendar.ts'
import { ObjectId } from '../../../src/ids.ts'
import type { DialogueStore, NewEvent } from '../../../src/index.ts'
import { clientOf, startServer } from '../../calendar-server/support/client.ts'
import { makeWorld as makeStoreWorld, makeUser } from '../../support/make.ts'

export const START = new Date('2030-05-06T10:00:00Z')
export const END = new Date('2030-05-06T11:00:00Z')
/** No limit that a test would meet. */
const PLENTY = 1_000_000

export type World = Awaited<ReturnType<typeof makeWorld>>

/** A store, a server that does as Google does, and Ana's account there. */
export async function makeWorld(options: CalendarServerOptions = {}) {
  const { store, db, dbName } = await makeStoreWorld()
  const server = await startServer({ quota: { perMinute: PLENTY }, ...options })
  const ana = server.account('ana@example.com')
  const people = server.calendar(ana.calendarId)
  const client = clientOf(server, ana.token)
  const { id: creatorId } = await makeUser(store)
  const events = db.collection('dialogue_events')
  return {
    ...{ store, db, dbName, server, ana, people, client, creatorId },
    sync: (more: Partial<CalendarSyncOptions> = {}, by: DialogueStore = store) =>
      createCalendarSync(by, { calendar: client, requestsPerMinute: PLENTY, ...more }),
    /** What Google has, but for what was deleted. */
    there: () => people.events().filter(({ status }) => status !== 'cancelled'),
    event: async (fields: Partial<NewEvent> = {}) =>
      (await store.storeEvent({ creatorId, summary: 'Dentist', start: START, ...fields })).event,
    stored: (id: string) => events.findOne<mongoose.mongo.Document>({ _id: new ObjectId(id) }),
    /** What waits for its next attempt has waited long enough. */
    async hurry(): Promise<void> {
      const due = { 'calendarSync.dueAt': { $exists: true } }
      await events.updateMany(due, {
        $set: { 'calendarSync.dueAt': new Date(0) },
        $unset: { 'calendarSync.until': 1 },
      })
      await db
        .collection('dialogue_calendar_removals')
        .updateMany({ dueAt: { $exists: true } }, { $set: { dueAt: new Date(0) }, $unset: { until: 1 } })
    },
  }
}

/** What happens before the next request of a kind is answered. */
export function before({ server }: Pick<World, 'server'>, kind: Kind, happens: () => Promise<unknown>): void {
  server.judgeBy(async (asked): Promise<Fate> => {
    if (asked.kind !== kind) return 'answers'
    server.judgeBy(() => 'answers')
    await happens()
    return 'answers'
  })
}

/** An event that both sides have, and know to have. @returns its id */
export async function published(world: World, fields: Partial<NewEvent> = {}): Promise<string> {
  const { id } = await world.event(fields)
  await world.sync().push()
  await world.sync().pull('primary')
  return id
}

/** Google has it no more, not even as deleted. */
export async function purge({ db, people }: World, id: string): Promise<void> {
  people.remove(id)
  const absent = { $set: { googleCalendarId: 'absent' } }
  await db.collection('dialogue_events').updateOne({ _id: new ObjectId(id) }, absent)
}
