import { setTimeout as pause } from 'node:timers/promises'
import { Hono } from 'hono'
import { type Served, serve } from './serve.ts'

/** What a bot sends: of a document, its text. */
export interface SentMessage {
  chatId: string
  text: string
}

export interface Telegram extends Served {
  /**
   * Somebody writes to the bot.
   * @param again the id of a message that comes again
   * @returns the message's id in the chat
   */
  say(chatId: number, text: string, again?: number): number
}

const BOT = { id: 1, is_bot: true, first_name: 'Reminders', username: 'reminders_bot' }
const LONGEST_MS = 30_000
const MOST_CHARACTERS = 4096
const CONFLICT = {
  ...{ ok: false, error_code: 409 },
  description:
    'Conflict: terminated by other getUpdates request; make sure that only one bot instance is running',
}

interface Update {
  update_id: number
  message: object
}

/**
 * The part of Telegram's Bot API that a bot without a webhook uses, for one bot.
 * @param receive gets what it sends; a number is the error code with which that is refused
 */
export async function startTelegram(
  receive: (sent: SentMessage) => number | undefined | Promise<number | undefined>,
): Promise<Telegram> {
  const pending: Update[] = []
  let said = 0
  let wake = new AbortController()
  /** Whoever asked for updates last. */
  let poller: AbortController | undefined

  /** What is not confirmed yet by a greater offset, as soon as there is any. */
  async function updatesFrom(offset: number, timeoutMs: number, gone: AbortSignal): Promise<Update[]> {
    while (pending[0] && pending[0].update_id < offset) pending.shift()
    if (pending.length === 0)
      await pause(timeoutMs, undefined, { signal: AbortSignal.any([wake.signal, gone]) }).catch(() => {})
    return gone.aborted ? [] : pending.filter(({ update_id: id }) => id >= offset)
  }

  async function send(chatId: unknown, text: string) {
    const code = await receive({ chatId: String(chatId), text })
    if (code) return { ok: false, error_code: code, description: 'Refused' }
    return {
      ok: true,
      result: { message_id: ++said, date: 1, chat: { id: Number(chatId), type: 'private' }, text },
    }
  }

  const app = new Hono()
  app.post('/:bot/getMe', (c) => c.json({ ok: true, result: BOT }))
  app.post('/:bot/getUpdates', async (c) => {
    const { offset = 0, timeout = 0 } = await c.req.json<{ offset?: number; timeout?: number }>()
    const waitMs = Math.min(timeout * 1000, LONGEST_MS)
    poller?.abort()
    const mine = new AbortController()
    poller = mine
    const result = await updatesFrom(offset, waitMs, AbortSignal.any([c.req.raw.signal, mine.signal]))
    return c.json(mine.signal.aborted ? CONFLICT : { ok: true, result })
  })
  app.post('/:bot/sendMessage', async (c) => {
    const { chat_id: chatId, text } = await c.req.json<{ chat_id: number; text: string }>()
    if (text.length > MOST_CHARACTERS)
      return c.json({ ok: false, error_code: 400, description: 'Bad Request: message is too long' })
    return c.json(await send(chatId, text))
  })
  app.post('/:bot/sendDocument', async (c) => {
    const { chatId, document } = partsOf(await c.req.text())
    return c.json(await send(chatId, document))
  })
  /* Commands and webhooks are set to nothing that anybody would see. */
  app.post('/:bot/:method', (c) => c.json({ ok: true, result: true }))

  return {
    ...(await serve(app)),
    say(chatId, text, again) {
      const id = ++said
      const from = { id: chatId, is_bot: false, first_name: 'Somebody' }
      const [command] = /^\/\w+/.exec(text) ?? []
      const entities = command ? [{ type: 'bot_command', offset: 0, length: command.length }] : []
      const chat = { id: chatId, type: 'private', first_name: 'Somebody' }
      pending.push({
        update_id: id,
        message: { message_id: again ?? id, date: Math.floor(Date.now() / 1000), chat, from, text, entities },
      })
      wake.abort()
      wake = new AbortController()
      return id
    },
  }
}

/** grammY does not quote the file's name, at which parsers of forms stop. */
function partsOf(form: string): { chatId: string; document: string } {
  const [, chatId = ''] = /name="chat_id"\r\n\r\n(.*)\r\n/.exec(form) ?? []
  const [, document = ''] = /;filename=[^\r]*\r\n[^\r]*\r\n\r\n(.*?)\r\n--/s.exec(form) ?? []
  return { chatId, document }
}
