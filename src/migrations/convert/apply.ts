import { attempt } from '../../db/attempt.ts'
import { DialogueStoreError } from '../../errors.ts'
import type { ObjectId } from '../../ids.ts'
import { type MessageDocument, messages } from '../../messages/schema.ts'
import { merge, upTo } from './copy.ts'
import type { Change } from './follow.ts'
import type { Job } from './job.ts'

const DROPPED = new Set<string>(['rename', 'drop', 'dropDatabase', 'invalidate'])

/**
 * Does to the copy what was done to the messages. What a message is now counts, not what a change says of it,
 * so a change may be applied any number of times. A capped copy takes messages in the order of storing only:
 * those that the copying has still to reach it leaves to it.
 *
 * Evictions and expiries look like deletions and are treated so: the copy holds what the original holds.
 */
export async function applyChanges(job: Job, changes: Change[]): Promise<void> {
  if (changes.some(({ operationType }) => DROPPED.has(operationType))) throw gone()
  const touched = touchedBy(changes)
  if (touched.length === 0) return
  const there = await stillThere(job, touched)
  const lost = touched.filter(({ id }) => !there.has(id.toHexString()))
  if (lost.length > 0) await removeFrom(job, lost)
  const { complete, place, to } = job.state
  const all = complete || to.kind === 'rolling'
  if (!all && !place) return
  const kept = touched.filter(({ id }) => there.has(id.toHexString()))
  const take = async (some: Touched[], whenNotMatched: 'insert' | 'discard') => {
    const filter = { _id: { $in: some.map(({ id }) => id) } }
    const reached = all || !place ? filter : { $and: [filter, upTo(place)] }
    if (some.length > 0) await merge(job, reached, whenNotMatched)
  }
  await take(
    kept.filter(({ born }) => born),
    'insert',
  )
  /* A full capped copy may have evicted it: an update must not bring it back, as the newest. */
  await take(
    kept.filter(({ born }) => !born),
    'discard',
  )
}

interface Touched {
  id: ObjectId
  born: boolean
}

function touchedBy(changes: Change[]): Touched[] {
  const touched = new Map<string, Touched>()
  for (const { operationType, documentKey, mark } of changes) {
    if (!documentKey || mark) continue
    const key = documentKey._id.toHexString()
    const born = operationType === 'insert' || (touched.get(key)?.born ?? false)
    touched.set(key, { id: documentKey._id, born })
  }
  return [...touched.values()]
}

async function stillThere({ database, follower }: Job, touched: Touched[]): Promise<Set<string>> {
  const found = await attempt(database.deadline(), 'read', (terms) =>
    database
      .collection(messages)
      .find(
        { _id: { $in: touched.map(({ id }) => id) } },
        { projection: { _id: 1 }, ...follower.upToDate, ...terms },
      )
      .toArray(),
  )
  return new Set(found.map(({ _id }) => _id.toHexString()))
}

const removeFrom = ({ database, copy }: Job, lost: Touched[]) =>
  attempt(database.deadline(), 'write', (terms) =>
    database.db
      .collection<MessageDocument>(copy)
      .deleteMany({ _id: { $in: lost.map(({ id }) => id) } }, terms),
  )

const gone = () =>
  new DialogueStoreError(
    'UNAVAILABLE',
    'The messages were dropped or renamed by somebody else during the conversion. Look at the status.',
    { retryable: false },
  )
