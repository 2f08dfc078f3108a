import { expect, test } from '@jest/globals'
import { type Context, session, Telegraf } from 'telegraf'
import type { Update } from 'telegraf/types'
import { telegrafSessions } from '../../src/adapters/telegraf.ts'
import type { DialogueStore } from '../../src/index.ts'
import { rejection } from '../support/make.ts'
import { makeProcesses } from './support/processes.ts'

interface State {
  names: string[]
  draft?: { title?: string; place?: string }
}
type BotContext = Context & { session?: State }
type Handler = (ctx: BotContext) => Promise<unknown>

let updates = 0
const said = (text: string): Update =>
  ({
    update_id: ++updates,
    message: {
      ...{ message_id: updates, date: 1_900_000_000, text },
      chat: { id: 7, type: 'private', first_name: 'Ana' },
      from: { id: 7, is_bot: false, first_name: 'Ana' },
    },
  }) as Update

/** A real bot, whose words to Telegram go nowhere. */
function makeBot(store: DialogueStore, handler: Handler) {
  const bot = new Telegraf<BotContext>('1:token')
  bot.botInfo = { id: 1, is_bot: true, first_name: 'Bot', username: 'bot' } as never
  bot.telegram.callApi = async () => true as never
  const sessions = telegrafSessions<State>(store, {
    namespace: 'bot',
    userOf: (key) => ({ provider: 'telegram', id: key.split(':')[0] ?? '' }),
  })
  bot.use(session({ store: sessions, defaultSession: () => ({ names: [] }) }))
  bot.on('message', handler)
  bot.catch((error) => {
    throw error
  })
  return bot
}

const textOf = (ctx: BotContext): string => (ctx.text ?? '').trim()

/** Two processes have read the session before either of them writes it. */
function meeting() {
  let arrived = 0
  let open = () => {}
  const both = new Promise<void>((resolve) => {
    open = resolve
  })
  return async () => {
    if (++arrived === 2) open()
    await both
  }
}

test('two processes at once lose nothing of a session', async () => {
  const stores = await makeProcesses()
  const meet = meeting()
  const [one, other] = stores.map((store) =>
    makeBot(store, async (ctx) => {
      const state = ctx.session ?? { names: [] }
      if (textOf(ctx) !== 'first') await meet()
      state.names.push(textOf(ctx))
      state.draft = { ...state.draft, [textOf(ctx) === 'a' ? 'title' : 'place']: textOf(ctx) }
    }),
  )
  await one?.handleUpdate(said('first'))
  await Promise.all([one?.handleUpdate(said('a')), other?.handleUpdate(said('b'))])
  const state = await telegrafSessions<State>(stores[0], { namespace: 'bot' }).get('7:7')
  expect(state?.draft).toEqual({ title: 'a', place: 'b' })
  expect(state?.names.toSorted()).toEqual(['a', 'b', 'first'])
})

test('what both have changed is a conflict, which one of them is told of, or a function decides', async () => {
  const [store, second] = await makeProcesses()
  const one = telegrafSessions<{ step: string }>(store, { namespace: 'bot' })
  const options = { namespace: 'bot', onConflict: (ours?: { step: string }) => ours }
  const [other, deciding] = [
    telegrafSessions<{ step: string }>(second, { namespace: 'bot' }),
    telegrafSessions(second, options),
  ]
  await one.set('k', { step: 'begin' })
  for (const each of [one, other, deciding]) expect(await each.get('k')).toEqual({ step: 'begin' })
  await one.set('k', { step: 'confirmed' })
  await rejection(other.set('k', { step: 'cancelled' }), 'VERSION_CONFLICT')
  expect(await other.get('k')).toEqual({ step: 'confirmed' })
  await deciding.set('k', { step: 'moved' })
  expect(await one.get('k')).toEqual({ step: 'moved' })
  const late = { step: 'by who has not read it since' }
  for (let i = 0; i < 2; i++) await rejection(other.set('k', late), 'VERSION_CONFLICT')
  await rejection(other.delete('k'), 'VERSION_CONFLICT')
  await other.get('k')
  await other.delete('k')
  expect(await one.get('k')).toBeUndefined()
})

test('a session belongs to its user: their export has it, and their erasure takes it along', async () => {
  const [store] = await makeProcesses()
  const bot = makeBot(store, async (ctx) => {
    ctx.session?.names.push(textOf(ctx))
  })
  await bot.handleUpdate(said('a'))
  const user = await store.findUser({ provider: 'telegram', id: '7' })
  const exported: unknown[] = []
  for await (const item of store.exportUser(user?.id ?? ''))
    if (item.kind === 'session') exported.push(item.data)
  expect(exported).toMatchObject([{ namespace: 'bot', key: '7:7', value: { names: ['a'] }, version: 1 }])
  await store.deleteUser(user?.id ?? '')
  const sessions = telegrafSessions<State>(store, { namespace: 'bot' })
  expect(await sessions.get('7:7')).toBeUndefined()
  await bot.handleUpdate(said('b'))
  expect(await sessions.get('7:7')).toEqual({ names: ['b'] })
  expect((await store.findUser({ provider: 'telegram', id: '7' }))?.id).not.toBe(user?.id)
})

test('who reads while a write is under way waits for it', async () => {
  const [store] = await makeProcesses()
  const sessions = telegrafSessions<State>(store, { namespace: 'bot' })
  const state = { names: ['a'] }
  await sessions.set('k', state)
  for (let i = 0; i < 20; i++) {
    const written = sessions.set('k', { names: [`${i}`] })
    expect(await sessions.get('k')).toEqual({ names: [`${i}`] })
    await written
  }
})

test('two processes that count at once are told of each other', async () => {
  const stores = await makeProcesses()
  const [one, other] = stores.map((store) => telegrafSessions<{ n: number }>(store, { namespace: 'bot' }))
  await one?.set('k', { n: 3 })
  const [mine, theirs] = [await one?.get('k'), await other?.get('k')]
  await one?.set('k', Object.assign(mine ?? { n: 0 }, { n: 4 }))
  await rejection(
    Promise.resolve(other?.set('k', Object.assign(theirs ?? { n: 0 }, { n: 4 }))),
    'VERSION_CONFLICT',
  )
})
