import { readFile } from 'node:fs/promises'
import { fetchFromWheel, type WheelSource } from '../../src/testing/wheel.ts'
import { createRandom } from './random.ts'

/** MIT licence. ASCII texts of up to 672 bytes; 33 of them are empty. */
const CHITCHAT: WheelSource = {
  title: 'the chitchat dataset',
  package: 'chitchat-dataset',
  version: '0.9.0',
  sha256: '7bf89f36645e2d5ec87d53370c8e851b5a688479c7beb7079cb4c87fc5acea3e',
  bytes: 8_105_664,
  member: 'chitchat_dataset/dataset.json',
}

export interface ConversationMessage {
  /** The id of a person, who can take part in many conversations. */
  sender: string
  text: string
  timestamp: Date
}

export interface Conversation {
  id: string
  /** Earliest first. */
  messages: ConversationMessage[]
}

/** As the dataset stores it: by id, and by rounds, each of which holds what one person says at a time. */
type StoredConversations = Record<
  string,
  { messages: { sender: string; text: string; timestamp: string }[][] }
>

/**
 * 7,168 real conversations of 2018 between 1,315 people: 258,145 messages. Ordered by when they begin; those
 * that begin in the same second, by id. The first call downloads 8 MB, which are kept for all later ones.
 */
export async function loadConversations(): Promise<Conversation[]> {
  const stored: StoredConversations = JSON.parse(await readFile(await fetchFromWheel(CHITCHAT), 'utf8'))
  const conversations = Object.entries(stored).map(([id, { messages }]) => ({
    id,
    messages: messages
      .flat()
      .map(({ sender, text, timestamp }) => ({ sender, text, timestamp: new Date(timestamp) }))
      .sort((a, b) => a.timestamp.getTime() - b.timestamp.getTime()),
  }))
  return conversations.sort((a, b) => startOf(a) - startOf(b) || (a.id < b.id ? -1 : 1))
}

const startOf = ({ messages }: Conversation): number => messages[0]?.timestamp.getTime() ?? 0

export interface GenerateOptions {
  /** People. At least 2. */
  users: number
  /** In all conversations together. */
  messages: number
  /** The same seed gives the same conversations. Default 1. */
  seed?: number
}

const PHRASES = [
  'Hello, how are you?',
  'I just took a nap. One of those that make everything worse.',
  'Do you have any plans for the weekend?',
  'ok',
  'Olá, tudo bem? Não, ainda não almocei: a reunião começou às três.',
  'A gente se vê amanhã de manhã, na padaria da esquina. Até já!',
  'Você já viu o pôr do sol em São Tomé das Letras? É de tirar o fôlego.',
  '👋🏽 see you 👩‍👩‍👧‍👦 🇧🇷',
  '😂😂😂',
  'That café is naïve about its prices… ☕️',
  'שלום, מה שלומך היום?',
  'مرحبا، كيف حالك؟ أراك غدًا الساعة 5.',
  '你好，今天天气很好，我们去公园吧。',
  'こんにちは！元気ですか？',
  '안녕하세요, 오늘 저녁에 시간 있어요?',
  'Line one\nline two\twith a tab, "quotes", $dollar and a.dot',
  'caf\u00e9 and cafe\u0301 look the same',
]

const LONGEST_CONVERSATION = 60
const FIRST_START = Date.UTC(2024, 0, 1)

/**
 * Conversations of two people each, ordered by when they begin, in several scripts, with emoji, right-to-left text and combining marks.
 * Some people talk much more than others, as people do.
 *
 * @throws RangeError with fewer than two people
 */
export function generateConversations({ users, messages, seed = 1 }: GenerateOptions): Conversation[] {
  if (users < 2) throw new RangeError('A conversation takes two people: users must be at least 2')
  const { below } = createRandom(seed)
  const conversations: Conversation[] = []
  let start = FIRST_START
  for (let left = messages; left > 0; ) {
    const count = Math.min(left, 1 + below(LONGEST_CONVERSATION))
    conversations.push(
      generateOne({ id: `conversation-${conversations.length + 1}`, users, count, start, below }),
    )
    left -= count
    start += 1 + below(3_600_000)
  }
  return conversations
}

interface Plan {
  id: string
  users: number
  count: number
  start: number
  below(limit: number): number
}

function generateOne({ id, users, count, start, below }: Plan): Conversation {
  // The smaller of two numbers: a few people are in most conversations.
  const first = Math.min(below(users), below(users))
  const second = (first + 1 + below(users - 1)) % users
  let at = start
  const messages = Array.from({ length: count }, () => {
    const timestamp = new Date(at)
    at += 1 + below(90_000)
    return { sender: `person-${below(2) === 0 ? first : second}`, text: textOf(below), timestamp }
  })
  return { id, messages }
}

const textOf = (below: Plan['below']): string =>
  Array.from({ length: 1 + below(3) }, () => PHRASES[below(PHRASES.length)]).join(' ')
