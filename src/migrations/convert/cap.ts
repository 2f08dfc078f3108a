import type mongoose from 'mongoose'
import type { Retention } from '../../config.ts'
import type { Database } from '../../db/database.ts'
import { codeOf } from '../../db/failure.ts'
import { LARGEST_DOCUMENT } from '../../db/size.ts'
import { DialogueStoreError } from '../../errors.ts'
import { DEFAULT_CAP_BYTES } from '../../messages/retention.ts'
import { messages } from '../../messages/schema.ts'

/* A capped collection takes a message that is larger than itself, and evicts all others. */

/** How large a message may be. */
export const mostBytes = (to: Retention): number =>
  to.kind === 'capped' ? (to.sizeBytes ?? DEFAULT_CAP_BYTES) : Number.POSITIVE_INFINITY

/**
 * A cap that nobody chose must not cost a message either.
 * @param bytes of all messages
 * @throws DialogueStoreError `INVALID_INPUT` when they would not fit
 */
export async function assertRoom(database: Database, to: Retention, bytes: number): Promise<void> {
  if (to.kind !== 'capped') return
  if (to.sizeBytes === undefined && bytes > DEFAULT_CAP_BYTES)
    throw tooSmall(
      `The messages take ${bytes} bytes, and a cap of ${DEFAULT_CAP_BYTES} would evict the oldest.`,
    )
  const most = mostBytes(to)
  if (most < LARGEST_DOCUMENT && (await largest(database)) > most) throw holdsLarger(most)
}

async function largest(database: Database): Promise<number> {
  const [found] = await database
    .collection(messages)
    .aggregate<{ bytes: number }>([{ $group: { _id: null, bytes: { $max: { $bsonSize: '$$ROOT' } } } }])
    .toArray()
  return found?.bytes ?? 0
}

/**
 * Stages for copying messages: they may be written, or grow, while they are copied. The command fails where one is too
 * large. (A date has no `$size`.)
 */
export function onlyFitting(to: Retention): mongoose.mongo.Document[] {
  const most = mostBytes(to)
  if (most >= LARGEST_DOCUMENT) return []
  const fits = { $lte: [{ $bsonSize: '$$ROOT' }, most] }
  return [{ $replaceWith: { $cond: [fits, '$$ROOT', { $size: '$createdAt' }] } }]
}

const NO_ARRAY = 17124

/** What such a command has failed with, as it is said to people. */
export const toRefusal = (error: unknown, to: Retention): unknown =>
  codeOf(error) === NO_ARRAY ? holdsLarger(mostBytes(to)) : error

const holdsLarger = (most: number) => tooSmall(`There is a message larger than a cap of ${most} bytes.`)

const tooSmall = (reason: string) =>
  new DialogueStoreError(
    'INVALID_INPUT',
    `${reason} Choose the cap with --size-bytes. Nothing was changed.`,
    {
      issues: [{ path: ['sizeBytes'], reason: 'is too small for the messages that are stored' }],
    },
  )
