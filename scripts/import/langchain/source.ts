import mongoose from 'mongoose'
import { connectDriver } from '../../lib/driver.ts'
import type { Defer } from '../../lib/run.ts'
import type { SourceFile } from '../file.ts'
import { type Item, type OnRead, remark } from '../item.ts'
import { readJson } from '../json.ts'
import { historyOf, messageOf } from './messages.ts'

type Documents = AsyncIterable<mongoose.mongo.Document>

const { EJSON } = mongoose.mongo.BSON
const AT_ONCE = 100

/** A file of `mongoexport`: a document a line, or all of them in an array. */
export async function* readExport(file: SourceFile, path: string): Documents {
  for await (const { value } of readJson(file, [path])) {
    if (typeof value === 'object' && value !== null) yield EJSON.deserialize(value)
  }
}

/**
 * A collection of a server, and how many documents it has.
 * @throws Error of one sentence: of the URI, nothing is in it but the hosts
 */
export async function openCollection(uri: string, name: string, onRead: OnRead, defer: Defer) {
  const client = await connectDriver(uri)
  defer(() => client.close())
  const db = client.db()
  const collection = db.collection(name)
  const total = await collection.estimatedDocumentCount()
  if (total === 0)
    throw new Error(`There is nothing in the collection ${name} of the database ${db.databaseName}.`)
  async function* documents(): Documents {
    for await (const document of collection.find({}, { sort: { _id: 1 }, batchSize: AT_ONCE })) {
      yield document
      onRead(1)
    }
  }
  return { name: `${db.databaseName}.${name}`, total, documents: documents() }
}

/** Chat histories that LangChain has stored in MongoDB. */
export async function* readHistories(documents: Documents, provider: string): AsyncGenerator<Item> {
  const known = new Set<string>()
  let count = 0
  for await (const document of documents) {
    const place = `document ${++count}`
    const history = historyOf(document)
    if (!history) {
      yield remark('others', 'left out', 'not a chat history of LangChain', place)
      continue
    }
    const { session, messages } = history
    if (!known.has(session))
      yield { kind: 'users', owner: session, identity: { provider, id: session }, defaults: {}, place }
    known.add(session)
    for (const [index, stored] of messages.entries()) {
      const message = messageOf(history, stored, index)
      const at = `${place}, message ${index + 1}`
      yield message
        ? { kind: 'messages', owner: session, message, place: at }
        : remark('messages', 'refused', 'of a type that LangChain does not know', at)
    }
  }
}
