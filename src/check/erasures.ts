import { setTimeout as sleep } from 'node:timers/promises'
import { attempt } from '../db/attempt.ts'
import type { Collection } from '../db/database.ts'
import { type TombstoneDocument, users } from '../users/schema.ts'
import { type Finding, type Found, IN_PARTS, inBatches, isPast, type Scan, tell } from './finding.ts'

/** A step takes less, unless the server is very slow. */
const SECOND_LOOK_MS = 2000

/** Erasures that nobody goes on with. A long one that is at work has come further at a second look. */
export async function* checkErasures(scan: Scan): AsyncGenerator<Finding> {
  const { database, tools } = scan
  const tombstones: Collection<TombstoneDocument> = database.internal(users.collection)
  const filter = { 'erasing.step': { $exists: true }, ...isPast('erasedAt') }
  const projection = { 'erasing.step': 1 }

  async function resting(batch: TombstoneDocument[]): Promise<TombstoneDocument[]> {
    await sleep(SECOND_LOOK_MS, undefined, { ...(scan.signal && { signal: scan.signal }) })
    const steps = new Map(batch.map(({ _id, erasing }) => [_id.toHexString(), erasing?.step]))
    const ids = batch.map(({ _id }) => _id)
    const again = await attempt(database.deadline(), 'read', (terms) =>
      tombstones.find({ _id: { $in: ids }, ...filter }, { projection, ...terms }).toArray(),
    )
    return again.filter(({ _id, erasing }) => Object.is(erasing?.step, steps.get(_id.toHexString())))
  }

  for await (const batch of inBatches(tombstones.find(filter, { projection, ...IN_PARTS }))) {
    for (const { _id } of await resting(batch)) {
      const found: Found = {
        kind: 'erasure-unfinished',
        collection: users.collection,
        id: _id.toHexString(),
      }
      yield* tell(scan, [found], async () => Boolean(await tools.erase(_id)))
    }
  }
}
