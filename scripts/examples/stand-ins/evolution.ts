import { Hono } from 'hono'
import { type Served, serve } from './serve.ts'

export interface SentText {
  number: string
  text: string
  instance: string
  apiKey: string | undefined
}

/** The status that is answered, 201 if none. */
export type Fate = number | 'not on WhatsApp' | undefined

/**
 * The part of Evolution API v2 that sends text.
 * @param receive gets what a bot sends, and says what becomes of it
 */
export function startEvolution(receive: (sent: SentText) => Fate | Promise<Fate>): Promise<Served> {
  const app = new Hono()
  app.post('/message/sendText/:instance', async (c) => {
    const { number, text } = await c.req.json<{ number: string; text: string }>()
    const [instance, apiKey] = [c.req.param('instance'), c.req.header('apikey')]
    const fate = (await receive({ number, text, instance, apiKey })) ?? 201
    if (fate === 'not on WhatsApp')
      return c.json({ status: 400, response: { message: [{ exists: false, number }] } }, 400)
    return new Response(JSON.stringify({ status: fate < 400 ? 'PENDING' : fate }), { status: fate })
  })
  return serve(app)
}

interface Said {
  id: string
  phone: string
  instance: string
  text?: string
  audio?: { url: string; mimetype?: string; seconds?: number }
  fromMe?: boolean
  /** Instead of a phone: a group, a broadcast. */
  jid?: string
}

/** What Evolution API's webhook delivers of a message. */
export const deliveryOf = ({ id, phone, instance, text, audio, fromMe = false, jid }: Said) => ({
  event: 'messages.upsert',
  instance,
  data: {
    key: { remoteJid: jid ?? `${phone}@s.whatsapp.net`, fromMe, id },
    pushName: 'Somebody',
    status: 'DELIVERY_ACK',
    message: audio ? { audioMessage: { ptt: true, ...audio } } : { conversation: text },
    messageType: audio ? 'audioMessage' : 'conversation',
    messageTimestamp: Math.floor(Date.now() / 1000),
    instanceId: '3f1e8a52-0000-4000-8000-000000000000',
    source: 'android',
  },
  destination: 'http://localhost:3000/webhook',
  date_time: new Date().toISOString(),
  sender: '5511900000000@s.whatsapp.net',
  server_url: 'http://localhost:8080',
  apikey: null,
})
