import type { Message } from 'dialogue-store'
import type { Draft } from './shapes.ts'

/** What somebody wants who is in the middle of nothing. */
export type Intent = 'schedule' | 'edit' | 'delete' | 'my data' | 'yes' | 'no' | 'talk'

/**
 * What the assistant asks of a language model. `scripted-model.ts` answers by rules, so that the example runs without a
 * key; yours goes by a prompt for each. What it says is stored only when a turn is committed, so it may be asked again.
 */
export interface Model {
  intent(text: string): Promise<Intent>
  /** The name and the e-mail address that somebody gives of themselves, unchecked. */
  profile(text: string): Promise<{ name?: string; email?: string }>
  /** What a message adds to an appointment that is being described, or changes of it. */
  draft(text: string, soFar: Draft, timezone: string): Promise<Draft>
  /** Free conversation: the last messages, oldest first, and what is remembered of those before. */
  answer(history: Message[], summary: string | undefined): Promise<string>
  /** The memory renewed: what it was, and the messages that are not in it yet, oldest first. */
  summarise(summary: string | undefined, news: Message[]): Promise<string>
}

/**
 * The words in a voice note. Its `uri` was chosen by whoever wrote: to fetch it as it is would let a stranger reach the
 * network of the bot, fill its memory, and read the answer. What WhatsApp keeps there is encrypted, too. So have
 * Evolution API decrypt it by the message's id, which is its `externalId` in the store (`POST
 * /chat/getBase64FromMediaMessage/{instance}`), with a limit on the bytes that you read; or fetch from known hosts only.
 */
export type Transcribe = (audio: { uri: string | null; mimeType: string | null }) => Promise<string>
