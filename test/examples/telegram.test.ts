import { expect, test } from '@jest/globals'
import { startCalendarServer } from '../../scripts/calendar-server/index.ts'
import { makeStore } from '../support/store.ts'
import { until, whenDone } from './support/example.ts'
import { makeChat, makeScene } from './support/telegram.ts'

test('the bot notes reminders, lists and cancels them, and forgets people', async () => {
  const google = await startCalendarServer()
  whenDone(google.stop)
  const scene = await makeScene({
    ...{ GOOGLE_API_URL: google.url, GOOGLE_CLIENT_ID: 'id', GOOGLE_CLIENT_SECRET: 'secret' },
    GOOGLE_REFRESH_TOKEN: google.account('bot@example.com').token,
  })
  const calendar = () =>
    google
      .calendar('bot@example.com')
      .events()
      .filter(({ status }) => status !== 'cancelled')
      .map(({ summary }) => summary)
  const bot = await scene.start()
  const chat = makeChat()
  const ask = (text: string) => scene.ask(chat, text)

  expect(await ask('/start')).toMatch(/\/remind tomorrow at 9/)
  expect(await ask('/remind')).toMatch(/Of what, and when\?/)
  expect(await ask('2040-07-15 14:00 call the dentist, 30 minutes before')).toMatch(
    /I will remind you\. Sunday,? 15 July 2040 at 14:00: call the dentist, 30 minutes before/,
  )
  expect(await ask(`/remind 2040-07-15 ${'x'.repeat(1001)}`)).toMatch(/1000 characters at most/)
  expect(await ask('/remind 2001-01-01 10:00 nothing')).toMatch(/is over already/)
  expect(await ask('/timezone Nowhere/At_all')).toMatch(/I do not know that one/)
  expect(await ask('/timezone Europe/Berlin')).toMatch(/Your time zone is Europe\/Berlin/)
  expect(await ask('/remind 2040-12-24 18:00 presents')).toMatch(/24 December 2040 at 18:00: presents/)
  expect(await ask('/list')).toMatch(/^1\. .*16:00: call the dentist.*\n2\. .*18:00: presents$/)
  const [dentist, presents] = await scene.events()
  expect(dentist).toMatchObject({ start: new Date('2040-07-15T14:00:00Z'), reminders: [30] })
  expect(presents).toMatchObject({ start: new Date('2040-12-24T17:00:00Z'), reminders: [0] })
  expect(await ask('/cancel 3')).toMatch(/Which one/)
  expect(await ask('/cancel 1')).toBe('Cancelled: call the dentist')
  await until(() => calendar().join() === 'presents', 'what was not cancelled is in the calendar')

  const lines = (await ask('/mydata'))
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
  expect(lines.map(({ kind }) => kind).sort()).toEqual(['context', 'event', 'event', 'session', 'user'])

  expect(await ask('/forget')).toMatch(/yes or no/)
  expect(await ask('/list')).toMatch(/presents/)
  expect(await ask('yes')).toMatch(/\/remind/)
  await ask('/forget')
  expect(await ask('yes')).toMatch(/Goodbye/)
  expect(await scene.users()).toEqual([])
  expect(await scene.events()).toEqual([])
  expect(await scene.db.collection('dialogue_sessions').countDocuments()).toBe(0)
  await until(() => calendar().length === 0, 'nothing is in the calendar')

  bot.child.kill('SIGTERM')
  expect(await bot.ended).toEqual({ code: 0, signal: null })
  for (const secret of ['dentist', 'presents', 'bot-secret']) expect(bot.stderr()).not.toContain(secret)
})

test('a list of long reminders is one message; a message that comes again after another list cancels nothing', async () => {
  const scene = await makeScene()
  const chat = makeChat()
  const store = await makeStore({ dbName: scene.dbName })
  const { user } = await store.ensureUser({ provider: 'telegram', id: String(chat) })
  const summary = '🍵'.repeat(500)
  for (let day = 1; day <= 20; day++) {
    const start = new Date(Date.UTC(2040, 8, day))
    await store.storeEvent({ creatorId: user.id, summary, start, reminders: [1440] })
  }
  await scene.start()
  expect((await scene.ask(chat, '/list')).split('\n')).toHaveLength(20)
  const cancel = scene.say(chat, '/cancel 1')
  await until(() => scene.heardBy(chat).length === 2, 'it is cancelled')
  await scene.ask(chat, '/list')
  scene.say(chat, '/cancel 1', cancel)
  expect(await scene.ask(chat, '/list')).toMatch(/^1\. /)
  expect(scene.heardBy(chat)).toHaveLength(4)
  expect((await scene.events()).filter(({ status }) => status === 'cancelled')).toHaveLength(1)
})

test('Telegram gives messages to one process: the other one ends, and says so', async () => {
  const scene = await makeScene()
  const first = await scene.start()
  await scene.start()
  expect(await first.ended).toEqual({ code: 1, signal: null })
  expect(first.stderr()).toMatch(/409/)
})
