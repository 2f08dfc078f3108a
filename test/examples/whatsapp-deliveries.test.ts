import { beforeAll, describe, expect, test } from '@jest/globals'
import { deliveryOf } from '../../scripts/examples/stand-ins/evolution.ts'
import { until } from './support/example.ts'
import { type Bot, makeId, makePhone, makeScene, type Said } from './support/whatsapp.ts'

let scene: Awaited<ReturnType<typeof makeScene>>
let bots: [Bot, Bot]
beforeAll(async () => {
  scene = await makeScene()
  bots = await Promise.all([scene.start(), scene.start()])
})

describe('a delivery', () => {
  test('that comes three times at once, to two processes, and then again, is stored and answered once', async () => {
    const people = Array.from({ length: 3 }, makePhone)
    const all = people.flatMap((phone) =>
      Array.from({ length: 3 }, (_, i): Said => ({ phone, text: `message ${i}`, id: makeId() })),
    )
    const statuses = await Promise.all(
      all.flatMap((said) => [0, 1, 2].map((n) => scene.deliver(bots[n % 2 ? 1 : 0], said))),
    )
    expect(new Set(statuses)).toEqual(new Set([200]))
    await until(() => people.flatMap(scene.heardBy).length >= all.length, 'all are answered')
    for (const said of all) await scene.deliver(bots[1], said)
    await until(scene.isDone, 'nothing is to do')

    expect(people.flatMap(scene.heardBy)).toHaveLength(all.length)
    const messages = await scene.messages()
    const externalIdsOf = (sender: string) =>
      new Set(messages.filter((one) => one.sender === sender).map(({ externalId }) => externalId))
    expect(messages).toHaveLength(2 * all.length)
    expect(externalIdsOf('user')).toEqual(new Set(all.map(({ id }) => id)))
    const answered = messages.filter(({ sender }) => sender === 'user').map(({ _id }) => `answer to ${_id}`)
    expect(externalIdsOf('assistant')).toEqual(new Set(answered))
    expect(await scene.users()).toHaveLength(people.length)
  })

  const body = JSON.stringify(deliveryOf({ id: 'x', phone: '1', instance: 'assistant', text: 'hello' }))
  const large = JSON.stringify({ event: 'messages.upsert', padding: 'x'.repeat(300_000) })
  const chunked = () => new Blob([large]).stream()

  test.each([
    { what: 'with a wrong apikey', send: body, headers: { apikey: 'webhook-secreT' }, status: 401 },
    { what: 'without an apikey', send: large, headers: { apikey: '' }, status: 401 },
    { what: 'that is too large', send: large, headers: {}, status: 413 },
    { what: 'that is too large, and does not say so', send: chunked, headers: {}, status: 413 },
    { what: 'that is no JSON', send: '{"event":', headers: {}, status: 400 },
    {
      what: 'that is something else',
      send: '{"object":"whatsapp_business_account"}',
      headers: {},
      status: 400,
    },
  ])('$what is refused', async ({ send, headers, status }) => {
    const response = await scene.post(bots[0], send, headers)
    await response.body?.cancel()
    expect(response.status).toBe(status)
  })

  test.each(['imageMessage', 'videoMessage', 'documentMessage'])(
    'of a caption is stored and answered: %s',
    async (kind) => {
      const phone = makePhone()
      const delivery = deliveryOf({ id: makeId(), phone, instance: 'assistant' })
      const message = { [kind]: { caption: 'see you on Friday' } }
      const body = JSON.stringify({ ...delivery, data: { ...delivery.data, message } })
      const response = await scene.post(bots[0], body, {})
      expect(await response.json()).toEqual({ stored: true })
      await until(() => scene.heardBy(phone).length === 1, 'it is answered')
      expect((await scene.messages()).map(({ content }) => content)).toContain('see you on Friday')
    },
  )

  const said = { id: 'y', phone: makePhone(), instance: 'assistant', text: 'not for you' }
  test.each([
    ['what the bot has written itself', deliveryOf({ ...said, fromMe: true })],
    ['a group', deliveryOf({ ...said, jid: '120363041967849074@g.us' })],
    ['a status', deliveryOf({ ...said, jid: 'status@broadcast' })],
    ['another instance', deliveryOf({ ...said, instance: 'other' })],
    ['another event', { ...deliveryOf(said), event: 'messages.update', data: [{ status: 'READ' }] }],
    ['a picture', { ...deliveryOf(said), data: { ...deliveryOf(said).data, message: { imageMessage: {} } } }],
  ])('of %s is taken, and left alone', async (_what, delivery) => {
    const response = await scene.post(bots[0], JSON.stringify(delivery), {})
    expect({ status: response.status, body: await response.json() }).toEqual({
      status: 200,
      body: { stored: false },
    })
    expect(
      (await scene.users()).some(({ identities }) =>
        identities.some(({ id }: { id: string }) => id === said.phone),
      ),
    ).toBe(false)
  })
})

describe('what is sent', () => {
  test('is sent again when Evolution API or its connection was away, and not when it is refused for good', async () => {
    const [away, disconnected, unknown] = [makePhone(), makePhone(), makePhone()]
    const failures = new Map([
      [away, 500],
      [disconnected, 400],
    ])
    let refusals = 0
    scene.judgeBy((phone) => {
      if (phone === unknown) refusals++
      if (phone === unknown) return 'not on WhatsApp'
      const failure = failures.get(phone)
      failures.delete(phone)
      return failure
    })
    const all = [away, disconnected, unknown]
    await Promise.all(all.map((phone) => scene.deliver(bots[0], { phone, text: 'hello' })))
    await until(scene.isDone, 'nothing is to do')
    expect(all.map((phone) => scene.heardBy(phone).length)).toEqual([1, 1, 0])
    expect(refusals).toBe(1)
  })
})
