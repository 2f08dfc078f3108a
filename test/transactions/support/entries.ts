import type mongoose from 'mongoose'
import { nextId, ObjectId } from '../../../src/ids.ts'
import type { Message } from '../../../src/index.ts'
import type { JournalDocument } from '../../../src/messages/entry.ts'
import type { MessageDocument } from '../../../src/messages/schema.ts'

/** A message as a transaction writes it down. */
export const messageOf = (
  userId: string,
  content: string,
  more: Partial<MessageDocument> = {},
): MessageDocument => {
  const now = new Date()
  const _id = nextId()
  return {
    _id,
    userId: new ObjectId(userId),
    timestamp: now,
    sender: 'user',
    type: 'text',
    content,
    version: 1,
    createdAt: now,
    ...more,
  }
}

/** A message that is stored, as a transaction wants it to be. */
export const changedTo = (message: Message, content: string): MessageDocument =>
  messageOf(message.userId, content, {
    _id: new ObjectId(message.id),
    timestamp: message.timestamp,
    createdAt: message.createdAt,
    updatedAt: new Date(),
    version: message.version + 1,
  })

/** What is left by a process that died after its commit: its entry, and a user who was touched. */
export async function leaveEntry(
  db: mongoose.mongo.Db,
  userId: string,
  { untilMs = -60_000, ...intents }: Partial<JournalDocument> & { untilMs?: number },
): Promise<ObjectId> {
  const _id = nextId()
  const entry: JournalDocument = {
    _id,
    userId: new ObjectId(userId),
    inserts: [],
    replacements: [],
    deletions: [],
    largest: 1000,
    until: new Date(Date.now() + untilMs),
    active: 1,
    createdAt: new Date(),
    ...intents,
  }
  await db.collection<JournalDocument>('dialogue_journal').insertOne(entry)
  await db.collection('dialogue_users').updateOne({ _id: entry.userId }, { $inc: { touches: 1 } })
  return _id
}

/** How many entries are not settled: what is only waiting for its time does not count. */
export const unsettledIn = (db: mongoose.mongo.Db): Promise<number> =>
  db.collection('dialogue_journal').countDocuments({ settled: { $exists: false } })
