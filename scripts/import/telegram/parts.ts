import { BrokenSource } from '../faults.ts'
import type { SourceFile } from '../file.ts'
import { type Found, readJson } from '../json.ts'
import type { Chat } from './chat.ts'

/** Whose account it is, by `from_id`; or a message, and the chat that it is in. */
export type Part = { account: string } | { chat: Chat; found: Found }

/** Of a full export, and of a single chat's. */
const CHATS = ['$', '$.chats.list.*', '$.left_chats.list.*']
const PATHS = [
  '$.personal_information',
  ...CHATS.flatMap((chat) => ['name', 'type', 'id', 'messages.*'].map((part) => `${chat}.${part}`)),
]

/**
 * What an import needs of a file of Telegram Desktop, in its order.
 *
 * @throws BrokenSource after the parts before the fault
 */
export async function* readParts(file: SourceFile): AsyncGenerator<Part> {
  let open: { path: string; said: Record<string, unknown>; chat?: Chat } | undefined
  for await (const found of readJson(file, PATHS)) {
    if (found.path[0] === 'personal_information') {
      const { user_id: id } = Object(found.value)
      if (Number.isInteger(id)) yield { account: `user${id}` }
      continue
    }
    const isMessage = found.path.at(-2) === 'messages'
    const path = found.path.slice(0, isMessage ? -2 : -1).join('.')
    if (open?.path !== path) open = { path, said: {} }
    if (isMessage) {
      open.chat ??= chatOf(file, open)
      yield { chat: open.chat, found }
    } else open.said[String(found.path.at(-1))] = found.value
  }
}

function chatOf(file: SourceFile, { path, said }: { path: string; said: Record<string, unknown> }): Chat {
  const { id, type, name } = said
  if (typeof id !== 'number' || type === undefined)
    throw new BrokenSource(`${file.name} has messages before it says of which chat: its id and its type.`)
  return { path, id, type: String(type ?? ''), ...(typeof name === 'string' && { name }) }
}
