import { botStorage, botTranscripts } from '../../../src/adapters/botbuilder.ts'
import { grammyStorage } from '../../../src/adapters/grammy.ts'
import { langchainHistory } from '../../../src/adapters/langchain.ts'
import { agentsSession } from '../../../src/adapters/openai-agents.ts'
import { telegrafSessions } from '../../../src/adapters/telegraf.ts'
import { type CalendarClient, createCalendarSync } from '../../../src/google-calendar.ts'
import type { DialogueStore } from '../../../src/index.ts'
import { glance } from '../../../src/input.ts'
import { isPlainObject } from '../../../src/json.ts'
import { clientOf } from '../../calendar-server/client.ts'
import { startCalendarServer } from '../../calendar-server/index.ts'
import type { Defer } from '../../lib/run.ts'

type Verbs = Record<string, (options: unknown, ...args: unknown[]) => unknown>
/** What a part of the package gives for options. */
type Factory = (options: never) => object

const BOT = { namespace: 'bot' }
const TALK = { identity: { provider: 'x', id: 'x' }, conversationId: 'x' }

/** What a bot may have beside its store: frameworks, and a calendar at what stands in for Google. */
export async function openBeside(defer: Defer) {
  const server = await startCalendarServer({ allowHttp: true, quota: { perMinute: PLENTY } })
  defer(server.stop)
  const calendar = clientOf(server, server.account('ana@example.com').token, { retry: false })
  return { server, verbsOf: (store: DialogueStore) => verbsBeside(store, calendar) }
}

const PLENTY = 1_000_000

/**
 * The methods of what stands beside a store, as verbs that take the options of their factory first: `grammy.read` is
 * `grammyStorage(store, options).read`.
 */
function verbsBeside(store: DialogueStore, calendar: CalendarClient): Verbs {
  /* Of the stand-in, where the options name no other. */
  const sync: Factory = (options) =>
    createCalendarSync(
      store,
      glance(() => isPlainObject(options) && { calendar, ...Object(options) }) || options,
    )
  return {
    ...verbsOf('grammy', (options) => grammyStorage(store, options), BOT),
    ...verbsOf('telegraf', (options) => telegrafSessions(store, options), BOT),
    ...verbsOf('storage', (options) => botStorage(store, options), BOT),
    ...verbsOf('transcripts', (options) => botTranscripts(store, options), {}),
    ...verbsOf('langchain', (options) => langchainHistory(store, options), TALK),
    ...verbsOf('agents', (options) => agentsSession(store, options), TALK),
    ...verbsOf('calendar', sync, {}),
  }
}

/** @param sample options with which it can be made, to see which methods there are */
function verbsOf(name: string, factory: Factory, sample: object): Verbs {
  const verbs = methodsOf(factory(sample as never)).map((method) => {
    /* Async: what the factory throws is a rejection, like a verb's. */
    const verb = async (options: unknown, ...args: unknown[]) => {
      const made = factory(options as never)
      return Reflect.apply(Reflect.get(made, method), made, args)
    }
    return [`${name}.${method}`, verb]
  })
  return Object.fromEntries(verbs)
}

function methodsOf(made: object): string[] {
  const prototype: object = Object.getPrototypeOf(made)
  const inherited = prototype === Object.prototype ? [] : Object.getOwnPropertyNames(prototype)
  return [...Object.keys(made), ...inherited].filter(
    (key) => key !== 'constructor' && typeof Reflect.get(made, key) === 'function',
  )
}
