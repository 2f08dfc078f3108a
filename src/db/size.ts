import mongoose from 'mongoose'
import { tooLarge } from '../errors.ts'

export const LARGEST_DOCUMENT = 16 * 2 ** 20

/** In bytes, as BSON. */
export const sizeOf = (document: mongoose.mongo.Document): number =>
  mongoose.mongo.BSON.calculateObjectSize(document)

/**
 * The bytes of a document, or of what is to become a part of one.
 * @param overhead what else has to fit into the same document of MongoDB's
 * @throws DialogueStoreError `TOO_LARGE` beyond 16 MiB
 */
export function bytesOf(document: mongoose.mongo.Document, overhead = 0): number {
  const bytes = sizeOf(document)
  if (bytes + overhead > LARGEST_DOCUMENT) throw tooLarge()
  return bytes
}
