import type mongoose from 'mongoose'
import type { ObjectId } from '../ids.ts'
import { attempt, type Deadline } from './attempt.ts'
import type { Collection } from './database.ts'

/** The ids of up to `limit` documents, in no order. */
export async function findIds<D extends mongoose.mongo.Document>(
  collection: Collection<D>,
  filter: mongoose.mongo.Filter<D>,
  limit: number,
  deadline: Deadline,
): Promise<ObjectId[]> {
  const found = await attempt(deadline, 'read', (terms) =>
    collection.find(filter, terms).project<{ _id: ObjectId }>({ _id: 1 }).limit(limit).toArray(),
  )
  return found.map(({ _id }) => _id)
}

/** Removes what is found, some at a time, until nothing is. */
export async function removeAll(
  find: () => Promise<ObjectId[]>,
  remove: (ids: ObjectId[]) => Promise<unknown>,
): Promise<void> {
  for (let ids = await find(); ids.length > 0; ids = await find()) await remove(ids)
}
