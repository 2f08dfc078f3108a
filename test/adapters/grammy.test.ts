import { expect, test } from '@jest/globals'
import { Bot, type Context, type SessionFlavor, session } from 'grammy'
import type { Update, UserFromGetMe } from 'grammy/types'
import { grammyStorage } from '../../src/adapters/grammy.ts'
import { refusedPaths, untyped } from '../support/make.ts'
import { makeProcesses } from './support/processes.ts'

interface State {
  count: number
  draft?: { title?: string; place?: string }
}
type BotContext = Context & SessionFlavor<State>

const BOT: UserFromGetMe = {
  ...{ id: 1, is_bot: true, first_name: 'Bot', username: 'bot', can_join_groups: true },
  ...{ can_read_all_group_messages: false, supports_inline_queries: false, can_connect_to_business: false },
  ...{ has_main_web_app: false },
} as UserFromGetMe

let updates = 0

const said = (text: string, chat = 7): Update => ({
  update_id: ++updates,
  message: {
    ...{ message_id: updates, date: 1_900_000_000, text },
    chat: { id: chat, type: 'private', first_name: 'Ana' },
    from: { id: chat, is_bot: false, first_name: 'Ana' },
  },
})

/** A real bot, whose words to Telegram go nowhere. */
function makeBot(storage: ReturnType<typeof grammyStorage<State>>) {
  const bot = new Bot<BotContext>('1:token', { botInfo: BOT })
  const replies: string[] = []
  bot.api.config.use(async (_previous, _method, payload) => {
    replies.push(String((payload as { text?: string }).text))
    return { ok: true, result: true as never }
  })
  bot.use(session({ initial: (): State => ({ count: 0 }), storage }))
  bot.command('forget', (ctx) => {
    ctx.session = undefined as never
  })
  bot.on('message:text', async (ctx) => {
    ctx.session.count++
    await ctx.reply(`${ctx.session.count}`)
  })
  return { bot, replies }
}

test('a bot remembers a chat from one process to the next', async () => {
  const [one, other] = await makeProcesses()
  const first = makeBot(grammyStorage(one, { namespace: 'bot' }))
  await first.bot.handleUpdate(said('a'))
  await first.bot.handleUpdate(said('b'))
  await first.bot.handleUpdate(said('c', 8))
  const second = makeBot(grammyStorage(other, { namespace: 'bot' }))
  await second.bot.handleUpdate(said('d'))
  expect([first.replies, second.replies]).toEqual([['1', '2', '1'], ['3']])
  await second.bot.handleUpdate({
    ...said('/forget'),
    message: {
      ...said('/forget').message,
      entities: [{ type: 'bot_command', offset: 0, length: 7 }],
    } as never,
  })
  await first.bot.handleUpdate(said('e'))
  expect(first.replies.at(-1)).toBe('1')
})

test('has everything that grammY asks of a storage', async () => {
  const [store] = await makeProcesses()
  const storage = grammyStorage<unknown>(store, { namespace: 'all' })
  const values: [string, unknown][] = [
    ['a/b c', { deep: [{ 'k.$': null, __proto__: 1 }] }],
    ['é', 'text'],
    ['n', 0],
    ['z', null],
  ]
  for (const [key, value] of values) await storage.write(key, value)
  await grammyStorage<unknown>(store, { namespace: 'other' }).write('a', 1)
  expect(await storage.has('n')).toBe(true)
  expect(await storage.has('a')).toBe(false)
  expect(await storage.read('a')).toBeUndefined()
  const read = await Promise.all(values.map(async ([key]) => [key, await storage.read(key)]))
  expect(read).toEqual(values)
  const all = async <T>(items: Iterable<T> | AsyncIterable<T>) => {
    const list: T[] = []
    for await (const item of items) list.push(item)
    return list
  }
  const sorted = values.toSorted(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
  expect(await all(storage.readAllEntries())).toEqual(sorted)
  expect(await all(storage.readAllKeys())).toEqual(sorted.map(([key]) => key))
  expect(await all(storage.readAllValues())).toEqual(sorted.map(([, value]) => value))
  await storage.delete('n')
  await storage.delete('n')
  expect(await storage.has('n')).toBe(false)
})

test('what cannot be is refused before anything is sent', async () => {
  const [store] = await makeProcesses()
  const storage = grammyStorage<unknown>(store, { namespace: 'bot' })
  expect(await refusedPaths(storage.write('a', { at: new Date() }) as Promise<unknown>)).toEqual(['value.at'])
  expect(await refusedPaths(storage.write('', 1) as Promise<unknown>)).toEqual(['key'])
  expect(await refusedPaths(storage.read(untyped({ $ne: 1 })) as Promise<unknown>)).toEqual(['key'])
  expect(() => grammyStorage(store, untyped({}))).toThrow('options.namespace')
  expect(() => grammyStorage(untyped({}), { namespace: 'x' })).toThrow('store')
})
