import { z } from 'zod'
import { timedIdOf } from '../ids.ts'
import type { ImportedMessage } from '../item.ts'
import { type LocalTimes, type Time, timeOf } from '../local-times.ts'

const entity = z.looseObject({ type: z.string().optional(), text: z.string().optional() })
const text = z.union([z.string(), z.array(z.union([z.string(), entity]))])
type Text = z.output<typeof text>

/** Before 2021, an id was a number, and above those of users were others. */
const ofNumber = (id: number): string => (id < 2 ** 32 ? `user${id}` : `channel${id}`)

/** A message as Telegram Desktop writes it. Old exports have no `date_unixtime`. */
export const telegramMessage = z.looseObject({
  id: z.int(),
  type: z.string(),
  date: z.string().optional(),
  date_unixtime: z.string().regex(/^\d+$/).optional(),
  from: z.string().nullish(),
  from_id: z.union([z.string(), z.int().transform(ofNumber)]).nullish(),
  reply_to_message_id: z.int().optional(),
  text: text.default(''),
  text_entities: z.array(entity).optional(),
  media_type: z.string().optional(),
  file: z.string().optional(),
  mime_type: z.string().optional(),
  duration_seconds: z.number().min(0).optional(),
})
export type TelegramMessage = z.output<typeof telegramMessage>

/** A number below 2³² in the order of ids: those of a group that has become a supergroup are negative. */
const placeOf = (id: number): number => id + 2 ** 31

/**
 * @param chat tells it from other chats
 * @returns nothing if it has no time, or nothing to say
 */
export function messageOf(
  chat: string,
  message: TelegramMessage,
  isBot: boolean,
  localTimes: LocalTimes,
): ImportedMessage | 'no time' | 'empty' {
  const time = timeOfMessage(message, localTimes)
  if (!time) return 'no time'
  const content = plainOf(message.text)
  const isVoice = message.media_type === 'voice_message'
  const telegram = restOf(message, isVoice)
  if (content === '' && !isVoice && Object.keys(telegram).length === 1) return 'empty'
  return {
    id: timedIdOf(time.written, placeOf(message.id), 'telegram', chat, message.id),
    sender: isBot ? 'assistant' : 'user',
    content,
    timestamp: time.instant,
    ...(isVoice && { type: 'voice', audio: audioOf(message) }),
    metadata: { telegram },
  }
}

function timeOfMessage(
  { date, date_unixtime: unixTime }: TelegramMessage,
  localTimes: LocalTimes,
): Time | undefined {
  if (unixTime !== undefined) {
    const instant = new Date(Number(unixTime) * 1000)
    return { instant, written: instant }
  }
  return date === undefined ? undefined : timeOf(date, localTimes)
}

const plainOf = (given: Text): string =>
  typeof given === 'string'
    ? given
    : given.map((part) => (typeof part === 'string' ? part : (part.text ?? ''))).join('')

/** Instead of a path, Telegram may say in brackets why there is no file. */
const pathOf = ({ file }: TelegramMessage): string | undefined => (file?.startsWith('(') ? undefined : file)

const audioOf = (message: TelegramMessage) => ({
  uri: pathOf(message),
  mimeType: message.mime_type,
  durationSeconds: message.duration_seconds,
})

/** What no field of a message has room for: replies, forwards, edits, other media. And its id. */
function restOf(message: TelegramMessage, isVoice: boolean): Record<string, unknown> {
  const { type, date, date_unixtime, from, from_id, text: _, text_entities: entities, ...rest } = message
  const isFormatted = entities?.some((one) => one.type !== 'plain')
  const { media_type, file, mime_type, duration_seconds, ...others } = rest
  return { ...(isVoice ? others : rest), ...(isFormatted && { text_entities: entities }) }
}
