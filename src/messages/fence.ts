import { isDeepStrictEqual } from 'node:util'
import type mongoose from 'mongoose'
import { attempt, type Deadline, runCommand } from '../db/attempt.ts'
import type { Database } from '../db/database.ts'
import { validatorOf } from '../db/definition.ts'
import { codeOf } from '../db/failure.ts'
import { META, type RetentionMeta } from '../meta.ts'
import { messages } from './schema.ts'

/**
 * While a conversion of retention swaps the collections, no message may be written: it would be lost with the
 * old collection. The fence has two sides. A validator that refuses every document makes the server keep
 * writers out. A document says until when, so that writers know to wait, and for how long at most.
 */
const REFUSE_ALL = { _id: { $exists: false } }
const NAMESPACE_NOT_FOUND = 26
const NAMESPACE_EXISTS = 48
const MAJORITY = { w: 'majority', j: true } as const

export interface Fence {
  /** How many there have been. */
  count: number
  /** The one that stands now. `expired`: whoever set it has stopped renewing it. */
  standing: { for: string; expired: boolean } | undefined
}

export async function readFence(database: Database, deadline: Deadline): Promise<Fence> {
  const projection = { fences: 1, fencedFor: 1, expired: { $lt: ['$fencedUntil', '$$NOW'] } }
  const found = await attempt(deadline, 'read', (terms) =>
    database
      .internal<RetentionMeta>(META)
      .findOne<RetentionMeta & { expired: boolean }>({ _id: 'retention' }, { projection, ...terms }),
  )
  const { fences = 0, fencedFor, expired = false } = found ?? {}
  return { count: fences, standing: fencedFor === undefined ? undefined : { for: fencedFor, expired } }
}

/** Keeps writers out. Writes with `bypassDocumentValidation` and deletions still pass. */
export const refuseWrites = (database: Database): Promise<void> =>
  modify(database, {
    validator: REFUSE_ALL,
    /* Whatever passes all the same is found in the changes as a whole, also when the collection is gone. */
    changeStreamPreAndPostImages: { enabled: true },
  })

/** The images stay: whoever was frozen before this lets writers in through a later fence, which counts on them. */
const acceptWrites = (database: Database): Promise<void> =>
  modify(database, { validator: validatorOf(messages) })

/** No fence counts on the changes' images any more. */
export const endImages = (database: Database): Promise<void> =>
  modify(database, { changeStreamPreAndPostImages: { enabled: false } })

async function modify(database: Database, options: mongoose.mongo.Document): Promise<void> {
  const command = { collMod: database.nameOf(messages.collection), ...options, writeConcern: MAJORITY }
  await attempt(database.deadline(), 'write', (terms) => runCommand(database.db, command, terms))
}

/**
 * Lets writers in again, on whatever collection has the messages' name now. Whoever set the fence may have been
 * frozen, and may wake up to swap the collections, which would lose everything written since. So the
 * collection to be swapped in is renamed first: from then on a swap finds nothing of the name it knows.
 */
export async function liftFence(database: Database, copy: string): Promise<void> {
  await rename(database, copy, `${copy}_left`)
  const { standing } = await readFence(database, database.deadline())
  if (standing?.for !== copy) return
  if (await refusesWrites(database)) await acceptWrites(database)
  await database
    .internal<RetentionMeta>(META)
    .updateOne({ _id: 'retention', fencedFor: copy }, { $unset: { fencedFor: 1, fencedUntil: 1 } })
}

/**
 * Opens a fence that no document tells of: the validator of somebody who was frozen, and came too late.
 * @returns false if writes are not refused by a fence
 */
export async function openStrayFence(database: Database): Promise<boolean> {
  if (!(await refusesWrites(database))) return false
  /* In this order: the document of a fence comes before its validator. */
  const { standing } = await readFence(database, database.deadline())
  if (!standing) await acceptWrites(database)
  return true
}

/** Whether a validator is a fence's. */
export const isFence = (validator: unknown): boolean => isDeepStrictEqual(validator, REFUSE_ALL)

/** Whether the messages' validator is a fence's now. */
export async function refusesWrites({ db, nameOf }: Database): Promise<boolean> {
  const name = nameOf(messages.collection)
  const [info] = await db
    .listCollections<{ name: string; options?: mongoose.mongo.Document }>({ name })
    .toArray()
  return isFence(info?.options?.validator)
}

/**
 * Gives a collection another name, and with `dropTarget` the place of the one that has it.
 * @returns false if there is none of that name, or the new name is taken
 */
export async function rename(
  database: Database,
  from: string,
  to: string,
  dropTarget = false,
): Promise<boolean> {
  const { databaseName } = database.db
  const command = { renameCollection: `${databaseName}.${from}`, to: `${databaseName}.${to}`, dropTarget }
  try {
    await attempt(database.deadline(), 'write', (terms) =>
      runCommand(database.client.db('admin'), { ...command, writeConcern: MAJORITY }, terms),
    )
    return true
  } catch (error) {
    if (codeOf(error) === NAMESPACE_NOT_FOUND || codeOf(error) === NAMESPACE_EXISTS) return false
    throw error
  }
}
