import type { NewMessage } from '../../src/index.ts'
import type { Conversation } from '../lib/conversations.ts'
import { contactOf, phoneOf } from '../lib/people.ts'
import { type Appointment, appointmentOf } from './appointments.ts'

/** A message before it is known whose it is. */
export type Line = Omit<NewMessage, 'userId'> & { timestamp: Date }

/** What somebody writes at once, and what the assistant says to it. */
export interface Turn {
  incoming: Line[]
  replies: Line[]
}

export interface Person {
  /** All that the bot knows of them at first. */
  phone: string
  name: string
  email: string
  /** When they write for the first time. */
  begins: Date
  turns: Turn[]
  /** What they write later, in the rush hour. */
  rush: Line[]
  /** Some make one. */
  appointment: Appointment | undefined
}

interface CastOptions {
  people: number
  /** How many messages of the conversations they share. */
  messages: number
}

const MINUTE_MS = 60_000
const SHORTEST_CONVERSATION = 10
/** So much of what somebody says falls into the rush hour. */
const RUSH = 0.6
/** Every so many people one makes an appointment; of so many messages one is spoken. */
const APPOINTMENTS = 3
const VOICE = 12

/** People of today, who say what other people said to each other in 2018. */
export function castOf(conversations: Conversation[], options: CastOptions): Person[] {
  return deal(conversations, options).map((parts, index) => {
    const lines = inTheLastHours(parts).flatMap((part, n) => linesOf(part, `${index}-${n}`))
    const turns = turnsOf(lines)
    const calm = Math.ceil(turns.length * (1 - RUSH))
    return {
      phone: phoneOf(11_000_000 + index),
      ...contactOf(index),
      begins: new Date((lines[0]?.timestamp.getTime() ?? Date.now()) - 10 * MINUTE_MS),
      turns: turns.slice(0, calm),
      rush: turns.slice(calm).flatMap(({ incoming, replies }) => [...incoming, ...replies]),
      appointment: index % APPOINTMENTS === 0 ? appointmentOf(index / APPOINTMENTS) : undefined,
    }
  })
}

/** Gives out conversations in turn until there are enough messages. Some are long: nobody talks as much as another. */
function deal(conversations: Conversation[], { people, messages }: CastOptions): Conversation[][] {
  const dealt: Conversation[][] = Array.from({ length: people }, () => [])
  const longest = Math.ceil(messages / people)
  let left = messages
  let next = 0
  for (const { id, messages: said } of conversations.filter(isDialogue)) {
    if (left <= 0) break
    const part = said.filter(({ text }) => text !== '').slice(0, Math.min(longest, left))
    dealt[next++ % people]?.push({ id, messages: part })
    left -= part.length
  }
  return dealt
}

const isDialogue = ({ messages }: Conversation): boolean =>
  messages.length >= SHORTEST_CONVERSATION && new Set(messages.map(({ sender }) => sender)).size === 2

/** Moves conversations one behind the other, so that the last of them ended a quarter of an hour ago. */
function inTheLastHours(conversations: Conversation[]): Conversation[] {
  let end = Date.now() - 15 * MINUTE_MS
  const backwards = conversations.toReversed().map(({ id, messages }) => {
    const shift = end - (messages.at(-1)?.timestamp.getTime() ?? end)
    const moved = messages.map((message) => ({
      ...message,
      timestamp: new Date(message.timestamp.getTime() + shift),
    }))
    end = (moved[0]?.timestamp.getTime() ?? end) - 30 * MINUTE_MS
    return { id, messages: moved }
  })
  return backwards.reverse()
}

/** Who speaks first is the user; the other one plays the assistant. */
function linesOf({ messages }: Conversation, key: string): Line[] {
  return messages.map(({ sender, text, timestamp }, n) => {
    if (sender !== messages[0]?.sender) return { sender: 'assistant', content: text, timestamp }
    const externalId = `wamid.${key}-${n}`
    const line: Line = { sender: 'user', content: text, timestamp, externalId }
    return n % VOICE === 0 ? spoken(line) : line
  })
}

/** As a voice note: the content is its transcript. */
export const spoken = (line: Line): Line => ({
  ...line,
  type: 'voice',
  audio: {
    uri: `https://media.example.com/${encodeURIComponent(line.externalId ?? line.timestamp.toISOString())}.ogg`,
    mimeType: 'audio/ogg',
    durationSeconds: Math.ceil(line.content.length / 1.5) / 10,
  },
})

function turnsOf(lines: Line[]): Turn[] {
  const turns: Turn[] = []
  for (const line of lines) {
    const last = turns.at(-1)
    if (line.sender === 'assistant' && last) last.replies.push(line)
    else if (last?.replies.length === 0) last.incoming.push(line)
    else turns.push({ incoming: [line], replies: [] })
  }
  return turns
}
