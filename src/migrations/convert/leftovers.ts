import type { Database } from '../../db/database.ts'
import { messageCollections } from '../../messages/copies.ts'
import { endImages, liftFence, openStrayFence, readFence } from '../../messages/fence.ts'
import { messages } from '../../messages/schema.ts'
import { type ConversionMeta, META } from '../../meta.ts'
import type { Lease } from '../history.ts'
import { ORDER_INDEX } from './copy.ts'
import { findConversion } from './job.ts'
import { finishSwap } from './swap.ts'

/** Who has the lease knows that whoever set a fence is dead, or will find out that it counts for dead. */
export async function clearFence(database: Database): Promise<void> {
  const { standing } = await readFence(database, database.deadline())
  if (standing) await liftFence(database, standing.for)
  else await openStrayFence(database)
}

/** An earlier run may have ended just after it had swapped the collections. */
export async function finishLeft(database: Database): Promise<void> {
  const left = await findConversion(database)
  const { live } = await messageCollections(database)
  if (left?.uuid !== undefined && left.uuid === live?.uuid) await finishSwap(database, left)
}

/** Removes what conversions left behind. */
export async function tidy(database: Database, lease: Lease): Promise<void> {
  const { copies } = await messageCollections(database)
  const live = database.collection(messages)
  const ordered = (await live.indexes()).some(({ name }) => name === ORDER_INDEX)
  const { changeStreamPreAndPostImages: images } = await live.options()
  /* A run that has this one for dead begins after this: its copy is not among those just found. */
  await lease.check()
  for (const { name } of copies) await database.db.dropCollection(name)
  if (ordered) await live.dropIndex(ORDER_INDEX)
  if (images?.enabled) await endImages(database)
  await database.internal<ConversionMeta>(META).deleteOne({ _id: 'conversion' })
}
