import type { Defer } from '../../../lib/run.ts'
import { startTelegram } from '../telegram.ts'
import { onLine, row, saidBy } from './screen.ts'

const CHAT = 4711

/** A Telegram, unless the environment has access to a bot's: it prints what the bot sends, and brings what is typed. */
export async function prepareTelegram(defer: Defer): Promise<void> {
  if (process.env.TELEGRAM_BOT_TOKEN) return row('Telegram', 'the bot of TELEGRAM_BOT_TOKEN')
  const telegram = await startTelegram(({ text }) => {
    saidBy('bot', text)
    return undefined
  })
  defer(telegram.close)
  Object.assign(process.env, { TELEGRAM_API_ROOT: telegram.url, TELEGRAM_BOT_TOKEN: '1:stand-in' })
  row('Telegram', 'stood in for: type what you would write, such as /remind in 20 seconds tea')
  onLine((line) => void telegram.say(CHAT, line), defer)
}
