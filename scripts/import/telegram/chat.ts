import type { Identity } from '../item.ts'

/** What a chat's beginning says of it; its messages follow. */
export interface Chat {
  /** Where it is in the file: `chats.list.3`; empty, if the file is one chat. */
  path: string
  id: number
  /** Empty: Telegram Desktop does not know it. */
  type: string
  name?: string
}

/** Whom `--me` means, by `from_id`, and where they speak, by the paths of chats. */
export interface Named {
  ids: Set<string>
  chats: Set<string>
}

/** Who the bot is, as far as one knows: `--me`, and whose account it is, which only a full export says. */
export interface Bot {
  named?: Named
  account?: string
}

/** Who speaks in a chat, and where it goes. */
export interface Roles {
  /** The bot's lines, by `from_id`. */
  isBot(fromId: string): boolean
  /** Whom the bot speaks to, where that is always the same one. */
  partner?: string
  /** As bots know a group. */
  conversationId?: string
}

const TWO = new Set(['personal_chat', 'bot_chat'])
const SUPERGROUPS = new Set(['private_supergroup', 'public_supergroup'])
const CHANNELS = new Set(['private_channel', 'public_channel'])

export const NO_BOT = 'in a group whose bot nobody names: give --me'

/** With whom the account speaks in a chat of two, by `from_id`. */
export const otherOf = ({ id, type }: Chat): string | undefined => (TWO.has(type) ? `user${id}` : undefined)

/** Why there is no dialogue in a chat; nothing if there is. */
export function refusalOf(chat: Chat, bot: Bot): string | undefined {
  const { type } = chat
  if (CHANNELS.has(type)) return 'in a channel, where nobody answers'
  const isGroup = type === 'private_group' || SUPERGROUPS.has(type)
  if (!isGroup && !TWO.has(type)) return 'in a chat of another kind: saved messages, replies, codes'
  if (isGroup && !(bot.named ?? bot.account)) return NO_BOT
  return takesPart(bot, chat) ? undefined : 'in a chat in which the bot says nothing'
}

/** The account takes part in all of its chats; others in theirs with it, and where they speak. */
function takesPart({ named, account }: Bot, chat: Chat): boolean {
  const isNamed = (fromId: string | undefined) => fromId !== undefined && named?.ids.has(fromId)
  return !named || isNamed(account) || isNamed(otherOf(chat)) || named.chats.has(chat.path)
}

export function rolesOf(chat: Chat, { named, account }: Bot): Roles {
  const { id, type } = chat
  const other = otherOf(chat)
  if (!other) {
    const isBot = (fromId: string) => (named ? named.ids.has(fromId) : fromId === account)
    return { isBot, conversationId: SUPERGROUPS.has(type) ? `-100${id}` : `-${id}` }
  }
  const isWithBot = named ? named.ids.has(other) : type === 'bot_chat'
  if (isWithBot) return { isBot: (fromId) => fromId === other, ...(account && { partner: account }) }
  return { isBot: (fromId) => fromId !== other, partner: other }
}

/** `user123` → `123`; nothing for who is not a person. */
export const identityOf = (fromId: string): Identity | undefined => {
  const [, id] = /^user(\d+)$/.exec(fromId) ?? []
  return id === undefined ? undefined : { provider: 'telegram', id }
}
