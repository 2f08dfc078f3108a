import { type Item, type Outcome, remark } from '../item.ts'
import { type Found, placeOf } from '../json.ts'
import type { LocalTimes } from '../local-times.ts'
import { type Chat, identityOf, type Roles } from './chat.ts'
import { messageOf, telegramMessage } from './message.ts'

/** So many messages back, it is known whose they are. */
const REMEMBERED = 10_000

const REASONS: Record<string, [Outcome, string]> = {
  service: ['left out', 'a service message: somebody joined, called, pinned'],
  unsupported: ['left out', 'of a kind that Telegram Desktop does not export'],
  nobody: ['left out', 'in the name of a channel or a group'],
  first: ['left out', 'said by the bot before anybody else'],
  empty: ['left out', 'without text'],
  'no time': ['refused', 'without a time'],
}
const UNKNOWN: [Outcome, string] = ['refused', 'not what Telegram Desktop writes']

/**
 * The messages of a chat. What the bot says belongs to whom it answers: in a group to the author of the message that it
 * replies to, or else to whoever spoke last.
 */
export function createDialogue(
  chat: Chat,
  roles: Roles,
  { known, localTimes }: { known: Set<string>; localTimes: LocalTimes },
) {
  const name = roles.conversationId ?? `user${chat.id}`
  const authors = new Map<number, string>()
  let latest = roles.partner

  function remember(id: number, author: string): void {
    authors.set(id, author)
    const [oldest] = authors.keys()
    if (authors.size > REMEMBERED && oldest !== undefined) authors.delete(oldest)
  }

  function* user(owner: string, from: string | null | undefined, place: string): Generator<Item> {
    const identity = identityOf(owner)
    if (!identity || known.has(owner)) return
    known.add(owner)
    const called = from ?? (owner === `user${chat.id}` ? chat.name : undefined)
    yield { kind: 'users', owner, identity, defaults: { ...(called && { name: called }) }, place }
  }

  return function* read(found: Found): Generator<Item> {
    const place = placeOf(found)
    const left = (reason = '') => remark('messages', ...(REASONS[reason] ?? UNKNOWN), place)
    const parsed = telegramMessage.safeParse(found.value)
    if (!parsed.success) return yield left()
    const { type, from, from_id: fromId, id, reply_to_message_id: repliesTo } = parsed.data
    if (type === 'service' || type === 'unsupported') return yield left(type)
    if (!fromId || !identityOf(fromId)) return yield left('nobody')
    const isBot = roles.isBot(fromId)
    const owner = isBot ? (roles.partner ?? authors.get(repliesTo ?? 0) ?? latest) : fromId
    if (owner === undefined) return yield left('first')
    const message = messageOf(name, parsed.data, isBot, localTimes)
    if (typeof message === 'string') return yield left(message)
    remember(id, owner)
    if (!isBot) latest = owner
    yield* user(owner, isBot ? undefined : from, place)
    const conversation = roles.conversationId && { conversationId: roles.conversationId }
    yield { kind: 'messages', owner, message: { ...message, ...conversation }, place }
  }
}
