import type mongoose from 'mongoose'
import { ObjectId } from '../../../../src/ids.ts'
import type { DialogueStore, Message, NewMessage, StoreOutcome } from '../../../../src/index.ts'
import { openDatabase } from '../../database.ts'
import type { Attempt } from '../../part.ts'

/** Whom the roads store for. */
export interface Scene {
  store: DialogueStore
  db: mongoose.mongo.Db
  userIds: readonly string[]
}

const USERS = 48
const SIZE_BYTES = 64 * 2 ** 20
export const START = new Date('2030-05-01T09:00:00Z')

export async function makeScene(attempt: Attempt) {
  const { uri, dbName, db, open } = await openDatabase('json', attempt)
  const store = await open({ retention: { kind: 'capped', sizeBytes: SIZE_BYTES } })
  const users = await Promise.all(Array.from({ length: USERS }, () => store.createUser({ name: 'Ana' })))
  const scene: Scene = { store, db, userIds: users.map(({ id }) => id) }
  return { scene, uri, dbName }
}

export const says = (userId: string, metadata: object): NewMessage => ({
  userId,
  sender: 'user',
  content: 'x',
  metadata,
})

/** The messages of a bulk, none of which may be refused. */
export const storedOf = <M>(outcomes: StoreOutcome<M>[]): Message<M>[] =>
  outcomes.map((outcome) => {
    if (outcome.status === 'rejected') throw outcome.error
    return outcome.message
  })

/** By default the driver gives arrays under a key like `constructor` as raw BSON. */
const EXACTLY = { fieldsAsRaw: Object.create(null) }

/** Takes users away, faster than an erasure: a long run must not fill the disk. */
export async function forget({ db }: Pick<Scene, 'db'>, userIds: readonly string[]): Promise<void> {
  const $in = userIds.map((id) => new ObjectId(id))
  await Promise.all([
    db.collection('dialogue_users').deleteMany({ _id: { $in } }),
    db.collection('dialogue_contexts').deleteMany({ userId: { $in } }),
  ])
}

/** A field as it is stored, in the order of the ids. */
export async function fieldOf(
  { db }: Pick<Scene, 'db'>,
  collection: string,
  field: string,
  ids: string[],
  key = '_id',
): Promise<unknown[]> {
  const found = await db
    .collection(`dialogue_${collection}`, EXACTLY)
    .find({ [key]: { $in: ids.map((id) => new ObjectId(id)) } })
    .toArray()
  const byId = new Map(found.map((document) => [String(document[key]), document[field]]))
  return ids.map((id) => byId.get(id))
}
