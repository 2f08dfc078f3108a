import { deliveryOf, type Fate, startEvolution } from '../../../scripts/examples/stand-ins/evolution.ts'
import { makeDatabase } from '../../support/store.ts'
import { type Example, startExample, until, uriOf, whenDone } from './example.ts'

const INSTANCE = 'assistant'
export const WEBHOOK_KEY = 'webhook-secret'
const SEND_KEY = 'send-secret'

export interface Bot extends Example {
  webhook: string
}

/** Said by somebody: with the same id, it is the same message. */
export interface Said {
  phone: string
  text?: string
  audio?: { url: string; mimetype?: string; seconds?: number }
  id?: string
}

let made = 0
/** Of somebody who has not written yet. */
export const makePhone = (): string => `55119${process.pid}${String(++made).padStart(4, '0')}`
export const makeId = (): string => `3EB0${process.pid}${++made}`

/** A database, an Evolution API, and bots that use them. */
export async function makeScene(env: Record<string, string> = {}) {
  const { db, dbName } = await makeDatabase()
  const sent: { phone: string; text: string }[] = []
  let fate: (phone: string, text: string) => Fate | Promise<Fate> = () => undefined
  const evolution = await startEvolution(async ({ number, text, instance, apiKey }) => {
    if (instance !== INSTANCE || apiKey !== SEND_KEY) return 401
    const status = await fate(number, text)
    if (status === undefined) sent.push({ phone: number, text })
    return status
  })
  whenDone(evolution.close)

  async function start(): Promise<Bot> {
    const example = startExample(['whatsapp-assistant'], {
      ...{ MONGODB_URI: await uriOf(dbName), PORT: '0', WEBHOOK_API_KEY: WEBHOOK_KEY },
      ...{ EVOLUTION_URL: evolution.url, EVOLUTION_API_KEY: SEND_KEY, EVOLUTION_INSTANCE: INSTANCE },
      ...env,
    })
    const { port } = await example.logged('takes deliveries')
    return { ...example, webhook: `http://127.0.0.1:${port}/webhook` }
  }

  const tryPost = (
    bot: Bot,
    body: string | (() => ReadableStream<Uint8Array>),
    headers: { apikey?: string },
  ) =>
    fetch(bot.webhook, {
      method: 'POST',
      headers: { 'content-type': 'application/json', apikey: WEBHOOK_KEY, ...headers },
      body: typeof body === 'string' ? body : body(),
      ...(typeof body === 'function' && { duplex: 'half' }),
    })
  /* Whom it refuses before it has read their body, it hangs up on: a connection that fetch has kept may be over. */
  const post = (...args: Parameters<typeof tryPost>) => tryPost(...args).catch(() => tryPost(...args))

  async function deliver(bot: Bot, { id = makeId(), ...said }: Said): Promise<number> {
    const response = await post(bot, JSON.stringify(deliveryOf({ ...said, id, instance: INSTANCE })), {})
    await response.body?.cancel()
    return response.status
  }

  const heardBy = (phone: string) => sent.filter((one) => one.phone === phone).map(({ text }) => text)

  const users = () =>
    db
      .collection('dialogue_users')
      .find({ erasedAt: { $exists: false } })
      .toArray()

  return {
    ...{ users, db, dbName, start, post, deliver, heardBy },
    judgeBy(next: typeof fate) {
      fate = next
    },
    /** @returns what the bot answers */
    async ask(bot: Bot, said: Said): Promise<string> {
      const before = heardBy(said.phone).length
      await deliver(bot, said)
      await until(() => heardBy(said.phone).length > before, `"${said.text}" is answered`)
      return heardBy(said.phone).slice(before).join('\n')
    },
    /** What is stored of all people, oldest first. */
    messages: () => db.collection('dialogue_messages').find().sort({ timestamp: 1, _id: 1 }).toArray(),
    /** Everybody has an answer, and it was sent. */
    isDone: async () => (await users()).every(({ states }) => !states.todo),
  }
}
