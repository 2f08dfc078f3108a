import mongoose from 'mongoose'
import { DialogueStoreError } from '../errors.ts'
import type { StoredRetention } from './retention.ts'

const LARGEST_DOCUMENT = 16 * 2 ** 20

/**
 * The bytes of a document.
 * @throws DialogueStoreError `TOO_LARGE` beyond 16 MiB, or beyond the cap: MongoDB would take it, and evict everything else
 */
export function assertFits(document: mongoose.mongo.Document, retention: StoredRetention): number {
  const bytes = mongoose.mongo.BSON.calculateObjectSize(document)
  if (bytes > LARGEST_DOCUMENT) {
    throw new DialogueStoreError(
      'TOO_LARGE',
      'The message is larger than the 16 MiB that MongoDB stores. Nothing was sent.',
    )
  }
  if (retention.kind === 'capped' && bytes > retention.sizeBytes) {
    const text =
      'The message is larger than the whole capped collection. Nothing was sent; raise retention.sizeBytes.'
    throw new DialogueStoreError('TOO_LARGE', text)
  }
  return bytes
}
