import type { Database } from '../db/database.ts'
import { toStoreError } from '../db/failure.ts'
import type { ErrorCode } from '../errors.ts'
import { ObjectId } from '../ids.ts'
import type { Tools } from './tools.ts'

/** Everything that can be wrong with a database, as it is said to people. */
export const KINDS = {
  'collection-missing': 'collections that are missing',
  'validator-differs': 'validators that are not the definition’s',
  'index-missing': 'indexes that are missing',
  'index-differs': 'indexes that are not the definition’s',
  'fence-left': 'fences of dead conversions, behind which writers wait',
  'conversion-left': 'copies of unfinished conversions, which keep what is deleted',
  'erasure-unfinished': 'erasures that were interrupted',
  orphan: 'orphans, whose user is gone',
  'entry-unsettled': 'entries that are committed and not settled',
  'entry-parked': 'entries that could not be settled, and were set aside',
  'entry-rest': 'entries that are settled and past their time',
  'event-refused': 'events that Google has refused, and that wait for a change or for retry()',
  'removal-late': 'events that are deleted here, and still to be removed at Google after a day',
  'farewell-late': 'erased users whose access is still kept after a day',
  'context-missing': 'users without a context',
  'context-unmarked': 'contexts with data that are not counted as such',
  'context-marked': 'contexts without data that are counted as if they had some',
  'counter-broken': 'broken counters',
  'document-invalid': 'documents that their validator refuses',
  'message-twice': 'messages stored twice under one external id',
  'claim-mismatch': 'messages whose external id is claimed for another one',
} as const
export type Kind = keyof typeof KINDS

export interface Found {
  kind: Kind
  /** Without the prefix: `messages`. */
  collection: string
  /** Of the document; of a claim, its user's; of an index or a copy, its name. Never a user's text. */
  id: string
  /** What else there is to know: an age, a code, a field, what to run. */
  detail?: string
}

export interface Finding extends Found {
  repaired: boolean
  /** Why it could not be repaired. */
  failure?: ErrorCode
}

/** What every part of the check works with. */
export interface Scan {
  database: Database
  tools: Tools
  /** Repair what is safe to repair. */
  fix: boolean
  signal: AbortSignal | undefined
  progress: ScanProgress
}

export type Part = 'owners' | 'documents' | 'external ids'

/** How far it has come with the long parts. */
export interface ScanProgress {
  begin(what: Part, total: number): void
  looked(n: number): void
}

export type Area = (scan: Scan) => AsyncGenerator<Finding>

/** What is younger is under way, and no finding. */
export const UNDER_WAY_MS = 60_000
/** Ids, documents or users that are dealt with at once. */
export const BATCH = 1000
/** For cursors: left to itself the server sends 16 MiB at once. */
export const IN_PARTS = { batchSize: BATCH } as const

/** For `$match`: the time in a field is past, and what it was for is not under way any more. */
export const isPast = (field: string, byMs = UNDER_WAY_MS) => ({
  $expr: { $lt: [`$${field}`, { $subtract: ['$$NOW', byMs] }] },
})

const UNITS = [
  ['d', 86_400],
  ['h', 3600],
  ['min', 60],
] as const

/** `3 h old`: nobody needs to know more exactly. */
export function ageOf({ createdAt }: { createdAt: Date }): string {
  const seconds = Math.max(0, (Date.now() - Number(createdAt)) / 1000)
  const [unit, length] = UNITS.find(([, size]) => seconds >= size) ?? ['s', 1]
  return `${Math.floor(seconds / length)} ${unit} old`
}

/** An id as it may be shown: a claim's key goes on with an external id, and anything may stand in a broken one. */
export function toShown(id: unknown): string {
  if (id instanceof ObjectId) return id.toHexString()
  const hex = typeof id === 'string' ? /^(flight:)?[0-9a-f]{24}/.exec(id) : null
  return hex ? hex[0] : `(an id of type ${typeof id})`
}

/**
 * Tells of what was found, repaired first if that is wanted.
 * @param mend repairs all of the batch, or gives false
 */
export async function* tell<T extends Found>(
  { fix, signal }: Scan,
  batch: T[],
  mend?: (batch: T[]) => Promise<boolean>,
): AsyncGenerator<Finding> {
  if (batch.length === 0) return
  signal?.throwIfAborted()
  const outcome = fix && mend ? await attemptTo(() => mend(batch)) : { repaired: false }
  for (const { kind, collection, id, detail } of batch)
    yield { kind, collection, id, ...(detail !== undefined && { detail }), ...outcome }
}

/** One thing that resists must not keep the others from being repaired. */
async function attemptTo(mend: () => Promise<boolean>): Promise<Pick<Finding, 'repaired' | 'failure'>> {
  try {
    return { repaired: await mend() }
  } catch (error) {
    return { repaired: false, failure: toStoreError(error).code }
  }
}

/** Reads a cursor in batches. */
export async function* inBatches<T>(cursor: AsyncIterable<T>, size = BATCH): AsyncGenerator<T[]> {
  let batch: T[] = []
  for await (const one of cursor) {
    batch.push(one)
    if (batch.length < size) continue
    yield batch
    batch = []
  }
  if (batch.length > 0) yield batch
}
