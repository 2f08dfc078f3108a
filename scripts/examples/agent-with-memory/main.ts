import { createInterface } from 'node:readline'
import { openStore } from 'dialogue-store'
import { z } from 'zod'
import { environment, readEnvironment } from '../common/environment.ts'
import { createLog, ofStore } from '../common/log.ts'
import { runProgram, untilStopped } from '../common/program.ts'
import { createAgent } from './agent.ts'
import { type Answer, openChat } from './chat.ts'
import { shapes } from './memory.ts'
import { createScriptedModel } from './scripted-model.ts'

const variables = environment.extend({
  CHAT_NAME: z.string().max(200, 'is too long: set it to a name of yours').default('somebody'),
})

await runProgram(async () => {
  const config = readEnvironment(variables)
  const log = createLog(config.LOG_LEVEL)
  await using store = await openStore({ uri: config.MONGODB_URI, shapes, logger: ofStore(log) })
  const agent = createAgent(createScriptedModel(config.TIMEZONE)) // your model goes here
  const chat = await openChat({ store, agent, name: config.CHAT_NAME, timezone: config.TIMEZONE })

  const lines = createInterface({ input: process.stdin, output: process.stdout, prompt: '> ' })
  /* Whichever way the chat is ended, the answer that is under way is given first. */
  lines.once('SIGINT', () => lines.close())
  void untilStopped().then(() => lines.close())
  say(chat.greeting)
  lines.prompt()
  for await (const line of lines) {
    const { says, isLast } = await chat.answer(line.trim()).catch((error: unknown): Answer => {
      log.error({ err: error }, 'a line was not answered')
      return { says: 'That went wrong here. Please try it again.' }
    })
    say(says)
    if (isLast) break
    lines.prompt()
  }
  lines.close()
})

function say(text: string): void {
  process.stdout.write(`${text}\n`)
}
