import mongoose from 'mongoose'
import { DialogueStoreError } from '../errors.ts'
import type { StoredRetention } from './retention.ts'

const LARGEST_DOCUMENT = 16 * 2 ** 20

/** In bytes, as BSON. */
export const sizeOf = (document: mongoose.mongo.Document): number =>
  mongoose.mongo.BSON.calculateObjectSize(document)

/** Beyond it, MongoDB would take a message, and evict everything else. */
export const capOf = (kept: StoredRetention): number =>
  kept.kind === 'capped' ? kept.sizeBytes : Number.POSITIVE_INFINITY

/**
 * The bytes of a document.
 * @param overhead what else has to fit into the same document of MongoDB's
 * @throws DialogueStoreError `TOO_LARGE` beyond 16 MiB, or beyond the cap: MongoDB would take it, and evict everything else
 */
export function assertFits(
  document: mongoose.mongo.Document,
  retention: StoredRetention,
  overhead = 0,
): number {
  const bytes = sizeOf(document)
  if (bytes + overhead > LARGEST_DOCUMENT) {
    throw new DialogueStoreError(
      'TOO_LARGE',
      'The message is larger than the 16 MiB that MongoDB stores. Nothing was sent.',
    )
  }
  if (bytes > capOf(retention)) {
    const text =
      'The message is larger than the whole capped collection. Nothing was sent; raise retention.sizeBytes.'
    throw new DialogueStoreError('TOO_LARGE', text)
  }
  return bytes
}
