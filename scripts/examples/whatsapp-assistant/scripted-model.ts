import type { Message } from 'dialogue-store'
import { z } from 'zod'
import { timeIn } from '../common/when.ts'
import type { Intent, Model, Transcribe } from './model.ts'
import type { Draft } from './shapes.ts'

const EMAIL = /\S+@\S+/
const INTENTS: [RegExp, Intent][] = [
  [/^(yes|yes please|ok|sim)\b/i, 'yes'],
  [/^(no|cancel|não)\b/i, 'no'],
  [/\b(forget me|delete me)\b/i, 'delete'],
  [/\bmy data\b/i, 'my data'],
  [/^edit\b/i, 'edit'],
  [/^(schedule|book)\b/i, 'schedule'],
]

/** Stands in for a language model: it understands what is listed here, and says the same of the same. */
export const scriptedModel: Model = {
  intent: async (text) => INTENTS.find(([pattern]) => pattern.test(text.trim()))?.[1] ?? 'talk',

  /** `Ana Souza`, `I am Ana`, `Ana, ana@example.com`. */
  async profile(text) {
    const [email] = EMAIL.exec(text) ?? []
    const [, introduced] = /\b(?:I am|I'm|my name is) ([\p{L} .'-]+)/iu.exec(text) ?? []
    const [whole] = /^\p{Lu}\p{L}+(?: \p{Lu}\p{L}+)+$/u.exec(text.trim()) ?? []
    const beside = email && text.replace(email, '').replace(/[,;\s]+$|^[,;\s]+/g, '')
    const name = introduced?.trim() ?? whole ?? beside
    return { ...(name && { name }), ...(email && { email }) }
  },

  /** Parts between commas: a time, `30 minutes`, e-mail addresses of guests, and of what is left the subject, then the place. */
  async draft(text, soFar, timezone) {
    const parts = text.replace(/^(schedule|book)\b/i, '').split(',')
    const piece: Draft = {}
    for (const part of parts.map((one) => one.trim()).filter(Boolean))
      Object.assign(piece, read(part, { ...soFar, ...piece }, timezone))
    return piece
  },

  async answer(history, summary) {
    const last = history.findLast(({ sender }) => sender === 'user')?.content ?? ''
    const memory = summary ? ` What I remember: ${summary}.` : ''
    return `You said "${last}".${memory} I can "schedule" an appointment, show "my data", "edit" them, or "forget me".`
  },

  async summarise(summary, news) {
    const said = news.filter(({ sender }) => sender === 'user')
    const before = Number(/^\d+/.exec(summary ?? '')?.[0] ?? 0)
    return `${before + said.length} messages, lately of ${topicsOf(said).join(', ')}`
  },
}

function read(part: string, known: Draft, timezone: string): Draft {
  const [, minutes] = /^(?:for )?(\d+) min(?:ute)?s?$/i.exec(part) ?? []
  if (minutes) return { minutes: Number(minutes) }
  const { data: email } = z.email().safeParse(part)
  if (email) return { attendees: [...(known.attendees ?? []), { email }] }
  const time = timeIn(part, timezone)
  if (time && /^(on|at)?$/i.test(time.rest)) return { start: time.at.toISOString() }
  return known.summary ? { location: part } : { summary: part }
}

/** The three words that were said most. */
function topicsOf(messages: Message[]): string[] {
  const words = messages.flatMap(({ content }) => content.toLowerCase().match(/\p{L}{4,}/gu) ?? [])
  const counts = new Map<string, number>()
  for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1)
  return [...counts]
    .sort(([, a], [, b]) => b - a)
    .slice(0, 3)
    .map(([word]) => word)
}

/** Stands in for ears: `data:,Hello` says hello. No other address is asked, since a stranger has chosen it. */
export const scriptedTranscribe: Transcribe = async ({ uri }) => {
  if (!uri?.startsWith('data:')) throw new Error('A voice note is no data: URI')
  return (await fetch(uri)).text()
}
