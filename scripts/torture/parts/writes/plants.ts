import type mongoose from 'mongoose'
import { ObjectId } from '../../../../src/ids.ts'
import { type Account, idsHeard, isAcknowledged, type Write } from './account.ts'
import { type Base, type Kind, keyOf } from './calls.ts'

export const PLANTS = {
  lost: "deletes an acknowledged message behind the store's back",
  doubled: 'stores an acknowledged message a second time, under another id',
  'stale-context': 'sets a context back by a write',
  'torn-turn': 'deletes the event of a turn',
  hole: 'removes a message from the middle of the full capped collection',
} as const

type Db = (base: Base) => mongoose.mongo.Db

/** Commits a fault that the check has to find. */
export async function plantFault(plant: string, account: Account, db: Db): Promise<void> {
  if (plant === 'lost')
    await inMessages(account, db, async (messages, _id) => void (await messages.deleteOne({ _id })))
  if (plant === 'doubled')
    await inMessages(account, db, async (messages, _id) => {
      const message = await messages.findOne({ _id })
      await messages.insertOne({ ...message, _id: new ObjectId() })
    })
  if (plant === 'stale-context') await setBack(someOf(account, 'merge', 'rolling'), db('rolling'))
  if (plant === 'torn-turn') {
    const { key } = someOf(account, 'turn', 'capped')
    await db('capped').collection('dialogue_events').deleteOne({ summary: key })
  }
  if (plant === 'hole') await makeHole(account, db('full'))
}

/** @throws Error if nothing of that kind was acknowledged */
function someOf(account: Account, kind: Kind, base: Base): Write {
  const found = [...account.values()].find(
    (write) => write.kind === kind && write.base === base && isAcknowledged(write),
  )
  if (!found) throw new Error(`There is no ${kind} in ${base} in which to plant a fault`)
  return found
}

type Messages = mongoose.mongo.Collection<mongoose.mongo.Document & { _id: ObjectId }>

async function inMessages(
  account: Account,
  db: Db,
  work: (messages: Messages, id: ObjectId) => Promise<void>,
): Promise<void> {
  const [id] = idsHeard(someOf(account, 'message', 'capped'))
  await work(db('capped').collection('dialogue_messages'), new ObjectId(id))
}

async function setBack({ userId, key }: Write, db: mongoose.mongo.Db): Promise<void> {
  await db
    .collection('dialogue_contexts')
    .updateOne({ userId: new ObjectId(userId) }, { $unset: { [`data.${key}`]: 1 }, $inc: { version: -1 } })
}

async function makeHole(account: Account, db: mongoose.mongo.Db): Promise<void> {
  const messages = db.collection('dialogue_messages')
  const all = await messages.find({}, { projection: { content: 1 }, sort: { $natural: 1 } }).toArray()
  const fromTheMiddle = all.slice(Math.floor(all.length / 2))
  const one = fromTheMiddle.find(({ content }) => {
    const write = account.get(keyOf(content))
    return write?.kind === 'message' && isAcknowledged(write)
  })
  if (!one) throw new Error('There is no message in the middle of the full capped collection')
  await messages.deleteOne({ _id: one._id })
}
