import { attempt, type Deadline, sure } from '../db/attempt.ts'
import type { Database } from '../db/database.ts'
import type { ObjectId } from '../ids.ts'
import { type MessageDocument, messages } from './schema.ts'

/**
 * Those of these messages that are there, whoever's they are, by their hex ids. One that a crash could still take back
 * is not there: nobody may be told that it is stored.
 */
export async function messagesById(
  database: Database,
  ids: ObjectId[],
  deadline: Deadline,
): Promise<Map<string, MessageDocument>> {
  if (ids.length === 0) return new Map()
  const found = await attempt(deadline, 'read', (terms) =>
    database
      .collection(messages)
      .find({ _id: { $in: ids } }, sure(terms))
      .toArray(),
  )
  return new Map(found.map((message) => [message._id.toHexString(), message]))
}
