import { setTimeout as pause } from 'node:timers/promises'
import mongoose from 'mongoose'
import { type DialogueStore, DialogueStoreError, type FollowedMessage } from '../../../../src/index.ts'

/** These show at a fail-over. */
export const AT_FAULTS = {
  slow: 'messages are held back for too long after the set takes writes again',
}

/** Faults of the part's own, which its checks have to find. */
export const PLANTS = {
  'error-seen': 'a message is refused as UNAVAILABLE, as if it had not been tried again',
  stale: 'a history is given without its newest messages',
  lost: 'a message that was acknowledged is deleted',
  doubled: 'a message is stored a second time',
  reverted: 'a context goes back to the version before',
  left: 'a message of a user who was erased is stored',
  skipped: 'a message is withheld from who follows',
  repeated: 'a message is given twice to who follows',
  ...AT_FAULTS,
}

/** More than may be. */
const HELD_MS = 2000
/** Not the first one: the load has to be under way. */
const SOME = 5

type Messages = mongoose.mongo.Collection

/** Commits such a fault. */
export interface Sabotage {
  /** To be used in place of the store. */
  store: DialogueStore
  /** The set has been hit, and takes writes again when that resolves. */
  onFault(back: Promise<unknown>): void
  /** When all is done, and nothing is checked yet. */
  behindTheBack(db: mongoose.mongo.Db): Promise<void>
}

export function createSabotage(store: DialogueStore, plant: string | undefined, mostMs: number): Sabotage {
  let held: Promise<unknown> = Promise.resolve()
  const verbs: Record<string, () => Partial<DialogueStore>> = {
    'error-seen': () => ({ storeMessage: failing(store) }),
    slow: () => ({ storeMessage: (input) => store.storeMessage(input).finally(() => held) }),
    stale: () => ({ retrieveHistory: stale(store) }),
    skipped: () => ({ followMessages: (options) => withCopies(store.followMessages(options), 0) }),
    repeated: () => ({ followMessages: (options) => withCopies(store.followMessages(options), 2) }),
  }
  const deeds: Record<string, (db: mongoose.mongo.Db) => Promise<unknown>> = {
    lost: (db) => messagesIn(db).deleteOne({ content: `message ${SOME}` }),
    doubled: async (db) => messagesIn(db).insertOne(await copyIn(db)),
    reverted: (db) =>
      db.collection('dialogue_contexts').updateOne({ version: { $gt: 1 } }, { $inc: { version: -1 } }),
    left: async (db) => {
      const erased = await db.collection('dialogue_users').findOne({ erasedAt: { $exists: true } })
      await messagesIn(db).insertOne({ ...(await copyIn(db)), userId: erased?._id })
    },
  }
  return {
    store: { ...store, ...verbs[plant ?? '']?.() },
    onFault(back) {
      held = back.then(() => pause(mostMs + HELD_MS))
    },
    async behindTheBack(db) {
      await deeds[plant ?? '']?.(db)
    },
  }
}

const messagesIn = (db: mongoose.mongo.Db): Messages => db.collection('dialogue_messages')

async function copyIn(db: mongoose.mongo.Db): Promise<mongoose.mongo.Document> {
  const message = await messagesIn(db).findOne({ content: `message ${SOME}` })
  return { ...message, _id: new mongoose.mongo.ObjectId() }
}

function failing(store: DialogueStore): DialogueStore['storeMessage'] {
  let calls = 0
  return async (input) => {
    if (++calls === SOME) throw new DialogueStoreError('UNAVAILABLE', 'Planted.')
    return store.storeMessage(input)
  }
}

const stale =
  (store: DialogueStore): DialogueStore['retrieveHistory'] =>
  async (userId, options) => {
    const page = await store.retrieveHistory(userId, options)
    return { ...page, messages: page.messages.slice(0, 1) }
  }

/** One message as often, all others once. */
async function* withCopies(
  items: AsyncIterable<FollowedMessage>,
  copies: number,
): AsyncGenerator<FollowedMessage> {
  let count = 0
  for await (const item of items) {
    if (++count !== SOME) yield item
    else for (let copy = 0; copy < copies; copy++) yield item
  }
}
