import type mongoose from 'mongoose'
import { keyOf } from '../calls.ts'
import type { Crowd } from '../seat.ts'

/** A message as the plain driver finds it. */
export interface StoredMessage {
  id: string
  userId: string
  key: string
  timestamp: number
}

export interface StoredEvent {
  id: string
  userId: string
  key: string
}

interface StoredData {
  version: number
  data: Record<string, unknown>
}

export type Stored = Awaited<ReturnType<typeof readStored>>

type Document = mongoose.mongo.Document

/** All that a database holds, by the plain driver: messages in the order of the collection. */
export async function readStored(db: mongoose.mongo.Db) {
  const all = (name: string, projection: Document, sort: Document): mongoose.mongo.FindCursor<Document> =>
    db.collection(`dialogue_${name}`).find({}, { projection, sort })
  const messages = await all('messages', { userId: 1, content: 1, timestamp: 1 }, { $natural: 1 })
    .map(
      ({ _id, userId, content, timestamp }): StoredMessage => ({
        id: _id.toHexString(),
        userId: userId.toHexString(),
        key: keyOf(content),
        timestamp: timestamp.getTime(),
      }),
    )
    .toArray()
  const events = await all('events', { creatorId: 1, summary: 1 }, { _id: 1 })
    .map(
      ({ _id, creatorId, summary }): StoredEvent => ({
        id: _id.toHexString(),
        userId: creatorId.toHexString(),
        key: summary,
      }),
    )
    .toArray()
  const versioned = async (name: string, owner: '_id' | 'userId') =>
    new Map(
      await all(name, { [owner]: 1, version: 1, data: 1 }, { _id: 1 })
        .map(({ [owner]: user, version, data = {} }): [string, StoredData] => [
          user.toHexString(),
          { version, data },
        ])
        .toArray(),
    )
  return {
    messages,
    events,
    contexts: await versioned('contexts', 'userId'),
    users: await versioned('users', '_id'),
    unsettled: await db.collection('dialogue_journal').countDocuments({ settled: { $exists: false } }),
  }
}

/** Ids of documents by their key. */
export function byKey(documents: readonly { id: string; key: string }[]): Map<string, string[]> {
  const found = new Map<string, string[]>()
  for (const { id, key } of documents) {
    const ids = found.get(key)
    if (ids) ids.push(id)
    else found.set(key, [id])
  }
  return found
}

export const everybodyIn = ({ merging, replacing }: Crowd): string[] => [...merging, ...replacing]
