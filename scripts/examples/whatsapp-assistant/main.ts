import { openStore } from 'dialogue-store'
import { z } from 'zod'
import { environment, readEnvironment } from '../common/environment.ts'
import { connectGoogle, googleVariables, isGoogleComplete } from '../common/google.ts'
import { createLog, ofStore } from '../common/log.ts'
import { runProgram, untilStopped } from '../common/program.ts'
import { createPlatform, evolutionVariables } from './evolution.ts'
import { receive } from './inbox.ts'
import { renewMemory } from './memory.ts'
import { scriptedModel, scriptedTranscribe } from './scripted-model.ts'
import { shapes } from './shapes.ts'
import { createSteps } from './steps.ts'
import { createWebhook, listen } from './webhook.ts'
import { createWorker } from './worker.ts'

const variables = environment
  .extend({
    ...evolutionVariables,
    WEBHOOK_API_KEY: z
      .string('set it to a secret of your choice, which the webhook sends in its header apikey')
      .min(8, 'is too short: set it to 8 characters at least'),
    PORT: z.coerce.number('set it to a port').int().min(0).max(65_535).default(3000),
    /** Where it listens; all interfaces if left out. */
    WEBHOOK_HOST: z.string().optional(),
    ...googleVariables,
  })
  .superRefine(isGoogleComplete)

await runProgram(async () => {
  const config = readEnvironment(variables)
  const log = createLog(config.LOG_LEVEL)
  const [model, transcribe] = [scriptedModel, scriptedTranscribe] // yours go here

  /* Closed in the reverse order: no more deliveries, then what is under way, then the store. */
  await using store = await openStore({ uri: config.MONGODB_URI, shapes, logger: ofStore(log) })
  await using google = connectGoogle(store, config)
  const publishes = google !== undefined
  const steps = createSteps({ store, log, platform: createPlatform(config), model, transcribe, publishes })
  const whenIdle = (userId: string) =>
    renewMemory(store, model, userId).catch((error: unknown) =>
      log.error({ userId, err: error }, 'the memory is renewed another time'),
    )
  await using worker = createWorker({ store, log, steps, whenIdle })
  const webhook = createWebhook({
    apiKey: config.WEBHOOK_API_KEY,
    instance: config.EVOLUTION_INSTANCE,
    log,
    receive: async (incoming) => worker.wake(await receive(store, incoming, config.TIMEZONE)),
  })
  await using server = await listen(webhook, config.PORT, config.WEBHOOK_HOST)
  log.info({ port: server.port }, 'takes deliveries')
  await untilStopped()
  log.info('stops')
})
