import mongoose from 'mongoose'
import { messages } from '../../../src/messages/schema.ts'
import type { Line, Peer, Verbs } from './peer.ts'
import { phoneOf, type Scene } from './scene.ts'

const { Schema } = mongoose

/** Mongoose as its guides show it: models with validation, `create()`, `insertMany()`, documents that are saved. */
async function open({ uri, dbName, users, capBytes }: Scene, lean: boolean): Promise<Verbs> {
  const connection = await mongoose
    .createConnection(uri, { dbName, writeConcern: { w: 'majority', j: true } })
    .asPromise()
  const models = defineModels(connection, capBytes)
  const { User, Message, Context } = models
  for (const model of Object.values(models)) await model.init()
  const people = await User.insertMany(Array.from({ length: users }, (_, user) => ({ phone: phoneOf(user) })))
  await Context.insertMany(people.map(({ _id }) => ({ userId: _id, data: {} })))
  const toMessage = (user: number, line: Line) => ({ userId: people[user]?._id, ...line })
  const newest = async (userId: mongoose.Types.ObjectId | undefined, limit: number) => {
    const query = Message.find({ userId }).sort({ timestamp: -1, _id: -1 }).limit(limit)
    return (await (lean ? query.lean() : query)).reverse()
  }
  return {
    storeLine: (user, line) => Message.create(toMessage(user, line)),
    storeLines: (user, lines) => Message.insertMany(lines.map((line) => toMessage(user, line))),
    newest: (user, limit) => newest(people[user]?._id, limit),
    replaceContext: async (user, data) => {
      const context = await Context.findOne({ userId: people[user]?._id }).orFail()
      context.data = data
      return context.save()
    },
    mergeContext: async (user, patch) => {
      const context = await Context.findOne({ userId: people[user]?._id }).orFail()
      context.data = { ...context.data, ...patch }
      return context.save()
    },
    turn: async (user, said, answer) => {
      const person = await User.findOne({ phone: phoneOf(user) }).orFail()
      const context = await Context.findOne({ userId: person._id }).orFail()
      await newest(person._id, 20)
      await Message.insertMany([toMessage(user, said), toMessage(user, answer)])
      const turns = context.data?.turns
      const before = typeof turns === 'number' ? turns : 0
      context.data = { ...context.data, lastSaid: said.content, turns: before + 1 }
      await context.save()
    },
    close: () => connection.close(),
  }
}

function defineModels(connection: mongoose.Connection, capBytes: number) {
  const userSchema = new Schema(
    { phone: { type: String, required: true, unique: true } },
    { timestamps: true },
  )
  const messageSchema = new Schema(
    {
      userId: { type: Schema.Types.ObjectId, ref: 'User', required: true },
      sender: { type: String, required: true, maxlength: 100 },
      content: { type: String, required: true },
      type: { type: String, enum: ['text', 'voice'], default: 'text' },
      timestamp: { type: Date, default: Date.now },
      conversationId: String,
      externalId: String,
      metadata: Schema.Types.Mixed,
    },
    { timestamps: { updatedAt: false }, ...(capBytes && { capped: { size: capBytes } }) },
  )
  for (const { keys, options } of messages.indexes) messageSchema.index(keys, options)
  const contextSchema = new Schema(
    {
      userId: { type: Schema.Types.ObjectId, ref: 'User', required: true, unique: true },
      data: { type: Schema.Types.Mixed, default: {} },
    },
    { timestamps: true, minimize: false },
  )
  return {
    User: connection.model('User', userSchema),
    Message: connection.model('Message', messageSchema),
    Context: connection.model('Context', contextSchema),
  }
}

export const mongooseDocuments: Peer = { name: 'Mongoose', open: (scene) => open(scene, false) }
export const mongooseLean: Peer = { name: 'Mongoose, lean', open: (scene) => open(scene, true) }
