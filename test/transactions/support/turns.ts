import { randomBytes } from 'node:crypto'
import type mongoose from 'mongoose'
import { ObjectId } from '../../../src/ids.ts'
import type { DialogueStore, Retention, StoreOptions } from '../../../src/index.ts'
import { MODELS } from '../../../src/migrations/baseline.ts'
import { locks } from '../../../src/users/lock.ts'
import { makeDatabase, makeStore } from '../../support/store.ts'

const MIB = 2 ** 20

/** For `describe.each`: the journal exists for the first, and must not harm the second. */
export const RETENTIONS: [string, Retention][] = [
  ['capped', { kind: 'capped', sizeBytes: 16 * MIB }],
  ['rolling', { kind: 'rolling' }],
]

export interface TurnWorld {
  store: DialogueStore
  db: mongoose.mongo.Db
  /** Another store on the same database, as another process would open it. */
  another(options?: Partial<StoreOptions>): Promise<DialogueStore>
}

/** A store of that retention, its database as the plain driver sees it, and more stores on it. */
export async function makeTurnWorld(
  retention: Retention = { kind: 'capped', sizeBytes: 16 * MIB },
  options: Partial<StoreOptions> = {},
): Promise<TurnWorld> {
  const { db, dbName } = await makeDatabase()
  const store = await makeStore({ ...options, dbName, retention })
  return { store, db, another: (more = {}) => makeStore({ ...more, dbName }) }
}

/** A message that the user says. */
export const says = (userId: string, content: string, more: object = {}) => ({
  userId,
  sender: 'user',
  content,
  ...more,
})

export const contentsIn = async (store: DialogueStore, userId: string): Promise<string[]> =>
  (await store.retrieveHistory(userId, { limit: 1000 })).messages.map(({ content }) => content)

interface Claim extends mongoose.mongo.Document {
  _id: string
  messageId: ObjectId
  flights?: ObjectId[]
}

/** What the plain driver finds beside a user's own documents. */
export async function bookkeepingOf(db: mongoose.mongo.Db, userId: string) {
  const [user, journal, seen] = await Promise.all([
    db.collection('dialogue_users').findOne({ _id: new ObjectId(userId) }),
    journalOf(db).find().sort({ _id: 1 }).toArray(),
    db
      .collection<Claim>('dialogue_seen')
      .find({ _id: new RegExp(`^${userId}:`) })
      .toArray(),
  ])
  return { touches: user?.touches ?? 0, journal, seen }
}

export const journalOf = (db: mongoose.mongo.Db) => db.collection('dialogue_journal')

/** Everything in every collection but the library's own bookkeeping of leases: to be compared as a whole. */
export async function everythingIn(db: mongoose.mongo.Db) {
  const all = MODELS.filter((model) => model !== locks).map(async ({ collection }) => {
    return [collection, await db.collection(`dialogue_${collection}`).find().toArray()] as const
  })
  return Object.fromEntries(await Promise.all(all))
}

/** Hex that nobody else has. */
export const unique = (): string => randomBytes(8).toString('hex')

/** A promise and what fulfils it. */
export function gate() {
  let open = () => {}
  const opened = new Promise<void>((resolve) => {
    open = resolve
  })
  return { open, opened }
}

/** Polls until something holds: for what tells nobody that it has happened. */
export async function until(holds: () => Promise<boolean>): Promise<void> {
  const end = Date.now() + 40_000
  while (!(await holds())) {
    if (Date.now() > end) throw new Error('it never came to hold')
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}
