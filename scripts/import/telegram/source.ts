import { BrokenSource, UsageError } from '../faults.ts'
import type { SourceFile } from '../file.ts'
import { type Item, remark } from '../item.ts'
import { type Found, placeOf, readJson } from '../json.ts'
import { createLocalTimes, type LocalTimes } from '../local-times.ts'
import { type Bot, type Chat, NO_BOT, refusalOf, rolesOf } from './chat.ts'
import { createDialogue } from './dialogue.ts'

export interface TelegramOptions {
  /** Who the bot is: `user123`, or a name. */
  me?: string
  timezone: string
}

/** Of a full export, and of a single chat's. */
const CHATS = ['$', '$.chats.list.*', '$.left_chats.list.*']
const PATHS = [
  '$.personal_information',
  ...CHATS.flatMap((chat) => ['name', 'type', 'id', 'messages.*'].map((part) => `${chat}.${part}`)),
]

/** What Telegram Desktop has exported as JSON: all chats of an account, or one. */
export async function* readTelegram(file: SourceFile, options: TelegramOptions): AsyncGenerator<Item> {
  const localTimes = createLocalTimes(options.timezone)
  const bot: Bot = { ...(options.me && { me: options.me.replace(/^(?=\d+$)/, 'user') }) }
  const known = new Set<string>()
  let chat:
    | { path: string; said: Record<string, unknown>; read?: (found: Found) => Iterable<Item> }
    | undefined
  for await (const found of readJson(file, PATHS)) {
    if (found.path[0] === 'personal_information') {
      const account = accountOf(found.value)
      if (account) bot.account = account
      continue
    }
    const isMessage = found.path.at(-2) === 'messages'
    const path = found.path.slice(0, isMessage ? -2 : -1).join('.')
    if (chat?.path !== path) chat = { path, said: {} }
    if (!isMessage) chat.said[String(found.path.at(-1))] = found.value
    else {
      chat.read ??= createReading(file, chat.said, { bot, localTimes, known, isOnly: path === '' })
      yield* chat.read(found)
    }
  }
}

const accountOf = (value: unknown): string | undefined => {
  const id = Object(value).user_id
  return Number.isInteger(id) ? `user${id}` : undefined
}

interface Surroundings {
  bot: Bot
  localTimes: LocalTimes
  /** Who was told to the store already. */
  known: Set<string>
  /** Nothing else is in the file. */
  isOnly: boolean
}

/** @throws BrokenSource, or UsageError if an option has to say who the bot is */
function createReading(
  file: SourceFile,
  { id, type, name }: Record<string, unknown>,
  around: Surroundings,
): (found: Found) => Iterable<Item> {
  if (typeof id !== 'number' || type === undefined)
    throw new BrokenSource(`${file.name} has messages before it says of which chat: its id and its type.`)
  const chat: Chat = { id, type: String(type ?? ''), ...(typeof name === 'string' && { name }) }
  const refusal = refusalOf(chat, around.bot)
  if (refusal === NO_BOT && around.isOnly)
    throw new UsageError(
      'this is a group: say with --me who the bot is, by its from_id (user123) or its name',
    )
  if (refusal) return (found) => [remark('messages', 'left out', refusal, placeOf(found))]
  return createDialogue(chat, rolesOf(chat, around.bot), around)
}
