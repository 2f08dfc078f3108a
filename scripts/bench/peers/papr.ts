import { MongoClient, type ObjectId } from 'mongodb'
import Papr, { schema, types } from 'papr'
import { messages } from '../../../src/messages/schema.ts'
import type { Line, Peer } from './peer.ts'
import { phoneOf, type Scene } from './scene.ts'

const userSchema = schema({ phone: types.string({ required: true }) }, { timestamps: true })

const messageSchema = schema(
  {
    userId: types.objectId({ required: true }),
    sender: types.string({ required: true, maxLength: 100 }),
    content: types.string({ required: true }),
    type: types.enum(['text', 'voice'], { required: true }),
    timestamp: types.date({ required: true }),
    conversationId: types.string(),
    externalId: types.string(),
    metadata: types.objectGeneric(types.unknown()),
  },
  {
    defaults: () => ({ type: 'text' as const, timestamp: new Date() }),
    timestamps: { createdAt: 'createdAt' as const },
  },
)

const contextSchema = schema(
  {
    userId: types.objectId({ required: true }),
    data: types.objectGeneric(types.unknown(), '.+', { required: true }),
  },
  { timestamps: true },
)

/** Papr as its documentation shows it: the server validates, what is read is plain. */
export const peer: Peer = {
  name: 'papr',

  async open(scene) {
    const { client, User, Message, Context } = await connect(scene)
    const everybody = Array.from({ length: scene.users }, (_, user) => ({ phone: phoneOf(user) }))
    const people = await User.insertMany(everybody)
    await Context.insertMany(people.map(({ _id }) => ({ userId: _id, data: {} })))
    const idOf = (user: number) => idIn(people, user)
    const toMessage = (user: number, line: Line) => ({ userId: idOf(user), ...line })
    const newest = async (userId: ObjectId, limit: number) =>
      (await Message.find({ userId }, { sort: { timestamp: -1, _id: -1 }, limit })).reverse()
    const replace = (userId: ObjectId, data: Record<string, unknown>) =>
      Context.findOneAndUpdate({ userId }, { $set: { data } }, { returnDocument: 'after' })
    return {
      storeLine: (user, line) => Message.insertOne(toMessage(user, line)),
      storeLines: (user, lines) => Message.insertMany(lines.map((line) => toMessage(user, line))),
      newest: (user, limit) => newest(idOf(user), limit),
      replaceContext: (user, data) => replace(idOf(user), { ...data }),
      mergeContext: (user, patch) => {
        const set: Record<`data.${string}`, unknown> = {}
        for (const [key, value] of Object.entries(patch)) set[`data.${key}`] = value
        return Context.findOneAndUpdate({ userId: idOf(user) }, { $set: set }, { returnDocument: 'after' })
      },
      turn: async (user, said, answer) => {
        const person = await User.findOne({ phone: phoneOf(user) })
        const userId = person?._id ?? idOf(user)
        const [context] = await Promise.all([Context.findOne({ userId }), newest(userId, 20)])
        await Message.insertMany([toMessage(user, said), toMessage(user, answer)])
        const turns = Number(context?.data.turns ?? 0) + 1
        await replace(userId, { ...context?.data, lastSaid: said.content, turns })
      },
      close: () => client.close(),
    }
  },
}

async function connect({ uri, dbName, capBytes }: Scene) {
  const client = await MongoClient.connect(uri, { writeConcern: { w: 'majority', j: true } })
  const db = client.db(dbName)
  /* Papr has no option for it. */
  if (capBytes) await db.createCollection('messages', { capped: true, size: capBytes })
  const papr = new Papr()
  const User = papr.model('users', userSchema)
  const Message = papr.model('messages', messageSchema)
  const Context = papr.model('contexts', contextSchema)
  papr.initialize(db)
  await papr.updateSchemas()
  await User.collection.createIndex({ phone: 1 }, { unique: true })
  await Context.collection.createIndex({ userId: 1 }, { unique: true })
  for (const { keys, options } of messages.indexes) await Message.collection.createIndex(keys, options)
  return { client, User, Message, Context }
}

function idIn(people: { _id: ObjectId }[], user: number): ObjectId {
  const person = people[user]
  if (!person) throw new Error(`There is no person ${user}`)
  return person._id
}
