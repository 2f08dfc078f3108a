import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { expect, test } from '@jest/globals'
import { type Example, startExample, until, uriOf, whenDone } from './support/example.ts'

/** Types a line when the example is ready for it. */
async function type(example: Example, line: string, answer: RegExp): Promise<void> {
  example.child.stdin.write(`${line}\n`)
  await until(() => answer.test(example.stdout()), `"${line}" is answered`)
}

async function stop({ child, ended }: Example): Promise<void> {
  child.kill('SIGTERM')
  expect(await ended).toEqual({ code: 0, signal: null })
}

/** Which nobody listens at, a moment before it is used. */
async function freePort(): Promise<string> {
  const server = createServer().listen(0)
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  return typeof address === 'object' && address ? String(address.port) : ''
}

test('without any variables, servers of this machine stand in for MongoDB, WhatsApp and Google', async () => {
  const assistant = startExample(['whatsapp-assistant'], { MONGODB_URI: '', PORT: await freePort() })
  await type(assistant, 'Hello', /^assistant: Hello!/m)
  await type(assistant, 'Ana, ana@example.com', /^assistant: Thank you, Ana/m)
  await type(assistant, 'schedule Dentist, tomorrow at 14:00', /^assistant: Dentist, .*Shall I note it/m)
  await type(assistant, 'yes', /^assistant: Dentist is in your calendar: https:/m)

  const [, url = '', apikey = '', body = ''] =
    /^curl (\S+) -H 'apikey: (\S+)' -H 'content-type: application\/json' -d '(.*)'$/m.exec(
      assistant.stdout(),
    ) ?? []
  const headers = { apikey, 'content-type': 'application/json' }
  const response = await fetch(url, { method: 'POST', headers, body })
  expect({ status: response.status, body: await response.json() }).toEqual({
    status: 200,
    body: { stored: true },
  })
  await until(() => /^assistant: You said "Hello"/m.test(assistant.stdout()), 'the delivery is answered')
  await stop(assistant)
})

test('and for Telegram', async () => {
  const bot = startExample(['telegram-reminders'], { MONGODB_URI: '', REMINDERS_EVERY_SECONDS: '0.5' })
  await bot.logged('takes messages')
  /* On a slow machine it is over when it is read. */
  for (let seconds = 3; !/^bot: I will remind you\. .*: tea$/m.test(bot.stdout()); seconds *= 2) {
    const answers = bot.stdout().split('bot: ').length
    await type(bot, `/remind in ${seconds} seconds tea`, new RegExp(`^([^]*bot: ){${answers}}`))
  }
  await until(() => /^bot: ⏰ tea$/m.test(bot.stdout()), 'the reminder comes')
  await stop(bot)
})

test('a port that is taken ends it, also when something was typed', async () => {
  const server = createServer((socket) => socket.destroy()).listen(0, '127.0.0.1')
  whenDone(async () => server.close())
  await once(server, 'listening')
  const PORT = String((server.address() as AddressInfo).port)
  const assistant = startExample(['whatsapp-assistant'], { MONGODB_URI: await uriOf('nothing'), PORT })
  assistant.child.stdin.write('Hello\n')
  expect(await assistant.ended).toEqual({ code: 1, signal: null })
  expect(assistant.stderr()).toMatch(/EADDRINUSE/)
})
