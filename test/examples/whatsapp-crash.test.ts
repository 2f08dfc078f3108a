import { expect, test } from '@jest/globals'
import { makeStore } from '../support/store.ts'
import { until } from './support/example.ts'
import { makeId, makePhone, makeScene, type Said } from './support/whatsapp.ts'

type Scene = Awaited<ReturnType<typeof makeScene>>

/** Nobody else works for them until they are let go, as if a process took long over their turn. */
async function holdUp(scene: Scene, phone: string) {
  const store = await makeStore({ dbName: scene.dbName })
  const states = { registration: 'waiting_for_name_and_email' }
  const { user } = await store.ensureUser({ provider: 'whatsapp', id: phone }, { states })
  let release = () => {}
  const released = new Promise<void>((resolve) => {
    release = resolve
  })
  let ended: Promise<void> | undefined
  await new Promise<void>((resolve) => {
    ended = store.withUserLock(user.id, async () => {
      resolve()
      await released
    })
  })
  return async () => {
    release()
    await ended
  }
}

/** The server ends a transaction of a process that was killed in it after a minute; a bot may try twice until then. */
const HELD_MS = 150_000

test('a process that is killed in the middle of it loses nothing, and answers nothing anew', async () => {
  const scene = await makeScene()
  const [voice, sending, taken] = [makePhone(), makePhone(), makePhone()]
  const letGo = await holdUp(scene, voice)
  const first = await scene.start()
  let isHeld = false
  scene.judgeBy(async (phone) => {
    if (phone !== sending || isHeld) return undefined
    isHeld = true
    await first.ended
    return 500
  })
  const said: Said[] = [
    { phone: voice, audio: { url: 'data:,hello%20from%20afar' }, id: makeId() },
    { phone: sending, text: 'while it is being sent', id: makeId() },
    { phone: taken, text: 'killed at once', id: makeId() },
  ]
  const [spoken, slow, last] = said
  if (!spoken || !slow || !last) throw new Error('Nothing is said')
  await Promise.all([scene.deliver(first, spoken), scene.deliver(first, slow)])
  await until(() => isHeld, 'it is being sent')
  expect(await scene.deliver(first, last)).toBe(200)
  first.child.kill('SIGKILL')
  expect(await first.ended).toEqual({ code: null, signal: 'SIGKILL' })
  await letGo()

  /* Nobody delivers anything again: what is left to do is found. */
  const second = await scene.start()
  const areAnswered = () => said.every(({ phone }) => scene.heardBy(phone).length > 0)
  await until(areAnswered, 'all are answered', HELD_MS)
  for (const one of said) expect(await scene.deliver(second, one)).toBe(200)
  await until(scene.isDone, 'nothing is to do')

  const messages = await scene.messages()
  const heard = messages.filter(({ sender }) => sender === 'user')
  expect(new Set(heard.map(({ externalId }) => externalId))).toEqual(new Set(said.map(({ id }) => id)))
  expect(messages).toHaveLength(2 * said.length)
  expect(messages).toContainEqual(expect.objectContaining({ type: 'voice', content: 'hello from afar' }))
  /* Twice is possible: a process that dies after sending has not noted it. Never is not. */
  for (const { phone } of said) expect(scene.heardBy(phone).length).toBeGreaterThan(0)
}, 300_000)

test('SIGTERM takes no more deliveries, and ends when the turn under way was answered', async () => {
  const scene = await makeScene()
  const phone = makePhone()
  const letGo = await holdUp(scene, phone)
  const bot = await scene.start()
  await scene.deliver(bot, { phone, audio: { url: 'data:,I%20am%20Ana' } })
  bot.child.kill('SIGTERM')
  await bot.logged('stops')
  await until(
    () =>
      scene.deliver(bot, { phone: makePhone(), text: 'too late' }).then(
        () => false,
        () => true,
      ),
    'nobody listens any more',
  )
  expect(scene.heardBy(phone)).toEqual([])
  await letGo()
  expect(await bot.ended).toEqual({ code: 0, signal: null })
  expect(scene.heardBy(phone)).toEqual([expect.stringContaining('Nice to meet you, Ana')])
  expect(await scene.isDone()).toBe(true)
})
