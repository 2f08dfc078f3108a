import type { NewMessage } from '../../src/index.ts'
import type { Conversation, ConversationMessage } from '../lib/conversations.ts'
import type { Rounds } from './conversations.ts'
import { bytesOf, createIds, numberOf, type Plan } from './plan.ts'
import type { SeedUser } from './users.ts'

/** Of so many messages of users one is spoken. */
const VOICE = 20
const DAY_MS = 86_400_000

/**
 * The messages of a plan, one after the other. Who opens a conversation is the user in it, the other one plays
 * the assistant. Each round is told by other people, a day later than the one before.
 */
export function* messagesOf(
  plan: Plan,
  rounds: Rounds,
  user: (n: number) => SeedUser,
): Generator<NewMessage> {
  const write = createWriting(plan)
  let told = 0
  let left = plan.messages
  for (let round = 0; left > 0; round++) {
    for (const conversation of rounds(round)) {
      const said = conversation.messages.filter(({ text }) => text !== '').slice(0, left)
      const part = told < plan.users ? said.slice(0, shareOf(plan)) : said
      const userId = user(ownerOf(plan, conversation, round, told)).id
      const thread = { userId, conversationId: `${conversation.id}/${round}`, shiftMs: round * DAY_MS }
      yield* write(thread, part)
      told++
      left -= part.length
      if (left === 0) return
    }
  }
}

/** The first conversations are so short that there is one for everybody. */
const shareOf = ({ messages, users }: Plan): number => Math.max(1, Math.floor(messages / users))

/** Everybody gets a conversation; the rest belongs to whom it belonged: some talk a hundred times more than others. */
function ownerOf(plan: Plan, { messages }: Conversation, round: number, told: number): number {
  return told < plan.users ? told : numberOf(plan.users, plan, 'owner', round, messages[0]?.sender ?? '')
}

interface Thread {
  userId: string
  conversationId: string
  shiftMs: number
}

/** Numbers messages through, as they come. */
function createWriting(plan: Plan) {
  const idOf = createIds(plan, 'message')
  const mark = bytesOf(plan, 'external').toString('hex', 0, 4)
  let n = 0
  return function* write({ userId, conversationId, shiftMs }: Thread, said: ConversationMessage[]) {
    for (const { sender, text, timestamp } of said) {
      const time = new Date(timestamp.getTime() + shiftMs)
      const message: NewMessage = {
        userId,
        id: idOf(time, n),
        conversationId,
        externalId: `seed-${mark}-${n}`,
        sender: sender === said[0]?.sender ? 'user' : 'assistant',
        content: text,
        timestamp: time,
      }
      yield message.sender === 'user' && numberOf(VOICE, plan, 'voice', n) === 0 ? spoken(message) : message
      n++
    }
  }
}

const spoken = (message: NewMessage): NewMessage => ({
  ...message,
  type: 'voice',
  audio: {
    uri: `https://media.example.com/${message.externalId}.ogg`,
    mimeType: 'audio/ogg',
    durationSeconds: Math.ceil(message.content.length / 1.5) / 10,
  },
})
