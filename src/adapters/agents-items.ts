import type { AgentInputItem } from '@openai/agents-core'
import { z } from 'zod'
import { parse } from '../input.ts'
import { isPlainObject, type JsonObject, type JsonValue } from '../json.ts'
import type { Message } from '../messages/schema.ts'
import { keptUnder, readable, type Said } from './conversation.ts'

/*
 * Items of a session as messages. An item is kept as it is in its message's metadata, so that it comes back
 * exactly; its text and its speaker are the message's, for everybody else.
 */
const KEY = 'openaiAgents'

/** An item, as JSON. */
export const item = keptUnder(KEY)
const items = z.array(item)

/** @throws DialogueStoreError `INVALID_INPUT` */
export const parseItems = (given: unknown): JsonObject[] => parse(items, given, ['items'])

export const toSaid = (item: JsonObject): Said => ({
  sender: senderOf(item),
  content: textOf(item),
  metadata: { [KEY]: item },
})

function senderOf({ role, type }: JsonObject): string {
  if (role === 'user' || role === 'assistant' || role === 'system') return role
  return /_(?:result|output)$/.test(String(type)) ? 'tool' : 'assistant'
}

function textOf({ type, name, arguments: args, content, output }: JsonObject): string {
  if (type === 'function_call') return `${name}(${args})`
  return readable(content) || readable(output)
}

/** What a message is to an agent: the item that was stored, or, of a message of somebody else, who said what. */
export function toItem({ sender, content, metadata }: Message): JsonObject {
  const kept: JsonValue | undefined = metadata[KEY]
  if (isPlainObject(kept)) return kept
  if (sender === 'system') return { type: 'message', role: 'system', content }
  /* What a tool has said is not the user's word. */
  if (sender === 'assistant' || sender === 'tool')
    return {
      type: 'message',
      role: 'assistant',
      status: 'completed',
      content: [{ type: 'output_text', text: content }],
    }
  return { type: 'message', role: 'user', content }
}

/** The SDK gives what it has stored; other items are made above. */
export const asInputItem = (item: JsonObject): AgentInputItem => item as AgentInputItem

/** The same for every order of keys. */
export function canonical(value: JsonValue): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join()}]`
  if (!isPlainObject(value)) return JSON.stringify(value)
  const entries = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1))
  return `{${entries.map(([key, inner]) => `${JSON.stringify(key)}:${canonical(inner)}`).join()}}`
}
