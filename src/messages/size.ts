import mongoose from 'mongoose'
import type { Deadline } from '../db/attempt.ts'
import { DialogueStoreError } from '../errors.ts'
import type { RetentionKeeper, StoredRetention } from './retention.ts'

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
 * @throws DialogueStoreError `TOO_LARGE` beyond 16 MiB
 */
export function bytesOf(document: mongoose.mongo.Document, overhead = 0): number {
  const bytes = sizeOf(document)
  if (bytes + overhead > LARGEST_DOCUMENT) {
    throw new DialogueStoreError(
      'TOO_LARGE',
      'The message is larger than the 16 MiB that MongoDB stores. Nothing was sent.',
    )
  }
  return bytes
}

/** Whether so many bytes are beyond the cap, as it is by now: another store may have raised it. */
export const isBeyondCap = async (
  bytes: number,
  retention: Pick<RetentionKeeper, 'current' | 'load'>,
  deadline?: Deadline,
): Promise<boolean> => bytes > capOf(retention.current()) && bytes > capOf(await retention.load(deadline))

/** @throws DialogueStoreError `TOO_LARGE` beyond the cap: MongoDB would take it, and evict everything else */
export async function assertFits(bytes: number, retention: RetentionKeeper): Promise<void> {
  if (await isBeyondCap(bytes, retention)) {
    const text =
      'The message is larger than the whole capped collection. Nothing was sent; raise retention.sizeBytes.'
    throw new DialogueStoreError('TOO_LARGE', text)
  }
}
