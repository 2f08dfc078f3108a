import type { SourceFile } from '../file.ts'
import { type ImportedMessage, type Item, remark } from '../item.ts'
import { createLocalTimes } from '../local-times.ts'
import { type Content, contentOf } from './content.ts'
import { dayOf } from './dates.ts'
import { type Entry, isEntry, readEntries } from './entries.ts'
import { createMoments, type Moment } from './moments.ts'
import { type Chat, surveyChat, type WhatsAppOptions } from './survey.ts'

/** A chat that WhatsApp has exported: read twice, once for what only the whole of it tells. */
export async function readWhatsApp(file: SourceFile, options: WhatsAppOptions): Promise<AsyncIterable<Item>> {
  return itemsOf(file, await surveyChat(file, options), options.timezone)
}

async function* itemsOf(file: SourceFile, chat: Chat, timezone: string): AsyncGenerator<Item> {
  /* Of what is left out, too, so that all others keep theirs. */
  const momentOf = createMoments(createLocalTimes(timezone))
  const read = createDialogue(chat)
  const isHeader = (header: Entry['header']) => dayOf(header, chat.order) !== undefined
  for await (const entry of readEntries(file, isHeader)) {
    if (isEntry(entry)) yield* read(entry, momentOf(entry.header, dayOf(entry.header, chat.order) ?? 0))
    else yield remark('others', 'left out', 'before the first message', `line ${entry.line}`)
  }
}

const REASONS = {
  deleted: 'deleted by whoever sent it',
  empty: 'without text',
  notice: 'said by WhatsApp itself',
  first: 'said by the bot before anybody else',
} as const

/** What the bot says belongs to the other one; in a group, to whoever spoke last. */
function createDialogue(chat: Chat) {
  const known = new Set<string>()
  let partner = chat.people.size === 1 ? [...chat.people.keys()][0] : undefined

  return function* read({ line, header, sender, text }: Entry, moment: Moment): Generator<Item> {
    const place = `line ${line}`
    const left = (reason: keyof typeof REASONS) => remark('messages', 'left out', REASONS[reason], place)
    const isBot = sender === chat.me
    if (sender === undefined || !(isBot || chat.people.has(sender))) return yield left('notice')
    const content = contentOf(text, header.style)
    if (content.kind !== 'message') return yield left(content.kind)
    if (!isBot) partner = sender
    const person = partner !== undefined && chat.people.get(partner)
    if (!partner || !person) return yield left('first')
    if (!known.has(partner)) yield { kind: 'users', owner: partner, ...person, place }
    known.add(partner)
    const speaker = isBot ? undefined : person.identity.id
    yield { kind: 'messages', owner: partner, message: messageOf(chat, content, moment, speaker), place }
  }
}

type Said = Extract<Content, { kind: 'message' }>

/** @param speaker nobody: the bot */
function messageOf(
  chat: Chat,
  said: Said,
  { timestamp, idOf }: Moment,
  speaker: string | undefined,
): ImportedMessage {
  const { content, isVoice, attachment, omitted, isEdited } = said
  const about = {
    ...(attachment && !isVoice && { attachment }),
    ...(omitted && { omitted }),
    ...(isEdited && { edited: true }),
  }
  return {
    id: idOf('whatsapp', chat.name, speaker ?? '', content, attachment ?? (omitted ? 'omitted' : '')),
    sender: speaker === undefined ? 'assistant' : 'user',
    content,
    timestamp,
    ...(chat.conversation && { conversationId: chat.conversation }),
    ...(isVoice && { type: 'voice', audio: { uri: attachment, mimeType: 'audio/ogg' } }),
    ...(Object.keys(about).length > 0 && { metadata: { whatsapp: about } }),
  }
}
