import { startTelegram } from '../../../scripts/examples/stand-ins/telegram.ts'
import { makeDatabase } from '../../support/store.ts'
import { type Example, startExample, until, uriOf, whenDone } from './example.ts'

type Fate = number | undefined

let made = 0
/** Of a chat with somebody who has not written yet. */
export const makeChat = (): number => process.pid * 1000 + ++made

/** A database, a Bot API, and bots that use them. */
export async function makeScene(env: Record<string, string> = {}) {
  const { db, dbName } = await makeDatabase()
  const sent: { chat: number; text: string }[] = []
  /** What becomes of what is sent: an error code, or it goes through. */
  let fate: (chat: number, text: string) => Fate | Promise<Fate> = () => undefined
  const telegram = await startTelegram(async ({ chatId, text }) => {
    const code = await fate(Number(chatId), text)
    if (code === undefined) sent.push({ chat: Number(chatId), text })
    return code
  })
  whenDone(telegram.close)

  async function start(own: Record<string, string> = {}): Promise<Example> {
    const example = startExample(['telegram-reminders'], {
      ...{ MONGODB_URI: await uriOf(dbName), REMINDERS_EVERY_SECONDS: '0.2' },
      ...{ TELEGRAM_API_ROOT: telegram.url, TELEGRAM_BOT_TOKEN: '1:bot-secret', ...env, ...own },
    })
    await example.logged(own.TELEGRAM_POLLS === 'no' ? 'sends reminders only' : 'takes messages')
    return example
  }

  const heardBy = (chat: number) => sent.filter((one) => one.chat === chat).map(({ text }) => text)
  return {
    ...{ db, dbName, start, heardBy, say: telegram.say },
    judgeBy(next: typeof fate) {
      fate = next
    },
    /** @returns what the bot answers */
    async ask(chat: number, text: string): Promise<string> {
      const before = heardBy(chat).length
      telegram.say(chat, text)
      await until(() => heardBy(chat).length > before, `"${text}" is answered`)
      return heardBy(chat).slice(before).join('\n')
    },
    events: () => db.collection('dialogue_events').find().toArray(),
    users: () =>
      db
        .collection('dialogue_users')
        .find({ erasedAt: { $exists: false } })
        .toArray(),
  }
}
