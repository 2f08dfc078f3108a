import { attempt, type Deadline } from '../db/attempt.ts'
import type { Database } from '../db/database.ts'
import { insertUnordered } from '../db/insert.ts'
import type { ObjectId } from '../ids.ts'
import { type FlightDocument, seen } from './schema.ts'

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
   * Lands messages that their callers chose ids for: each is a flight of that id, which no claim names.
   * @returns those that were overtaken, as hex
   */
  landEach(ids: ObjectId[], deadline: Deadline): Promise<Set<string>>
  /** Overtakes flights: for a transaction, in it; for a deletion, before it. */
  overtake(flights: ObjectId[], inside: Deadline): Promise<void>
  /** Of these flights, those that have landed, as hex. */
  landed(flights: ObjectId[], deadline: Deadline): Promise<Set<string>>
}

const PREFIX = 'flight:'
const keyOf = (flight: ObjectId): string => PREFIX + flight.toHexString()

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

    async landEach(ids, deadline) {
      const landings = ids.map((id) => ({ _id: keyOf(id), createdAt: new Date(), landed: true }))
      const { errors } = await insertUnordered(database, seen.collection, landings, deadline, 1)
      if (errors.length === 0) return new Set()
      const before = errors.flatMap(({ index }) => landings[index]?._id ?? [])
      const found = await attempt(deadline, 'read', (terms) =>
        collection.find({ _id: { $in: before }, overtaken: { $exists: true } }, terms).toArray(),
      )
      return new Set(found.map(({ _id }) => _id.slice(PREFIX.length)))
    },

    async overtake(flights, inside) {
      if (flights.length === 0) return
      const change = [{ $set: { createdAt: createdAt(), overtaken: { $add: [overtakers, 1] } } }]
      const writes = flights.map((flight) => ({
        updateOne: { filter: { _id: keyOf(flight) }, update: change, upsert: true },
      }))
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
