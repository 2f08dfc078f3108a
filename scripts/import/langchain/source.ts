import mongoose from 'mongoose'
import { isPlainObject } from '../../../src/json.ts'
import { connectDriver } from '../../lib/driver.ts'
import type { Defer } from '../../lib/run.ts'
import type { SourceFile } from '../file.ts'
import { type Item, type OnRead, remark } from '../item.ts'
import { readJson } from '../json.ts'
import { historyOf, messageOf } from './messages.ts'

type Documents = AsyncIterable<mongoose.mongo.Document>

const { ObjectId } = mongoose.mongo
const AT_ONCE = 100

/**
 * A file of `mongoexport`: a document a line, or all of them in an array. Of its extended JSON, only ids and the numbers
 * of `--jsonFormat=canonical` are taken for more than JSON: what else looks like it may be what somebody has said, as
 * the query that a tool was called with.
 */
export async function* readExport(file: SourceFile, path: string): Documents {
  for await (const { value } of readJson(file, [path])) {
    if (!isPlainObject(value)) continue
    const { _id, sessionId, SessionId, messages, ...rest } = value
    yield {
      ...rest,
      _id: idOf(_id),
      sessionId: idOf(sessionId),
      SessionId: idOf(SessionId),
      messages:
        messages && JSON.parse(JSON.stringify(messages), (_, part: unknown) => numberOf(part) ?? part),
    }
  }
}

const idOf = (value: unknown): unknown => {
  const { $oid } = Object(value)
  return typeof $oid === 'string' && ObjectId.isValid($oid) ? new ObjectId($oid) : value
}

const NUMBERS = ['$numberInt', '$numberLong', '$numberDouble']
const NUMBER = /^-?\d+(?:\.\d+)?(?:e[+-]?\d+)?$/i

/** `{ "$numberInt": "3" }` */
function numberOf(value: unknown): number | undefined {
  if (!isPlainObject(value)) return undefined
  const [[type = '', text] = [], ...others] = Object.entries(value)
  const isNumber = others.length === 0 && NUMBERS.includes(type) && NUMBER.test(String(text))
  return isNumber ? Number(text) : undefined
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
