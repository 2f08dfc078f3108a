import mongoose from 'mongoose'
import { isStored, toSaid } from '../../../src/adapters/langchain-stored.ts'
import { isPlainObject } from '../../../src/json.ts'
import { timedIdOf } from '../ids.ts'
import type { ImportedMessage } from '../item.ts'

const { ObjectId } = mongoose.mongo

/** A document of `MongoDBChatMessageHistory`: a session in JavaScript, a single message in Python. */
export interface History {
  session: string
  /** `_id`, which tells when it was created. */
  id: mongoose.mongo.ObjectId
  messages: unknown[]
  isSession: boolean
}

/** Nothing for a document of somebody else's. */
export function historyOf(document: mongoose.mongo.Document): History | undefined {
  const { _id: id, sessionId, messages, SessionId, History: history } = document
  if (!(id instanceof ObjectId)) return undefined
  if (Array.isArray(messages) && isName(sessionId))
    return { session: String(sessionId), id, messages, isSession: true }
  if (typeof history === 'string' && isName(SessionId))
    return { session: String(SessionId), id, messages: [parsed(history)], isSession: false }
  return undefined
}

/** Older versions made an ObjectId of a session's name. */
const isName = (value: unknown): boolean => typeof value === 'string' || value instanceof ObjectId

function parsed(json: string): unknown {
  try {
    return JSON.parse(json)
  } catch {
    return undefined
  }
}

/**
 * A message of a history. LangChain keeps no times: all have that of their document, a millisecond after the one before.
 * @returns nothing if LangChain itself could make none of it
 */
export function messageOf(
  { session, id, isSession }: History,
  stored: unknown,
  index: number,
): ImportedMessage | undefined {
  const message = asStored(stored)
  if (!message) return undefined
  const timestamp = new Date(id.getTimestamp().getTime() + index)
  /* Of single messages of one second, the order is in the counter of their ids. */
  const place = isSession ? undefined : Number.parseInt(id.toHexString().slice(18), 16)
  return {
    id: timedIdOf(timestamp, place, 'langchain', session, id.toHexString(), index),
    timestamp,
    conversationId: session,
    ...toSaid(message),
  }
}

/** What Python calls otherwise. */
const TYPES: Record<string, string> = {
  chat: 'generic',
  ChatMessageChunk: 'generic',
  AIMessageChunk: 'ai',
  HumanMessageChunk: 'human',
  SystemMessageChunk: 'system',
  ToolMessageChunk: 'tool',
  FunctionMessageChunk: 'function',
}

/** As today's LangChain stores it, of plain JSON. Its first version had the text beside the type. */
function asStored(value: unknown) {
  if (!isPlainObject(value)) return undefined
  const { type, data, text, role } = value
  const named = { type: TYPES[String(type)] ?? type, data: data ?? { content: text, role } }
  const plain: unknown = JSON.parse(JSON.stringify(named))
  return isStored(plain) ? plain : undefined
}
