import type mongoose from 'mongoose'
import { ObjectId } from '../../../../../src/ids.ts'
import type { DialogueStore } from '../../../../../src/index.ts'
import type { Random } from '../../../../lib/random.ts'

/** Where callers work. */
export interface World {
  store: DialogueStore
  /** By the plain driver: what a majority has. */
  db: mongoose.mongo.Db
  random: Random
}

/** Somebody who makes one kind of call, one after the other, for users of their own. */
export interface Caller {
  name: string
  /** Each of its calls is over when the set has taken a few writes: how long that takes is measured. */
  isWriter: boolean
  /** @throws Surprise when what was answered is wrong; what the store throws */
  call(n: number): Promise<void>
  /** How many writes were acknowledged so far. */
  acknowledged(): number
  /** What is not stored as it was acknowledged. */
  check(): Promise<string[]>
  /** The messages that were acknowledged, for those who follow. */
  messageIds(): string[]
}

/** An answer that must not be: a delivery stored twice, a version that was left out. */
export class Surprise extends Error {}

/** A user's documents, each by the text that tells it apart. */
export async function textsOf(
  { db }: World,
  { collection, user, text }: { collection: 'messages' | 'events'; user: string; text: string },
  userId: string,
): Promise<{ id: string; text: string }[]> {
  const found = await db
    .collection(`dialogue_${collection}`)
    .find({ [user]: new ObjectId(userId) }, { projection: { [text]: 1 } })
    .toArray()
  return found.map((document) => ({ id: document._id.toHexString(), text: document[text] }))
}

export const MESSAGES = { collection: 'messages', user: 'userId', text: 'content' } as const
export const EVENTS = { collection: 'events', user: 'creatorId', text: 'summary' } as const
