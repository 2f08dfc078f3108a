import { z } from 'zod'

/*
 * Evolution API 2.3, which connects a WhatsApp account: https://doc.evolution-api.com. It delivers what was written by a
 * webhook, a limited number of times until that answers 2xx, and sends what it is given by a POST.
 */

/** A message as it was delivered. */
export interface Incoming {
  /** Of the message, the same one whenever it is delivered. */
  id: string
  /** Digits only. */
  phone: string
  /** Empty for a voice note. */
  text: string
  audio?: { uri?: string; mimeType?: string; durationSeconds?: number }
}

const delivery = z.object({
  event: z.string(),
  instance: z.string(),
  data: z.unknown(),
})

/** Whatever is odd about a voice note, it was spoken to the bot, and is stored. */
const audioMessage = z.object({
  url: z.string().min(1).max(2000).optional().catch(undefined),
  mimetype: z.string().min(1).max(200).optional().catch(undefined),
  seconds: z.number().min(0).optional().catch(undefined),
})

/** What somebody writes below a picture, a video or a file. */
const captioned = z.object({ caption: z.string().nullish() }).nullish()

const upsert = z.object({
  key: z.object({
    id: z.string().min(1).max(200),
    fromMe: z.boolean(),
    remoteJid: z.string(),
    /** The number of who is known to WhatsApp by something else. */
    remoteJidAlt: z.string().nullish(),
  }),
  message: z
    .object({
      conversation: z.string().nullish(),
      extendedTextMessage: z.object({ text: z.string() }).nullish(),
      audioMessage: audioMessage.nullish(),
      imageMessage: captioned,
      videoMessage: captioned,
      documentMessage: captioned,
    })
    .nullish(),
})

/**
 * What a delivery says; undefined if it is none of ours to answer: other events, other instances, what the bot has
 * written itself, groups and broadcasts, and what has no words: pictures without a caption, stickers, places.
 * @throws z.ZodError for what is no delivery
 */
export function readDelivery(body: unknown, instance: string): Incoming | undefined {
  const { event, instance: itsInstance, data } = delivery.parse(body)
  if (event !== 'messages.upsert' || itsInstance !== instance) return undefined
  const { key, message } = upsert.parse(data)
  const phone = phoneIn(key.remoteJid) ?? phoneIn(key.remoteJidAlt ?? '')
  if (key.fromMe || !phone) return undefined
  const audio = message?.audioMessage
  const { conversation, extendedTextMessage, imageMessage, videoMessage, documentMessage } = message ?? {}
  const caption = [imageMessage, videoMessage, documentMessage].find((one) => one?.caption)?.caption
  const text = conversation || extendedTextMessage?.text || caption
  if (audio) {
    const { url: uri, mimetype: mimeType, seconds: durationSeconds } = audio
    return { id: key.id, phone, text: '', audio: { uri, mimeType, durationSeconds } }
  }
  /* Half an emoji is no text that could be stored. */
  return text ? { id: key.id, phone, text: text.toWellFormed() } : undefined
}

/** Groups end with `@g.us`, broadcasts with `@broadcast`. A number may have a device behind it. */
const phoneIn = (jid: string): string | undefined => /^(\d+)(?::\d+)?@s\.whatsapp\.net$/.exec(jid)?.[1]

export const evolutionVariables = {
  EVOLUTION_URL: z.url('set it to the address of your Evolution API, such as http://localhost:8080'),
  EVOLUTION_API_KEY: z.string('set it to the apikey with which Evolution API lets you send'),
  EVOLUTION_INSTANCE: z.string('set it to the name of the instance, as Evolution API knows it'),
}
type Access = z.output<z.ZodObject<typeof evolutionVariables>>

const PATIENCE_MS = 15_000
const BAD_REQUEST = 400

/** What Evolution API says, with a 400, of a number that is not on WhatsApp. */
const unknownNumber = z.object({
  response: z.object({ message: z.tuple([z.object({ exists: z.literal(false) })]) }),
})

export interface Platform {
  /**
   * @returns `unclear` if Evolution API answered 400: so it does without a connection to WhatsApp, and at times after it
   * has sent
   * @throws Error if it was not sent, and may go through later
   */
  sendText(phone: string, text: string): Promise<'sent' | 'not on WhatsApp' | 'unclear'>
}

export function createPlatform({ EVOLUTION_URL, EVOLUTION_API_KEY, EVOLUTION_INSTANCE }: Access): Platform {
  const sendText = new URL(`/message/sendText/${encodeURIComponent(EVOLUTION_INSTANCE)}`, EVOLUTION_URL)
  return {
    async sendText(phone, text) {
      const response = await fetch(sendText, {
        method: 'POST',
        headers: { 'content-type': 'application/json', apikey: EVOLUTION_API_KEY },
        body: JSON.stringify({ number: phone, text }),
        signal: AbortSignal.timeout(PATIENCE_MS),
      })
      if (response.status === BAD_REQUEST) {
        const said: unknown = await response.json().catch(() => undefined)
        return unknownNumber.safeParse(said).success ? 'not on WhatsApp' : 'unclear'
      }
      await response.body?.cancel()
      const { ok, status: code } = response
      if (!ok) throw Object.assign(new Error(`Evolution API answered ${code}`), { code })
      return 'sent'
    },
  }
}
