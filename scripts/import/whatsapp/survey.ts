import { BrokenSource, UsageError, untilFault } from '../faults.ts'
import type { SourceFile } from '../file.ts'
import type { Identity } from '../item.ts'
import { contentOf } from './content.ts'
import { createOrderSurvey } from './dates.ts'
import { isEntry, readEntries } from './entries.ts'
import { type DateOrder, withoutMarks } from './header.ts'

/** What the file does not tell. */
export interface WhatsAppOptions {
  /** Whose lines the bot said. */
  me?: string
  /** Who the other one is, where there is only one. */
  user?: Identity
  /** What the chat is called in the store. Needed for a group. */
  conversation?: string
  provider: string
  dateOrder?: DateOrder
  timezone: string
}

/** Who takes part, and how dates are to be read. */
export interface Chat {
  /** Tells it from other chats. */
  name: string
  order: DateOrder
  /** What the bot is called in it. */
  me: string
  /** Everybody else, and what the store is to know of them. */
  people: Map<string, Person>
  conversation?: string
}
interface Person {
  identity: Identity
  defaults: { name?: string }
}

/**
 * Reads all of a chat, to know what its single lines don't tell.
 *
 * @throws BrokenSource, or UsageError naming the option that is needed
 */
export async function surveyChat(file: SourceFile, options: WhatsAppOptions): Promise<Chat> {
  const orders = createOrderSurvey()
  const names = new Map<string, number>()
  let entries = 0
  for await (const entry of untilFault(readEntries(file))) {
    if (!isEntry(entry)) continue
    entries++
    orders.add(entry.header)
    /* On an iPhone the chat itself says what WhatsApp has to say, under its own name. */
    if (entry.sender && contentOf(entry.text, entry.header.style).kind !== 'notice')
      names.set(entry.sender, (names.get(entry.sender) ?? 0) + 1)
  }
  if (entries === 0) throw new BrokenSource(`${file.name} has no line of a WhatsApp chat.`)
  return { order: options.dateOrder ?? orders.result(), ...peopleOf(names, options) }
}

function peopleOf(names: Map<string, number>, options: WhatsAppOptions): Omit<Chat, 'order'> {
  const me = meAmong(names, options.me)
  const others = [...names.keys()].filter((name) => name !== me)
  const { conversation, user, provider } = options
  if (others.length > 1) {
    if (user) throw new UsageError(`--user is for a chat with one person; in this one are ${others.length}`)
    if (!conversation) throw new UsageError(`this is a group of ${others.length} and the bot: ${NAME_IT}`)
  }
  if (others.length === 0 && !user)
    throw new UsageError('nobody but the bot speaks here: say to whom with --user')
  const people = others.map((name): [string, Person] => [
    name,
    { identity: user ?? { provider, id: name }, defaults: { name } },
  ])
  if (user && others.length === 0) people.push([user.id, { identity: user, defaults: {} }])
  const name = conversation ?? JSON.stringify(people[0]?.[1].identity)
  return { name, me, people: new Map(people), ...(conversation && { conversation }) }
}

const NAME_IT = 'name it with --conversation, the same each time'

function meAmong(names: Map<string, number>, given: string | undefined): string {
  if (given === undefined)
    throw new UsageError(`who is the bot? Give --me, and one of these names: ${listOf(names)}`)
  const me = withoutMarks(given).trim()
  /* One who was never answered. */
  if (names.has(me) || names.size === 1) return me
  throw new UsageError(`nobody in this chat is called what --me says; these are: ${listOf(names)}`)
}

const SHOWN = 10
const listOf = (names: Map<string, number>): string => {
  const sorted = [...names].sort(([, a], [, b]) => b - a).map(([name]) => JSON.stringify(name))
  return sorted.slice(0, SHOWN).join(', ') + (sorted.length > SHOWN ? ', …' : '')
}
