import { grammyStorage } from 'dialogue-store/grammy'
import { Bot, GrammyError, session } from 'grammy'
import type { Logger } from 'pino'
import { type Chat, createCommands } from './commands.ts'
import type { Reminder, State, Store } from './shapes.ts'

interface Needs {
  store: Store
  log: Logger
  token: string
  /** Telegram's, or that of a server of your own. */
  apiRoot: string
  /** Of people who have not told theirs. */
  timezone: string
}

const PROVIDER = 'telegram'
const FAILED = 'Something went wrong here. Please try it again.'
/** Telegram's answer when somebody has blocked the bot. */
const FORBIDDEN = 403
/** Longer than Telegram waits for updates, and shorter than what is left of a reminder's claim when it is sent. */
const PATIENCE_SECONDS = 45

/** A bot for private chats. */
export function createBot({ store, log, token, apiRoot, timezone }: Needs): Bot<Chat> {
  const bot = new Bot<Chat>(token, { client: { apiRoot, timeoutSeconds: PATIENCE_SECONDS } })
  const commands = createCommands(store, timezone)
  const identityOf = (chatId: string) => ({ provider: PROVIDER, id: chatId })
  const storage = grammyStorage<State>(store, { namespace: 'reminders', userOf: identityOf })

  const chats = bot.chatType('private')
  chats.use(async (ctx, next) => {
    const { user } = await store.ensureUser(identityOf(String(ctx.chat.id)), { timezone })
    ctx.person = user
    await next()
  })
  /* A session is its user's: it is exported, and erased, with all the rest. */
  chats.use(session({ initial: (): State => ({ listed: [], heard: 0 }), storage }))
  /* Telegram gives a message again that was not confirmed. `/cancel 1` may mean another one by then. */
  chats.on('message', async (ctx, next) => {
    if (ctx.message.message_id <= ctx.session.heard) return
    ctx.session.heard = ctx.message.message_id
    await next()
  })
  /* Who says something else does not answer what was asked. */
  chats.on('message::bot_command', async (ctx, next) => {
    ctx.session.asked = undefined
    await next()
  })
  chats.command('remind', (ctx) => commands.remind(ctx, ctx.match))
  chats.command('list', commands.list)
  chats.command('cancel', (ctx) => commands.cancel(ctx, ctx.match))
  chats.command('timezone', (ctx) => commands.setTimezone(ctx, ctx.match))
  chats.command('mydata', commands.giveData)
  chats.command('forget', commands.askForget)
  chats.on('message:text', commands.answer)

  bot.catch(async ({ ctx, error }) => {
    log.error({ updateId: ctx.update.update_id, err: error }, 'an update was not handled')
    await ctx.reply(FAILED).catch(() => {})
  })
  return bot
}

/** Sends a reminder to who has made it. Who has blocked the bot is told nothing, and that is that. */
export async function tell(bot: Bot<Chat>, { creator, summary }: Reminder): Promise<void> {
  const chat = creator?.identities.find(({ provider }) => provider === PROVIDER)
  if (!chat) return
  try {
    await bot.api.sendMessage(chat.id, `⏰ ${summary}`)
  } catch (error) {
    if (!(error instanceof GrammyError) || error.error_code !== FORBIDDEN) throw error
  }
}
