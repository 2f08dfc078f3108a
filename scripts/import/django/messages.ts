import { timedIdOf } from '../ids.ts'
import type { ImportedMessage, Outcome } from '../item.ts'
import { type LocalTimes, timeOf } from '../local-times.ts'
import { audioFields, createdOf, type DjangoObject, messageFields, restOf } from './objects.ts'

/** What hangs on a voice note, by its own key. */
interface Audio {
  pk: string
  heard: { uri?: string; durationSeconds?: number }
}

/**
 * Audio by its message, or by its own key where messages name it. It may come after its message, so it is remembered
 * until then.
 */
export function createAudios() {
  const audios = new Map<string, Audio>()
  return {
    add(pk: string, fields: object): boolean {
      const parsed = audioFields.safeParse(fields)
      if (!parsed.success) return false
      const { message, file, duration } = parsed.data
      const heard = {
        ...(file && { uri: file }),
        ...(typeof duration === 'number' && duration >= 0 && { durationSeconds: duration }),
      }
      audios.set(message ? `of ${message}` : pk, { pk, heard })
      return true
    },
    take(message: string, audio: string | null | undefined): Audio['heard'] | undefined {
      const key = audios.has(`of ${message}`) ? `of ${message}` : (audio ?? '')
      const found = audios.get(key)
      audios.delete(key)
      return found?.heard
    },
    /** The keys of those that no message has taken. */
    left: () => [...audios.values()].map(({ pk }) => pk),
  }
}

export type Audios = ReturnType<typeof createAudios>

const TAKEN = ['user', 'sender', 'content', 'is_voice', 'timestamp', 'audio', 'created', 'created_at']
/** No message changes there, and all are active. */
const USUAL = ['modified', 'modified_at']

interface Needs {
  audios: Audios
  localTimes: LocalTimes
  phone: string
}

/** Why there is no message. */
interface Nothing {
  outcome: Outcome
  reason: string
}
const refused = (reason: string): Nothing => ({ outcome: 'refused', reason })

export function messageOf(
  { pk, fields }: DjangoObject,
  { audios, localTimes, phone }: Needs,
): ImportedMessage | Nothing {
  const parsed = messageFields.safeParse(fields)
  if (!parsed.success) return refused('its fields are not those of a message')
  const { sender, content, is_voice, audio, timestamp: said, active, ...rest } = parsed.data
  const given = said ?? createdOf(rest)
  const time = given ? timeOf(given, localTimes) : undefined
  if (!given || !time) return refused('without a time')
  const heard = audios.take(pk, audio)
  const isVoice = is_voice || heard !== undefined
  if (content === '' && !isVoice) return { outcome: 'left out', reason: 'without text' }
  return {
    id: timedIdOf(time.written, placeOf(pk), 'django', 'message', phone, pk, given),
    sender,
    content,
    timestamp: time.instant,
    ...(isVoice && { type: 'voice', ...(heard && { audio: heard }) }),
    metadata: { django: { pk, ...restOf(rest, [...TAKEN, ...USUAL]), ...(active === false && { active }) } },
  }
}

/** Keys rise with time, unless they are UUIDs. */
const placeOf = (pk: string): number | undefined => (/^\d+$/.test(pk) ? Number(pk) % 2 ** 32 : undefined)
