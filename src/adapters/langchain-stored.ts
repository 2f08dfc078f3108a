import type { StoredMessage } from '@langchain/core/messages'
import { isPlainObject, type JsonObject, type JsonValue } from '../json.ts'
import { readable, type Said } from './conversation.ts'

/* A message of LangChain, as it is stored: by what it is, and its fields. Needs nothing of LangChain but the type. */

/** Under it, a message's metadata has the object of LangChain. */
export const KEY = 'langchain'
/** The classes that come back, by their `type`: who speaks, and the field without which LangChain makes none. */
const KINDS = new Map<unknown, { sender?: string; needs?: string }>([
  ['human', { sender: 'user' }],
  ['ai', { sender: 'assistant' }],
  ['system', { sender: 'system' }],
  ['tool', { sender: 'tool', needs: 'tool_call_id' }],
  ['function', { sender: 'tool', needs: 'name' }],
  /* Speaks by its own role. */
  ['generic', { needs: 'role' }],
])
const ROLES: Record<string, string> = { human: 'user', ai: 'assistant', function: 'tool' }

/** What LangChain can make a message of. */
export const isStored = (value: unknown): value is StoredMessage & JsonObject => {
  if (!isPlainObject(value) || !isPlainObject(value.data)) return false
  const kind = KINDS.get(value.type)
  return kind !== undefined && (!kind.needs || typeof value.data[kind.needs] === 'string')
}

/** The same, as everybody else reads it. */
export function toSaid(stored: JsonObject): Said {
  const { type, data } = stored
  const { role, content, tool_calls: calls }: JsonObject = isPlainObject(data) ? data : {}
  const sender = KINDS.get(type)?.sender ?? ROLES[String(role)] ?? String(role)
  return { sender, content: readable(content) || callsOf(calls), metadata: { [KEY]: stored } }
}

/** `lookup({"city":"Recife"})`: what there is to read of a message that only calls tools. */
function callsOf(calls: JsonValue | undefined): string {
  const all = Array.isArray(calls) ? calls : []
  return all
    .flatMap((call) => (isPlainObject(call) ? [`${call.name}(${JSON.stringify(call.args)})`] : []))
    .join('\n')
}
