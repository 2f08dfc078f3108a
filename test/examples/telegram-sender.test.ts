import { expect, test } from '@jest/globals'
import { makeStore } from '../support/store.ts'
import { until } from './support/example.ts'
import { makeChat, makeScene } from './support/telegram.ts'

type Scene = Awaited<ReturnType<typeof makeScene>>

/** Somebody with events that begin just now, and are to be reminded of. */
async function makePerson(scene: Scene, summaries: string[]) {
  const store = await makeStore({ dbName: scene.dbName })
  const chat = makeChat()
  const { user } = await store.ensureUser({ provider: 'telegram', id: String(chat) })
  for (const summary of summaries)
    await store.storeEvent({ creatorId: user.id, summary, start: new Date(), reminders: [0] })
  return chat
}

const areNoted = async (scene: Scene) =>
  (await scene.events()).every(({ data }) => Object.values(data.told ?? {}).some(isSent))
const isSent = (telling: unknown) => typeof telling === 'object' && telling !== null && 'sentAt' in telling

test('two processes remind of everything once, and anew of what is moved', async () => {
  const scene = await makeScene()
  const summaries = Array.from({ length: 12 }, (_, i) => `event ${i}`)
  const bots = await Promise.all([scene.start(), scene.start({ TELEGRAM_POLLS: 'no' })])
  const chat = await makePerson(scene, summaries)
  await until(() => areNoted(scene), 'all is noted')
  expect(scene.heardBy(chat).sort()).toEqual(summaries.map((summary) => `⏰ ${summary}`).sort())
  const store = await makeStore({ dbName: scene.dbName })
  const [first] = await scene.events()
  await store.updateEvent(String(first?._id), { start: new Date() })
  const moved = `⏰ ${first?.summary}`
  const isToldAnew = () => scene.heardBy(chat).filter((text) => text === moved).length === 2
  await until(isToldAnew, 'what is moved is told anew')
  expect(scene.heardBy(chat)).toHaveLength(summaries.length + 1)
  for (const { child } of bots) child.kill('SIGTERM')
  for (const { ended } of bots) expect(await ended).toEqual({ code: 0, signal: null })
})

test('a reminder whose sender was killed is sent again when its claim is over; one that is refused is not', async () => {
  const scene = await makeScene()
  const first = await scene.start()
  const unheard = await makePerson(scene, ['tea'])
  const blocking = makeChat()
  let isHeld = false
  scene.judgeBy(async () => {
    isHeld = true
    await first.ended
    return 500
  })
  await until(() => isHeld, 'it is being sent')
  first.child.kill('SIGKILL')
  await first.ended
  expect(await areNoted(scene)).toBe(false)

  scene.judgeBy((chat) => (chat === blocking ? 403 : undefined))
  const store = await makeStore({ dbName: scene.dbName })
  const { user } = await store.ensureUser({ provider: 'telegram', id: String(blocking) })
  await store.storeEvent({ creatorId: user.id, summary: 'nobody listens', start: new Date(), reminders: [0] })
  await scene.start()
  const noted = async () =>
    (await scene.events()).filter(({ data }) => Object.values(data.told ?? {}).some(isSent))
  await until(async () => (await noted()).length === 1, 'the refused one is done')
  expect(scene.heardBy(unheard)).toEqual([])
  /* When the claim is over. */
  const tea = (await scene.events()).find(({ summary }) => summary === 'tea')
  const claimedUntil = `data.told.${tea?.start.getTime()}-0.claimedUntil`
  await scene.db
    .collection('dialogue_events')
    .updateOne({ summary: 'tea' }, { $set: { [claimedUntil]: new Date(0).toISOString() } })
  await until(() => areNoted(scene), 'all is noted')
  expect([scene.heardBy(unheard), scene.heardBy(blocking)]).toEqual([['⏰ tea'], []])
})

test('an update that was not confirmed comes again, and is the same reminder; SIGTERM ends what is under way', async () => {
  const scene = await makeScene()
  const chat = makeChat()
  const killed = await scene.start()
  let held = 0
  scene.judgeBy(async () => {
    held++
    await killed.ended
    return 500
  })
  scene.say(chat, '/remind 2040-07-15 14:00 call the dentist')
  await until(() => held > 0, 'it is being answered')
  expect(await scene.events()).toHaveLength(1)
  killed.child.kill('SIGKILL')
  await killed.ended

  let release = () => {}
  const released = new Promise<void>((resolve) => {
    release = resolve
  })
  let again = 0
  scene.judgeBy(async () => {
    again++
    await released
    return undefined
  })
  const next = await scene.start()
  await until(() => again > 0, 'it is being answered again')
  next.child.kill('SIGTERM')
  await next.logged('stops')
  release()
  expect(await next.ended).toEqual({ code: 0, signal: null })
  expect(await scene.events()).toHaveLength(1)
  expect(scene.heardBy(chat)).toEqual([expect.stringContaining('call the dentist')])
})
