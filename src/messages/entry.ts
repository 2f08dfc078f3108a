import { z } from 'zod'
import type { ModelDefinition } from '../db/definition.ts'
import { sizeOf } from '../db/size.ts'
import type { ObjectId } from '../ids.ts'
import { counter, date, id } from '../input.ts'
import { type MessageDocument, messageDocument } from './schema.ts'

/**
 * What a transaction has decided about messages, which cannot take part in transactions themselves: MongoDB
 * refuses that on a capped collection. An entry commits or aborts with everything else, and is settled after the
 * commit. Any number of settlers may work on an entry at once, and each of their commands ends before `until`,
 * on the server's clock: so nothing of an entry that is gone, or settled and past its `until`, is under way.
 */
const journalDocument = z.strictObject({
  _id: id,
  userId: id,
  /** Messages to be inserted. */
  inserts: z.array(messageDocument),
  /** Messages as they shall be, if they are there. */
  replacements: z.array(messageDocument),
  /** Messages to be deleted. */
  deletions: z.array(id),
  /** The size of the largest message, in bytes. */
  largest: counter,
  until: date,
  /** How many settlers have begun, and not ended. */
  active: counter,
  createdAt: date,
  /** All is done; the rest waits for `until`. */
  settled: z.literal(true).optional(),
  /** Why it can never be settled. */
  parked: z.strictObject({ code: z.int(), at: date }).optional(),
})
export type JournalDocument = z.output<typeof journalDocument>

export const journal: ModelDefinition<typeof journalDocument> = {
  name: 'Journal',
  collection: 'journal',
  document: journalDocument,
  owner: 'userId',
  ownErasure: true,
  indexes: [{ keys: { userId: 1 } }],
}

/** What a transaction wants done to one user's messages. */
export interface Intents {
  userId: ObjectId
  inserts: MessageDocument[]
  replacements: MessageDocument[]
  deletions: ObjectId[]
}

/** An entry as a settler holds it. */
export interface Held {
  _id: ObjectId
  userId: ObjectId
  until: Date
  largest: number
  /** What there is to do. */
  insertCount: number
  replacementCount: number
  deletionCount: number
}

/** Well below the 16 MiB that a document may have; a single larger message has an entry of its own. */
const ENTRY_BYTES = 4 * 2 ** 20
const BYTES_OF_ID = 24

/** An entry is a document, so it has bounds. */
export function toParts({
  userId,
  inserts,
  replacements,
  deletions,
}: Intents): (Intents & { largest: number })[] {
  const parts: (Intents & { largest: number })[] = []
  let bytes = Number.POSITIVE_INFINITY
  const room = (size: number): Intents & { largest: number } => {
    const last = parts.at(-1)
    bytes += size
    if (last && bytes <= ENTRY_BYTES) return last
    bytes = size
    const next = { userId, largest: 0, inserts: [], replacements: [], deletions: [] }
    parts.push(next)
    return next
  }
  for (const [kind, documents] of Object.entries({ inserts, replacements })) {
    for (const document of documents) {
      const size = sizeOf(document)
      const part = room(size)
      part.largest = Math.max(part.largest, size)
      part[kind as 'inserts' | 'replacements'].push(document)
    }
  }
  for (const _id of deletions) room(BYTES_OF_ID).deletions.push(_id)
  return parts
}
