import mongoose from 'mongoose'
import { packed, unpacked } from '../cursor.ts'
import { attempt, type Deadline, sure } from '../db/attempt.ts'
import type { Database, Model } from '../db/database.ts'
import { invalidInput } from '../errors.ts'
import type { ObjectId } from '../ids.ts'
import { id, parse } from '../input.ts'
import type { JsonObject } from '../json.ts'
import type { User } from '../users/schema.ts'
import { eventNotFound } from './events.ts'
import {
  BY_START,
  type CalendarEvent,
  type EventDocument,
  type EventFilter,
  eventFilter,
  events,
  getOptions,
  toEvent,
} from './schema.ts'

export interface EventPage<E = JsonObject, D = JsonObject> {
  events: CalendarEvent<E, D>[]
  /** Events that match the filter, whatever the page. */
  count: number
  /** False: `count` is a floor, since counting stops at 10,000. */
  countIsExact: boolean
  nextCursor: string | null
}

const MOST_COUNTED = 10_000

interface Needs<C, D> {
  database: Database
  /** How creators are found and shown: the users' model, the filter of who was not erased, and their conversion. */
  creators: { model(): Model; alive: mongoose.mongo.Document; show(document: C): User<D> }
  /** @throws DialogueStoreError `USER_NOT_FOUND` */
  requireUser(userId: ObjectId, deadline: Deadline): Promise<void>
}

export function createEventReading<C, E, D>({ database, creators, requireUser }: Needs<C, D>) {
  const collection = database.collection(events)

  /** Mongoose populates the reference with one query for the page, not one for each event. */
  async function withCreators(found: EventDocument[], deadline: Deadline): Promise<CalendarEvent<E, D>[]> {
    const populated = await attempt(deadline, 'read', (terms) =>
      database.model(events).populate<EventDocument & { creator?: C | null }>(
        found.map((event) => ({ ...event })),
        {
          path: 'creator',
          model: creators.model(),
          match: creators.alive,
          options: { lean: true, ...sure(terms) },
        },
      ),
    )
    return populated.map(({ creator, ...event }) => ({
      ...toEvent<E, D>(event),
      ...(creator && { creator: creators.show(creator) }),
    }))
  }

  return {
    async getEvent(eventId: unknown, options?: unknown): Promise<CalendarEvent<E, D>> {
      const _id = parse(id, eventId, ['eventId'])
      const { withCreator } = parse(getOptions, options, ['options'])
      const deadline = database.deadline()
      const document = await attempt(deadline, 'read', (terms) => collection.findOne({ _id }, sure(terms)))
      if (!document) throw eventNotFound()
      const [event = toEvent<E, D>(document)] = withCreator ? await withCreators([document], deadline) : []
      return event
    },

    async retrieveEvents(filter: unknown = {}): Promise<EventPage<E, D>> {
      const given = parse(eventFilter, filter, ['filter'])
      const place = given.cursor ? fromCursor(given.cursor) : undefined
      const query = toQuery(given)
      const deadline = database.deadline()
      const [found, count] = await Promise.all([
        attempt(deadline, 'read', (terms) =>
          collection
            .find(place ? { $and: [query, after(place)] } : query, sure(terms))
            .sort({ start: 1, _id: 1 })
            .limit(given.limit + 1)
            .toArray(),
        ),
        attempt(deadline, 'read', (terms) =>
          collection.countDocuments(query, { ...hintFor(given), limit: MOST_COUNTED, ...terms }),
        ),
        given.creatorId && requireUser(given.creatorId, deadline),
      ])
      const shown = found.slice(0, given.limit)
      const last = shown.at(-1)
      return {
        events: given.withCreator
          ? await withCreators(shown, deadline)
          : shown.map((document) => toEvent<E, D>(document)),
        count,
        countIsExact: count < MOST_COUNTED,
        nextCursor: found.length > given.limit && last ? toCursor(last) : null,
      }
    },
  }
}

/** What overlaps [from, to). */
function toQuery({ creatorId, from, to, status }: EventFilter): mongoose.mongo.Filter<EventDocument> {
  return {
    ...(creatorId && { creatorId }),
    ...(from && { end: { $gt: from } }),
    ...(to && { start: { $lt: to } }),
    status: { $in: Array.isArray(status) ? status : [status] },
  }
}

/** Where the query bounds no index, counting would read the documents: it has to be told to walk keys. */
const hintFor = ({ creatorId, from, to }: EventFilter): { hint?: typeof BY_START } =>
  creatorId || from || to ? {} : { hint: BY_START }

interface Place {
  start: Date
  _id: ObjectId
}

const after = ({ start, _id }: Place): mongoose.mongo.Filter<EventDocument> => ({
  $or: [{ start: { $gt: start } }, { start, _id: { $gt: _id } }],
})

/** A place in the order of events: start in ms (8 bytes, float), id (12). */
function toCursor({ start, _id }: Place): string {
  const ms = Buffer.alloc(8)
  ms.writeDoubleBE(start.getTime())
  return packed(ms, _id.id)
}

function fromCursor(cursor: string): Place {
  const bytes = unpacked(cursor, 21)
  const start = new Date(bytes?.readDoubleBE(1) ?? Number.NaN)
  if (!bytes || Number.isNaN(start.getTime())) {
    throw invalidInput([{ path: ['filter', 'cursor'], reason: 'is not a cursor of retrieveEvents()' }])
  }
  return { start, _id: new mongoose.mongo.ObjectId(bytes.subarray(9)) }
}
