import { attempt } from '../db/attempt.ts'
import type { Database } from '../db/database.ts'
import { DialogueStoreError } from '../errors.ts'
import { type EventDocument, toEvent } from '../events/schema.ts'
import type { ObjectId } from '../ids.ts'
import { parse } from '../input.ts'
import { callback } from '../log.ts'
import { ALIVE, toUser, type User, users } from '../users/schema.ts'
import { noAccess } from './failure.ts'
import type { Feeds } from './feeds.ts'
import { calendarName, isClient, type SyncConfig } from './options.ts'
import { type CalendarClient, createPort, type GoogleCalendar, type Reached } from './port.ts'
import type { Removals } from './removals.ts'

interface Needs {
  database: Database
  config: SyncConfig
  feeds: Feeds
  removals: Removals
}

const PRIMARY = 'primary'

/** Whose access reaches which calendar. */
export function createAccess({ database, config, feeds, removals }: Needs) {
  const { calendar, calendarOf, requestsPerMinute, sendUpdates } = config
  const collection = database.collection(users)
  const isShared = typeof calendar !== 'function'
  const names = new WeakMap<GoogleCalendar, Promise<string>>()
  const ports = new WeakMap<CalendarClient, GoogleCalendar>()

  function portOf(client: CalendarClient): GoogleCalendar {
    const port = ports.get(client) ?? createPort(client, { perMinute: requestsPerMinute, sendUpdates })
    ports.set(client, port)
    return port
  }

  const alive = (creatorId: ObjectId) =>
    attempt(database.deadline(), 'read', (terms) => collection.findOne({ _id: creatorId, ...ALIVE }, terms))

  async function creatorOf(creatorId: ObjectId): Promise<User | undefined> {
    const user = (await alive(creatorId)) ?? (await removals.farewell(creatorId))?.user
    return user && toUser(user)
  }

  async function clientOf(creator: User | undefined): Promise<GoogleCalendar> {
    if (typeof calendar !== 'function') return portOf(calendar)
    if (!creator) throw gone()
    const client = await callback(() => calendar(creator))
    /* Somebody who has not connected theirs, or not yet. */
    if (!isClient(client)) throw noAccess()
    return portOf(client)
  }

  /** Where each creator has their own, `primary` is another calendar for each: Google knows which. */
  function nameOf(google: GoogleCalendar, calendarId: string): string | Promise<string> {
    if (isShared || calendarId !== PRIMARY) return calendarId
    const known = names.get(google) ?? google.calendarId(PRIMARY)
    names.set(google, known)
    known.catch(() => names.delete(google))
    return known
  }

  return {
    /** Where an event is, or is going to be. */
    async ofEvent(event: EventDocument): Promise<Reached> {
      const found = await alive(event.creatorId)
      /* Who is erased publishes nothing any more: the erasure is about to delete the event, and leaves its removal. */
      if (!found) throw noAccess()
      const creator: User = toUser(found)
      const google = await clientOf(creator)
      const known = event.calendarSync.calendarId
      if (known !== undefined) return { google, calendarId: known, zone: await feeds.zoneOf(known) }
      const wanted = calendarOf ? await callback(() => calendarOf(toEvent(event), creator)) : PRIMARY
      const calendarId = await nameOf(google, parse(calendarName, wanted, ['options', 'calendarOf']))
      await feeds.know(calendarId, isShared ? undefined : event.creatorId)
      return { google, calendarId, zone: await feeds.zoneOf(calendarId) }
    },
    async ofCreator(creatorId: ObjectId | undefined): Promise<GoogleCalendar> {
      return clientOf(isShared || !creatorId ? undefined : await creatorOf(creatorId))
    },
    /** Of a calendar that is known, or can be told by its name alone. */
    async ofFeed({ creatorId }: { creatorId?: ObjectId | undefined }): Promise<GoogleCalendar> {
      return clientOf(creatorId && (await creatorOf(creatorId)))
    },
    isShared,
  }
}

export type Access = ReturnType<typeof createAccess>

const gone = () =>
  new DialogueStoreError(
    'CALENDAR_REFUSED',
    'Nobody is known whose access reaches this calendar. Give calendar as one client, or store an event there first.',
  )
