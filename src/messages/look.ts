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
interface Row {
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
  const lookup = (from: string, as: string, pipeline: mongoose.mongo.Document[]) => ({
    $lookup: { from, pipeline, as },
  })

  const toPipeline = (userId: ObjectId, pipelines: Record<string, mongoose.mongo.Document[]>) => {
    const open = [{ $match: { userId, ...OPEN } }, { $limit: 1 }, { $project: { _id: 1 } }]
    const then = [{ $match: { _id: userId } }, { $project: { touches: 1 } }]
    return [
      { $match: { _id: userId, ...users.alive } },
      { $project: { touches: 1 } },
      lookup(database.nameOf(journal.collection), 'open', open),
      ...Object.entries(pipelines).map(([as, stages]) =>
        lookup(database.nameOf(messages.collection), `messages.${as}`, stages),
      ),
      lookup(users.collection.collectionName, 'then', then),
    ]
  }

  return async (userId, pipelines, deadline) => {
    const pipeline = toPipeline(userId, pipelines)
    for (let again = false; ; again = true) {
      const [row] = await attempt(deadline, 'read', (terms) =>
        users.collection.aggregate<Row>(pipeline, terms).toArray(),
      )
      if (!row) throw userNotFound()
      const { open, then, touches = 0 } = row
      if (open.length > 0) await settleUsers([userId], deadline)
      else if (touches === (then[0]?.touches ?? 0)) return { messages: row.messages ?? {}, touches, again }
    }
  }
}
