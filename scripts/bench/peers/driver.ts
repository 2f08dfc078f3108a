import mongoose from 'mongoose'
import { messages } from '../../../src/messages/schema.ts'
import type { Line, Peer } from './peer.ts'
import { phoneOf } from './scene.ts'

const { MongoClient, ObjectId } = mongoose.mongo

/**
 * The bare driver, by the same copy: nothing validates, nobody is checked to exist. Its collections have our
 * indexes.
 */
export const driver: Peer = {
  name: 'mongodb driver',

  async open({ uri, dbName, users, capBytes }) {
    const client = await new MongoClient(uri, { writeConcern: { w: 'majority', j: true } }).connect()
    const db = client.db(dbName)
    const capped = capBytes ? { capped: true, size: capBytes } : {}
    const lines = await db.createCollection('messages', capped)
    for (const { keys, options } of messages.indexes) await lines.createIndex(keys, options)
    const people = db.collection('users')
    const contexts = db.collection('contexts')
    await people.createIndex({ phone: 1 }, { unique: true })
    await contexts.createIndex({ userId: 1 }, { unique: true })
    const ids = Array.from({ length: users }, () => new ObjectId())
    const now = new Date()
    await people.insertMany(ids.map((_id, user) => ({ _id, phone: phoneOf(user), createdAt: now })))
    await contexts.insertMany(ids.map((userId) => ({ userId, data: {}, version: 1 })))
    const idOf = (user: number) => ids[user] ?? new ObjectId()
    const toDocument = (user: number, line: Line) => ({
      userId: idOf(user),
      timestamp: new Date(),
      type: 'text',
      version: 1,
      createdAt: new Date(),
      ...line,
    })
    return {
      storeLine: (user, line) => lines.insertOne(toDocument(user, line)),
      storeLines: (user, said) => lines.insertMany(said.map((line) => toDocument(user, line))),
      newest: async (user, limit) => {
        const newest = lines
          .find({ userId: idOf(user) })
          .sort({ timestamp: -1, _id: -1 })
          .limit(limit)
        return (await newest.toArray()).reverse()
      },
      replaceContext: (user, data) =>
        contexts.findOneAndUpdate(
          { userId: idOf(user) },
          { $set: { data, updatedAt: new Date() }, $inc: { version: 1 } },
          { returnDocument: 'after' },
        ),
      mergeContext: (user, patch) =>
        contexts.findOneAndUpdate(
          { userId: idOf(user) },
          {
            $set: {
              ...Object.fromEntries(Object.entries(patch).map(([key, value]) => [`data.${key}`, value])),
              updatedAt: new Date(),
            },
            $inc: { version: 1 },
          },
          { returnDocument: 'after' },
        ),
      turn: async (_user, said, answer) => {
        const person = await people.findOne({ phone: phoneOf(_user) })
        const userId = person?._id
        const [context] = await Promise.all([
          contexts.findOne({ userId }),
          lines.find({ userId }).sort({ timestamp: -1, _id: -1 }).limit(20).toArray(),
        ])
        await lines.insertMany([toDocument(_user, said), toDocument(_user, answer)])
        const data = { ...context?.data, lastSaid: said.content, turns: (context?.data?.turns ?? 0) + 1 }
        await contexts.updateOne({ userId }, { $set: { data, updatedAt: new Date() }, $inc: { version: 1 } })
      },
      close: () => client.close(),
    }
  },
}
