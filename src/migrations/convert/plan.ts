import type { Retention } from '../../config.ts'
import type { Database } from '../../db/database.ts'
import { DialogueStoreError } from '../../errors.ts'
import { messageCollections } from '../../messages/copies.ts'
import { createRetention, type StoredRetention } from '../../messages/retention.ts'
import { messages } from '../../messages/schema.ts'
import type { ConversionMeta } from '../../meta.ts'
import { requireMigrated } from '../run.ts'
import { assertRoom } from './cap.ts'
import { findConversion } from './job.ts'

export interface Plan {
  /**
   * `resume`: an earlier run copied a part; `finish`: it came as far as swapping the collections;
   * `none`: the messages are kept so already.
   */
  action: 'begin' | 'resume' | 'finish' | 'none'
  from: StoredRetention
  to: Retention
  messages: number
  /** By an earlier run. */
  copied: number
  averageBytes: number
  /** What an earlier run left, whatever is to become of it. */
  left: ConversionMeta | undefined
}

/**
 * What a conversion would do.
 * @throws DialogueStoreError `MIGRATION_PENDING`, `MIGRATION_MISMATCH`; `INVALID_INPUT` when the messages would not fit
 */
export async function planConversion(database: Database, wanted: Retention): Promise<Plan> {
  await requireMigrated(database)
  const left = (await findConversion(database)) ?? undefined
  const { live, copies } = await messageCollections(database)
  const from = await createRetention(database).load()
  const size = await sizeOf(database)
  const to = left && isFor(left, wanted) ? left.to : wanted
  const plan = { from, to, messages: size.count, copied: 0, averageBytes: size.average, left }
  if (from.kind === wanted.kind)
    return { ...plan, action: left?.to === to && left.uuid === live?.uuid ? 'finish' : 'none' }
  /* Bots may have stored more since an earlier run began. */
  await assertRoom(database, to, size.bytes)
  if (left && to === left.to && copies.some(({ uuid }) => uuid === left.uuid))
    return { ...plan, action: 'resume', copied: left.copied }
  return { ...plan, action: 'begin' }
}

/** Limits that are not given are those of the conversion that was begun. */
const isFor = ({ to }: ConversionMeta, wanted: Retention): boolean =>
  to.kind === wanted.kind &&
  (Object.keys(wanted).length === 1 || JSON.stringify(sorted(to)) === JSON.stringify(sorted(wanted)))

const sorted = (retention: Retention) => Object.entries(retention).sort(([a], [b]) => (a < b ? -1 : 1))

interface Size {
  count: number
  bytes: number
  average: number
}

async function sizeOf(database: Database): Promise<Size> {
  const [found] = await database
    .collection(messages)
    .aggregate<{ storageStats: { count: number; size: number } }>([{ $collStats: { storageStats: {} } }])
    .toArray()
  const { count, size } = found?.storageStats ?? { count: 0, size: 0 }
  return { count, bytes: size, average: count > 0 ? size / count : 0 }
}

/**
 * Why a plan is to do nothing.
 * @param dropped what becomes of an unfinished conversion the other way
 */
export function already({ from: { kind }, left }: Plan, dropped: 'was dropped' | 'would be dropped') {
  const more =
    left && left.to.kind !== kind
      ? `An unfinished conversion to ${left.to.kind} ${dropped}.`
      : 'Other limits are applied by opening a store with them.'
  return new DialogueStoreError('INVALID_INPUT', `The messages are kept ${kind} already. ${more}`, {
    issues: [{ path: ['to'], reason: 'is the retention that is stored' }],
  })
}
