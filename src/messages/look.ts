import type mongoose from 'mongoose'
import { attempt, type Deadline } from '../db/attempt.ts'
import type { Database } from '../db/database.ts'
import { userNotFound } from '../errors.ts'
import type { ObjectId } from '../ids.ts'
import { journal } from './entry.ts'
import { OPEN } from './journal.ts'
import { type MessageDocument, messages } from './schema.ts'

/** How messages see users: their collection, and the filter of those who exist. */
export interface UsersView {
  collection: mongoose.mongo.Collection
  alive: mongoose.mongo.Document
}

interface Needs {
  database: Database
  users: UsersView
  settleUsers(userIds: ObjectId[], deadline: Deadline): Promise<void>
}

export interface Found {
  /** By the names of the pipelines. */
  messages: Record<string, MessageDocument[]>
  /** How many transactions have stored something of the user. */
  touches: number
  /** It had to look more than once: what a transaction decided, maybe long ago, was stored meanwhile. */
  again: boolean
}

export type Look = (
  userId: ObjectId,
  pipelines: Record<string, mongoose.mongo.Document[]>,
  deadline: Deadline,
) => Promise<Found>

/** What comes back from the server. */
export interface Row {
  _id: ObjectId
  messages?: Record<string, MessageDocument[]>
  touches?: number
  open: unknown[]
  then: { touches?: number }[]
}

/**
 * Reads a user's messages in one command with the check that the user exists, and sees each committed transaction
 * as a whole. What is still in the journal is settled first. What is committed while the command runs shows in
 * the user's `touches`, which every transaction with messages raises: they are read before the messages, and after.
 * @throws DialogueStoreError `USER_NOT_FOUND`
 */
export function createLook({ database, users, settleUsers }: Needs): Look {
  const read = (pipeline: mongoose.mongo.Document[], deadline: Deadline) =>
    attempt(deadline, 'read', (terms) => users.collection.aggregate<Row>(pipeline, terms).toArray())
  const toPipeline = createPipelines(database, users)

  return async (userId, pipelines, deadline) => {
    const lookups = Object.entries(pipelines).map(([as, pipeline]) => ({ as, pipeline }))
    const pipeline = toPipeline([userId], lookups)
    for (let again = false; ; again = true) {
      const [row] = await read(pipeline, deadline)
      if (!row) throw userNotFound()
      if (isWhole(row)) return toFound(row, again)
      if (row.open.length > 0) await settleUsers([userId], deadline)
    }
  }
}

/** Messages to be read of a user. */
interface Lookup {
  as: string
  pipeline: mongoose.mongo.Document[]
  /** The field of the messages that holds the user; none: the pipeline says itself whose messages it wants. */
  foreignField?: string
}

/** Nothing is to be settled, and nothing was committed meanwhile. */
export const isWhole = ({ open, then, touches = 0 }: Row): boolean =>
  open.length === 0 && touches === (then[0]?.touches ?? 0)

export const toFound = ({ messages = {}, touches = 0 }: Row, again: boolean): Found => ({
  messages,
  touches,
  again,
})

/** Makes what `look` sends, for one user or for several at once. */
export function createPipelines(database: Database, users: UsersView) {
  return (userIds: ObjectId[], lookups: Lookup[]): mongoose.mongo.Document[] => {
    const [only] = userIds.length === 1 ? userIds : []
    /* By value where it can be said: that is planned once, not for each user. */
    const lookup = (from: string, { as, pipeline, foreignField }: Lookup) => {
      if (!foreignField) return { $lookup: { from, as, pipeline } }
      return only
        ? { $lookup: { from, as, pipeline: [{ $match: { [foreignField]: only } }, ...pipeline] } }
        : { $lookup: { from, as, localField: '_id', foreignField, pipeline } }
    }
    const open = [{ $match: OPEN }, { $limit: 1 }, { $project: { _id: 1 } }]
    const then = [{ $project: { touches: 1 } }]
    return [
      { $match: { _id: { $in: userIds }, ...users.alive } },
      { $project: { touches: 1 } },
      lookup(database.nameOf(journal.collection), { as: 'open', foreignField: 'userId', pipeline: open }),
      ...lookups.map(({ as, ...rest }) =>
        lookup(database.nameOf(messages.collection), { as: `messages.${as}`, ...rest }),
      ),
      lookup(users.collection.collectionName, { as: 'then', foreignField: '_id', pipeline: then }),
    ]
  }
}
