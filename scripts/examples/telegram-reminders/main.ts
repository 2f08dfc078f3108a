import { openStore } from 'dialogue-store'
import { z } from 'zod'
import { environment, readEnvironment } from '../common/environment.ts'
import { connectGoogle, googleVariables, isGoogleComplete } from '../common/google.ts'
import { createLog, ofStore } from '../common/log.ts'
import { runProgram, untilStopped } from '../common/program.ts'
import { createBot, tell } from './bot.ts'
import { startSender } from './sender.ts'
import { shapes } from './shapes.ts'

const variables = environment
  .extend({
    TELEGRAM_BOT_TOKEN: z
      .string('set it to the token that @BotFather has given you')
      .regex(/^\d+:[\w-]+$/, 'is no token: set it to what @BotFather has given you, such as 123456:ABC-DEF'),
    TELEGRAM_API_ROOT: z.url('set it to the address of a Bot API server').default('https://api.telegram.org'),
    TELEGRAM_POLLS: z.enum(['yes', 'no'], 'set it to yes or no').default('yes'),
    REMINDERS_EVERY_SECONDS: z.coerce.number('set it to a number').min(0.1).max(3600).default(10),
    ...googleVariables,
  })
  .superRefine(isGoogleComplete)

await runProgram(async () => {
  const config = readEnvironment(variables)
  const log = createLog(config.LOG_LEVEL)
  await using store = await openStore({ uri: config.MONGODB_URI, shapes, logger: ofStore(log) })
  await using _google = connectGoogle(store, config)
  const bot = createBot({
    ...{ store, log, timezone: config.TIMEZONE },
    ...{ token: config.TELEGRAM_BOT_TOKEN, apiRoot: config.TELEGRAM_API_ROOT },
  })
  await using _sender = startSender({
    ...{ store, log, everyMs: config.REMINDERS_EVERY_SECONDS * 1000 },
    tell: (event) => tell(bot, event),
  })
  if (config.TELEGRAM_POLLS === 'no') {
    log.info('sends reminders only')
    await untilStopped()
    return log.info('stops')
  }
  const polling = bot.start({ onStart: () => log.info('takes messages') })
  await Promise.race([untilStopped(), polling])
  log.info('stops')
  await bot.stop().catch((error: unknown) => log.warn({ err: error }, 'the last updates will come again'))
  /* The update that is under way is handled to its end. */
  await polling
})
