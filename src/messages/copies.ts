import type mongoose from 'mongoose'
import { attempt } from '../db/attempt.ts'
import type { Database } from '../db/database.ts'
import { findIds, removeAll } from '../db/find-ids.ts'
import type { ObjectId } from '../ids.ts'
import { messages } from './schema.ts'

/** A collection, and what stays its own when it is renamed. */
export interface Named {
  name: string
  uuid: string
}

/** Collections that conversions of retention copy the messages to begin with this. */
export const convertingPrefix = ({ nameOf }: Database): string => `${nameOf(messages.collection)}_converting_`

/** The messages, and every collection that a conversion is copying them to, or left. */
export async function messageCollections(database: Database): Promise<{ live?: Named; copies: Named[] }> {
  const live = database.nameOf(messages.collection)
  const name = { $regex: `^${live}(_converting_.*)?$` }
  const found = await attempt(database.deadline(), 'read', (terms) =>
    database.db
      .listCollections<{ name: string; info: { uuid: mongoose.mongo.UUID } }>({ name }, terms)
      .toArray(),
  )
  const named = found.map(({ name, info }) => ({ name, uuid: info.uuid.toHexString() }))
  const own = named.find((collection) => collection.name === live)
  return { ...(own && { live: own }), copies: named.filter((collection) => collection !== own) }
}

const BATCH = 1000

/** The copy of a conversion that nobody goes on with would outlive the user. */
export async function removeFromCopies(database: Database, userId: ObjectId): Promise<void> {
  const { copies } = await messageCollections(database)
  for (const { name } of copies) {
    const copy = database.db.collection(name)
    await removeAll(
      () => findIds(copy, { userId }, BATCH, database.deadline()),
      (ids) =>
        attempt(database.deadline(), 'write', (terms) => copy.deleteMany({ _id: { $in: ids } }, terms)),
    )
  }
}
