import { UsageError } from '../faults.ts'
import type { SourceFile } from '../file.ts'
import { type Item, remark } from '../item.ts'
import { type Found, placeOf } from '../json.ts'
import { createLocalTimes, type LocalTimes } from '../local-times.ts'
import { type Bot, type Chat, NO_BOT, refusalOf, rolesOf } from './chat.ts'
import { createDialogue } from './dialogue.ts'
import { readParts } from './parts.ts'
import { surveyTelegram } from './survey.ts'

export interface TelegramOptions {
  /** Who the bot is: `user123`, or a name. */
  me?: string
  timezone: string
}

/** What Telegram Desktop has exported as JSON: all chats of an account, or one. Read twice, if `me` is given. */
export async function* readTelegram(file: SourceFile, options: TelegramOptions): AsyncGenerator<Item> {
  const me = options.me?.replace(/^(?=\d+$)/, 'user')
  const bot: Bot = { ...(me && { named: await surveyTelegram(file, me) }) }
  const around = { bot, localTimes: createLocalTimes(options.timezone), known: new Set<string>() }
  let open: { chat: Chat; read(found: Found): Iterable<Item> } | undefined
  for await (const part of readParts(file)) {
    if ('account' in part) bot.account = part.account
    else {
      const { chat, found } = part
      if (open?.chat !== chat) open = { chat, read: createReading(chat, around) }
      yield* open.read(found)
    }
  }
}

interface Surroundings {
  bot: Bot
  localTimes: LocalTimes
  /** Who was told to the store already. */
  known: Set<string>
}

/** @throws UsageError if an option has to say who the bot is */
function createReading(chat: Chat, around: Surroundings): (found: Found) => Iterable<Item> {
  const refusal = refusalOf(chat, around.bot)
  if (refusal === NO_BOT && chat.path === '')
    throw new UsageError(
      'this is a group: say with --me who the bot is, by its from_id (user123) or its name',
    )
  if (refusal) return (found) => [remark('messages', 'left out', refusal, placeOf(found))]
  return createDialogue(chat, rolesOf(chat, around.bot), around)
}
