import { attempt, type Deadline } from '../db/attempt.ts'
import type { Database } from '../db/database.ts'
import { insertNew, insertUnordered } from '../db/insert.ts'
import { laterThan } from '../db/moment.ts'
import type { ObjectId } from '../ids.ts'
import { type FlightDocument, type MessageDocument, seen } from './schema.ts'

/**
 * What became of a flight, the batch that was to insert messages with external ids. It lands when they are
 * inserted. A transaction may overtake it, and store one of them in its place: the flight then has to look again
 * whose message is whose before it lands. Both write to one document, so one of them is first.
 */
export interface Flights {
  /**
   * Lands a flight that knows of so many overtakers.
   * @returns how many there are: if more, it has not landed
   */
  land(flight: ObjectId, known: number, deadline: Deadline): Promise<number>
  /**
   * Lands flights whose messages are inserted, however often they have landed before.
   * @returns the keys of those that somebody has overtaken
   */
  landAgain(keys: string[], deadline: Deadline): Promise<Set<string>>
  /** Overtakes flights, given by their keys: for a transaction, in it; for a deletion, before it. */
  overtake(keys: string[], inside: Deadline): Promise<void>
  /** Of these flights, those that have landed, as hex. */
  landed(flights: ObjectId[], deadline: Deadline): Promise<Set<string>>
}

const PREFIX = 'flight:'
export const keyOf = (flight: ObjectId): string => PREFIX + flight.toHexString()
/** A message whose id was chosen is a flight of its own, which no claim names; it goes with its user. */
export const keyOfChosen = ({ _id, userId }: Pick<MessageDocument, '_id' | 'userId'>): string =>
  `${userId.toHexString()}:${_id.toHexString()}`

export function createFlights(database: Database): Flights {
  const collection = database.internal<FlightDocument>(seen.collection)
  const createdAt = () => ({ $ifNull: ['$createdAt', new Date()] })
  const overtakers = { $ifNull: ['$overtaken', 0] }

  return {
    async land(flight, known, deadline) {
      /* Not worth a majority: if a fail-over loses it, a message evicted since may come back once. */
      if (known === 0) {
        const landing = { _id: keyOf(flight), createdAt: new Date(), landed: true }
        const { errors } = await insertUnordered(database, seen.collection, [landing], deadline, 1)
        if (errors.length === 0) return 0
      }
      const landed = { $cond: [{ $eq: [overtakers, known] }, true, '$landed'] }
      const change = [{ $set: { createdAt: createdAt(), landed } }]
      const options = { upsert: true, returnDocument: 'after' } as const
      const document = await attempt(deadline, 'write', (terms) =>
        collection.findOneAndUpdate({ _id: keyOf(flight) }, change, { ...terms, ...options }),
      )
      return document?.overtaken ?? 0
    },

    async landAgain(keys, deadline) {
      const landings = keys.map((_id) => ({ _id, createdAt: new Date(), landed: true }))
      const there = await insertNew(database, seen.collection, landings, deadline, 1)
      if (there.length === 0) return new Set()
      const before = { _id: { $in: there.flatMap((index) => keys[index] ?? []) } }
      /* A transaction that has looked since must meet this landing, and not the one before. */
      const change = { createdAt: laterThan('$createdAt'), landed: true }
      await attempt(deadline, 'write', (terms) => collection.updateMany(before, [{ $set: change }], terms))
      const found = await attempt(deadline, 'read', (terms) =>
        collection.find({ ...before, overtaken: { $exists: true } }, terms).toArray(),
      )
      return new Set(found.map(({ _id }) => _id))
    },

    async overtake(keys, inside) {
      if (keys.length === 0) return
      const change = [{ $set: { createdAt: createdAt(), overtaken: { $add: [overtakers, 1] } } }]
      const writes = keys.map((_id) => ({ updateOne: { filter: { _id }, update: change, upsert: true } }))
      await attempt(inside, 'write', (terms) => collection.bulkWrite(writes, terms))
    },

    async landed(flights, deadline) {
      const keys = [...new Set(flights.map(keyOf))]
      if (keys.length === 0) return new Set()
      const found = await attempt(deadline, 'read', (terms) =>
        collection.find({ _id: { $in: keys }, landed: true }, terms).toArray(),
      )
      return new Set(found.map(({ _id }) => _id.slice(PREFIX.length)))
    },
  }
}
