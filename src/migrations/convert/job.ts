import { attempt } from '../../db/attempt.ts'
import type { Database } from '../../db/database.ts'
import { DialogueStoreError } from '../../errors.ts'
import { nextId } from '../../ids.ts'
import { convertingPrefix, messageCollections } from '../../messages/copies.ts'
import { rename } from '../../messages/fence.ts'
import { type ConversionMeta, META } from '../../meta.ts'
import type { Lease } from '../history.ts'
import type { Follower } from './follow.ts'

/** What somebody who waits for a conversion is told. */
export interface Report {
  /** Another process is migrating this database. */
  waiting(): void
  copying(total: number, done: number): void
  copied(messages: number): void
  /** All is copied; what came meanwhile follows, then the collections are swapped. */
  swapping(): void
}

/** What a run works with. */
export interface Given {
  readonly database: Database
  readonly lease: Lease
  readonly signal: AbortSignal | undefined
  readonly report: Report
}

/** A conversion under way. */
export interface Job extends Given {
  /** Brings the changes of the messages. */
  readonly follower: Follower
  /** As it is stored. */
  readonly state: ConversionMeta
  /** The name of the collection that the messages are copied to. */
  readonly copy: string
  /** Stores what the next run needs to go on from here. */
  save(change: Partial<ConversionMeta>): Promise<void>
  /** Gives the copy a name that nobody else knows: what is still on its way to the old name comes too late. */
  takeCopy(): Promise<void>
}

const documents = (database: Database) => database.internal<ConversionMeta>(META)

export const findConversion = (database: Database): Promise<ConversionMeta | null> =>
  documents(database).findOne({ _id: 'conversion' })

export const newCopyName = (database: Database): string => convertingPrefix(database) + nextId().toHexString()

/** Stores a new conversion, or one of an earlier run, as this run's. */
export async function createJob(
  given: Given,
  follower: Follower,
  initial: Omit<ConversionMeta, 'run'>,
): Promise<Job> {
  const { database, lease } = given
  const run = nextId()
  let state: ConversionMeta = { ...initial, run }
  let copy = newCopyName(database)
  await lease.check()
  await documents(database).replaceOne({ _id: 'conversion' }, state, { upsert: true })
  return {
    ...given,
    follower,
    get state() {
      return state
    },
    get copy() {
      return copy
    },
    async save(change) {
      const { matchedCount } = await attempt(database.deadline(), 'write', (terms) =>
        documents(database).updateOne({ _id: 'conversion', run }, { $set: change }, terms),
      )
      if (matchedCount === 0) throw takenOver()
      state = { ...state, ...change }
    },
    async takeCopy() {
      const name = newCopyName(database)
      /* A store that lifts a fence renames it too, at the same time. */
      let found: string
      do {
        found = await nameOfCopy(database, state.uuid)
        /* A run that has this one for dead renames it after this: then the name just found is no longer there. */
        await lease.check()
      } while (!(await rename(database, found, name)))
      copy = name
    },
  }
}

async function nameOfCopy(database: Database, uuid: string | undefined): Promise<string> {
  const { copies } = await messageCollections(database)
  const found = copies.find((collection) => collection.uuid === uuid)
  if (!found) throw takenOver()
  return found.name
}

const takenOver = () =>
  new DialogueStoreError(
    'TIMEOUT',
    'Another process has gone on with this conversion, or dropped its copy. Look at the status.',
  )
