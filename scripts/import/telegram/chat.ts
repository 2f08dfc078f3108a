import type { Identity } from '../item.ts'

/** What a chat's beginning says of it; its messages follow. */
export interface Chat {
  id: number
  /** Empty: Telegram Desktop does not know it. */
  type: string
  name?: string
}

/** Who the bot is, as far as one knows: `--me`, and whose account it is, which only a full export says. */
export interface Bot {
  me?: string
  account?: string
}

/** Who speaks in a chat, and where it goes. */
export interface Roles {
  /** The bot's lines, by `from_id` and name. */
  isBot(fromId: string, from: string | undefined): boolean
  /** Whom the bot speaks to, where that is always the same one. */
  partner?: string
  /** As bots know a group. */
  conversationId?: string
}

const TWO = new Set(['personal_chat', 'bot_chat'])
const SUPERGROUPS = new Set(['private_supergroup', 'public_supergroup'])
const CHANNELS = new Set(['private_channel', 'public_channel'])

export const NO_BOT = 'in a group whose bot nobody names: give --me'

/** Why there is no dialogue in a chat; nothing if there is. */
export function refusalOf({ type }: Chat, { me, account }: Bot): string | undefined {
  if (TWO.has(type)) return undefined
  if (type === 'private_group' || SUPERGROUPS.has(type)) return (me ?? account) ? undefined : NO_BOT
  if (CHANNELS.has(type)) return 'in a channel, where nobody answers'
  return 'in a chat of another kind: saved messages, replies, codes'
}

export function rolesOf({ id, type, name }: Chat, { me, account }: Bot): Roles {
  const isNamed = (fromId: string, from: string | undefined) => fromId === me || from === me
  if (!TWO.has(type)) {
    const isBot = me === undefined ? (fromId: string) => fromId === account : isNamed
    return { isBot, conversationId: SUPERGROUPS.has(type) ? `-100${id}` : `-${id}` }
  }
  const theirs = `user${id}`
  const isTheirs = (fromId: string) => fromId === theirs
  const isWithBot = me === undefined ? type === 'bot_chat' : me === theirs || me === name
  if (isWithBot) return { isBot: isTheirs, ...(account && { partner: account }) }
  return { isBot: me === undefined ? (fromId) => !isTheirs(fromId) : isNamed, partner: theirs }
}

/** `user123` → `123`; nothing for who is not a person. */
export const identityOf = (fromId: string): Identity | undefined => {
  const [, id] = /^user(\d+)$/.exec(fromId) ?? []
  return id === undefined ? undefined : { provider: 'telegram', id }
}
