import { contexts } from './contexts/schema.ts'
import { attempt, type Deadline } from './db/attempt.ts'
import type { Database } from './db/database.ts'
import { events } from './events/schema.ts'
import { journal } from './messages/entry.ts'
import { UNSETTLED } from './messages/journal.ts'
import type { RetentionKeeper, StoredRetention } from './messages/retention.ts'
import { messages } from './messages/schema.ts'
import { users } from './users/schema.ts'

/**
 * As the server keeps count, without looking at every document: what a transaction inserts counts while it is open, though
 * it may be given up.
 */
export interface Stats {
  users: number
  /** Contexts that have data. */
  contexts: number
  events: number
  /** Of committed transactions: what is not carried out yet, or can never be, and since when. */
  journal: { unsettled: number; oldest: Date | null }
  messages: {
    count: number
    retention: StoredRetention
    sizeBytes: number
    /** The cap in bytes; null under rolling retention. */
    capBytes: number | null
    /** How full the capped collection is, 0…1; null under rolling retention. */
    fill: number | null
    /** When the oldest message was stored. */
    oldest: Date | null
  }
}

export function createStats(database: Database, retention: RetentionKeeper): () => Promise<Stats> {
  const entries = database.collection(journal)
  const messageCollection = database.collection(messages)

  async function messageStats(): Promise<Stats['messages']> {
    const deadline = database.deadline()
    const kept = await retention.load()
    const [[storage], oldest] = await Promise.all([
      attempt(deadline, 'read', (terms) =>
        messageCollection
          .aggregate<{ storageStats: { count: number; size: number } }>(
            [{ $collStats: { storageStats: {} } }],
            terms,
          )
          .toArray(),
      ),
      attempt(deadline, 'read', (terms) =>
        messageCollection.findOne({}, { sort: { $natural: 1 }, projection: { createdAt: 1 }, ...terms }),
      ),
    ])
    const { count, size } = storage?.storageStats ?? { count: 0, size: 0 }
    const capped = kept.kind === 'capped'
    return {
      count,
      retention: kept,
      sizeBytes: size,
      capBytes: capped ? kept.sizeBytes : null,
      fill: capped
        ? Math.min(1, Math.max(size / kept.sizeBytes, kept.maxMessages ? count / kept.maxMessages : 0))
        : null,
      oldest: oldest?.createdAt ?? null,
    }
  }

  async function journalStats(deadline: Deadline): Promise<Stats['journal']> {
    const [unsettled, oldest] = await Promise.all([
      attempt(deadline, 'read', (terms) => entries.countDocuments(UNSETTLED, terms)),
      attempt(deadline, 'read', (terms) =>
        entries.findOne(UNSETTLED, { sort: { _id: 1 }, projection: { createdAt: 1 }, ...terms }),
      ),
    ])
    return { unsettled, oldest: oldest?.createdAt ?? null }
  }

  return async () => {
    const deadline = database.deadline()
    const total = (collection: string) =>
      attempt(deadline, 'read', (terms) => database.internal(collection).estimatedDocumentCount(terms))
    const having = (collection: string, field: string) =>
      attempt(deadline, 'read', (terms) =>
        database
          .internal(collection)
          .countDocuments({ [field]: { $exists: true } }, { hint: { [field]: 1 }, ...terms }),
      )
    const [everybody, erased, filled, eventCount, owed, stored] = await Promise.all([
      total(users.collection),
      having(users.collection, 'erasedAt'),
      having(contexts.collection, 'filledBy'),
      total(events.collection),
      journalStats(deadline),
      messageStats(),
    ])
    return {
      users: everybody - erased,
      contexts: filled,
      events: eventCount,
      journal: owed,
      messages: stored,
    }
  }
}
