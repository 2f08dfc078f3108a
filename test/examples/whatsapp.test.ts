import { expect, test } from '@jest/globals'
import { startCalendarServer } from '../../scripts/calendar-server/index.ts'
import { makeStore } from '../support/store.ts'
import { until, whenDone } from './support/example.ts'
import { makePhone, makeScene } from './support/whatsapp.ts'

test('the assistant registers somebody, notes an appointment in steps, and forgets them', async () => {
  const google = await startCalendarServer()
  whenDone(google.stop)
  const scene = await makeScene({
    ...{ GOOGLE_API_URL: google.url, GOOGLE_CLIENT_ID: 'id', GOOGLE_CLIENT_SECRET: 'secret' },
    ...{ GOOGLE_REFRESH_TOKEN: google.account('bot@example.com').token, TIMEZONE: 'America/Sao_Paulo' },
  })
  const calendar = () =>
    google
      .calendar('bot@example.com')
      .events()
      .filter(({ status }) => status !== 'cancelled')
  const bot = await scene.start()
  const phone = makePhone()
  const ask = (text: string) => scene.ask(bot, { phone, text })
  const user = async () => (await scene.users())[0]

  expect(await ask('Hello')).toMatch(/What are your name and e-mail address\?/)
  expect(await user()).toMatchObject({ states: { registration: 'waiting_for_name_and_email' } })
  expect(await ask('I am Ana Souza')).toMatch(/And your e-mail address\?/)
  expect(await ask('ana@home')).toMatch(/no e-mail address/)
  expect(await ask('ana@example.com')).toMatch(/Thank you, Ana Souza/)
  expect(await user()).toMatchObject({ name: 'Ana Souza', email: 'ana@example.com' })

  /* A voice note begins it. */
  const spoken = { url: 'data:,schedule', mimetype: 'audio/ogg; codecs=opus', seconds: 2 }
  expect(await scene.ask(bot, { phone, audio: spoken })).toMatch(/What is the appointment/)
  const audio = { uri: 'data:,schedule', mimeType: 'audio/ogg; codecs=opus', durationSeconds: 2 }
  expect(await scene.messages()).toContainEqual(
    expect.objectContaining({ type: 'voice', content: 'schedule', audio }),
  )
  /* An address that a stranger names is not asked. */
  expect(await scene.ask(bot, { phone, audio: { url: `${google.url}/` } })).toMatch(/could not make that out/)
  /* What cannot be stored is answered, too, and leaves nothing behind. */
  expect(await ask('x'.repeat(2000))).toMatch(/I am sorry/)
  expect(await ask('Dentist')).toMatch(/When is it/)
  expect(await ask('2001-01-15 14:00')).toMatch(/over already/)
  expect(await user()).toMatchObject({
    states: { scheduling: 'waiting_for_event_data' },
    data: { draft: { summary: 'Dentist' } },
  })
  expect(await ask('2040-01-15 14:00, Rua Augusta 100, 30 minutes, dr.lima@example.com')).toMatch(
    /Dentist, Sunday,? 15 January 2040 at 14:00, Rua Augusta 100. Shall I note it/,
  )
  expect(calendar()).toEqual([])
  await Promise.all([scene.deliver(bot, { phone, text: 'yes' }), scene.deliver(bot, { phone, text: 'yes' })])
  await until(
    () => scene.heardBy(phone).some((text) => text.includes('is in your calendar: http')),
    'the link',
  )
  const [event, ...others] = await scene.db.collection('dialogue_events').find().toArray()
  expect(others).toEqual([])
  expect(event).toMatchObject({
    ...{ summary: 'Dentist', location: 'Rua Augusta 100', timezone: 'America/Sao_Paulo' },
    ...{ start: new Date('2040-01-15T17:00:00Z'), end: new Date('2040-01-15T17:30:00Z') },
    attendees: [{ email: 'dr.lima@example.com' }],
  })
  expect(calendar()).toEqual([expect.objectContaining({ summary: 'Dentist' })])
  expect(scene.heardBy(phone)).toContain(`Dentist is in your calendar: ${event?.calendarSync.htmlLink}`)

  expect(await ask('edit')).toMatch(/What shall I change/)
  expect(await ask('ana.souza@example.com')).toMatch(/ana\.souza@example\.com/)
  expect(await ask('my data')).toMatch(
    /You are Ana Souza, ana\.souza@example\.com\. I keep \d+ messages and 1 app/,
  )
  expect(await ask('forget me')).toMatch(/yes or no/)
  expect(await ask('no')).toMatch(/Nothing is deleted/)
  await ask('forget me')
  expect(await ask('yes')).toMatch(/Goodbye/)
  await until(async () => (await scene.users()).length === 0, 'they are erased')
  await until(async () => (await scene.messages()).length === 0, 'their messages are erased')
  await until(() => calendar().length === 0, 'their events are removed at Google')

  bot.child.kill('SIGTERM')
  expect(await bot.ended).toEqual({ code: 0, signal: null })
  for (const secret of ['Ana', 'Dentist', 'webhook-secret', 'send-secret', phone])
    expect(bot.stderr()).not.toContain(secret)
})

test('what was said is summed up every ten messages, and remembered', async () => {
  const scene = await makeScene()
  const bot = await scene.start()
  const phone = makePhone()
  await scene.ask(bot, { phone, text: 'Ana, ana@example.com' })
  for (let i = 2; i <= 9; i++) await scene.ask(bot, { phone, text: `The beach was lovely, ${i}` })
  const store = await makeStore({ dbName: scene.dbName })
  const { id } = (await store.findUser({ provider: 'whatsapp', id: phone })) ?? { id: '' }
  const senders = ['user']
  expect(await store.retrieveContext(id, { pending: { senders } })).toMatchObject({ data: {}, pending: 9 })

  await scene.ask(bot, { phone, text: 'The beach was lovely, 10' })
  await until(async () => (await store.retrieveContext(id)).covers, 'there is a summary')
  const context = await store.retrieveContext(id, { pending: { senders } })
  expect(context).toMatchObject({
    data: { summary: expect.stringMatching(/^10 messages, .*beach/) },
    pending: 0,
  })
  expect(await scene.ask(bot, { phone, text: 'Hello again' })).toMatch(/What I remember: 10 messages/)
})
