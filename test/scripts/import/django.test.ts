import { readFile } from 'node:fs/promises'
import { beforeAll, describe, expect, test } from '@jest/globals'
import type { Tally } from '../../../scripts/import/tally.ts'
import type { DialogueStore, User } from '../../../src/index.ts'
import { makeStore } from '../../support/store.ts'
import { collect, fixture, historyOf, importInto, itemsOf, makeFile, reasonsIn } from './support.ts'

const path = fixture('django-dumpdata.json')
const ANA = { provider: 'whatsapp', id: '5511987654321' }

describe('a dump of the original system', () => {
  let store: DialogueStore
  let tally: Tally
  let ana: User

  beforeAll(async () => {
    store = await makeStore()
    ;({ tally } = await importInto(store, path))
    const found = await store.findUser(ANA)
    if (!found) throw new Error('Ana is not there.')
    ana = found
  })

  test('has users with their states and their draft, and what the store has no field for', async () => {
    expect(ana).toMatchObject({
      name: 'Ana Souza',
      email: 'ana@example.com',
      states: { scheduling: 'waiting_for_confirm' },
      data: {
        eventDraft: { event_summary: 'Dentista', attendees: [] },
        appointmentMessageCounter: 3,
        django: { pk: '1', created_at: '2025-05-22T14:01:00Z', active: true },
      },
    })
    expect(await store.findUser({ provider: 'whatsapp', id: '5521999990000' })).toMatchObject({
      name: null,
      email: null,
      states: { registration: 'waiting_for_name_and_email' },
      data: {
        django: { pk: '2', active: false, email: 'não tenho', name: expect.stringMatching(/^Beto x/) },
      },
    })
  })

  test('has messages in their order, with the audio that hangs on them', async () => {
    const [first, voice, answer] = await collect(store.iterateHistory(ana.id))
    expect(first).toMatchObject({ type: 'text', timestamp: new Date('2025-05-22T14:02:00.123Z') })
    expect(voice).toMatchObject({
      type: 'voice',
      audio: { uri: 'audios/nota.ogg', durationSeconds: 4.2 },
      metadata: { django: { pk: '12' } },
    })
    expect(answer).toMatchObject({ sender: 'assistant', timestamp: voice?.timestamp })
  })

  test('has the latest context of each, and events with what fits', async () => {
    expect((await store.retrieveContext(ana.id)).data).toEqual({
      resumo: 'Gosta de manhãs',
      perfil: { 'a.b': [] },
    })
    const { events } = await store.retrieveEvents({ creatorId: ana.id })
    expect(events).toMatchObject([
      {
        summary: 'Dentista',
        start: new Date('2031-06-03T14:00:00Z'),
        end: new Date('2031-06-03T15:00:00Z'),
        location: 'Rua Augusta 100',
        description: null,
        visibility: 'public',
        attendees: [
          { email: 'dentista@example.com', displayName: 'Dra. Lima', comment: 'Organizador' },
          { email: 'caio@example.com', displayName: null, comment: null },
        ],
        reminders: [30],
        data: {
          django: { pk: '7', attendees: [{ email: null, displayName: 'Beto' }], reminders: ['um dia'] },
        },
      },
    ])
  })

  test('tells what was left out, and what was changed', () => {
    expect(reasonsIn(tally).sort()).toEqual([
      '1 contexts left out: older than another one of the same user',
      '1 events changed: attendees: not all of it is what the store takes; the rest is in data.django',
      '1 events changed: reminders: not all of it is what the store takes; the rest is in data.django',
      '1 messages left out: of a user who is not in the file',
      '1 messages left out: without text',
      '1 others left out: audio of a message that is not in the file',
      '1 others left out: of a model that the bot does not have',
      '1 users changed: email: not one that the store takes; it is in data.django',
      '1 users changed: name: not one that the store takes; it is in data.django',
      '1 users left out: without a phone number',
    ])
  })

  test('undoes nothing of what the bot has done since, when it is run again', async () => {
    await store.updateUser(ana.id, {
      name: 'Ana Lima',
      states: { scheduling: null },
      data: { eventDraft: null },
    })
    await store.deleteContext(ana.id)
    const [event] = (await store.retrieveEvents({ creatorId: ana.id })).events
    await store.cancelEvent(event?.id ?? '')
    await store.deleteMessages(ana.id, { all: true })
    const before = await store.getUser(ana.id)
    const { tally: again } = await importInto(store, path)
    expect(again.counts).toMatchObject({
      users: { created: 0 },
      messages: { created: 0 },
      contexts: { created: 0 },
      events: { created: 0 },
    })
    expect(await store.getUser(ana.id)).toEqual(before)
    expect((await store.retrieveContext(ana.id)).data).toEqual({})
    expect(await historyOf(store, ANA.provider, ANA.id)).toEqual([])
    expect((await store.retrieveEvents({ creatorId: ana.id })).events).toEqual([])
  })

  test('finds whoever has another identity by now, and leaves alone whoever was erased', async () => {
    await store.updateUser(ana.id, {
      addIdentities: [{ provider: 'whatsapp', id: '+5511987654321' }],
      removeIdentities: [ANA],
    })
    const { tally: again } = await importInto(store, path)
    expect(again.counts.users).toMatchObject({ created: 0, present: 2 })
    await store.deleteUser(ana.id)
    const { tally: erased } = await importInto(store, path)
    expect(erased.counts).toMatchObject({
      users: { created: 0, present: 1, leftOut: 2 },
      messages: { created: 0, leftOut: 5 },
    })
    expect(reasonsIn(erased)).toContain('1 users left out: of somebody who was erased from this store')
  })
})

test('whom the bot knows already is not doubled, and keeps what they have', async () => {
  const store = await makeStore()
  const { user } = await store.ensureUser(ANA, { name: 'Aninha', data: { plan: 'free' } })
  await store.storeContext(user.id, { mine: true })
  const { tally } = await importInto(store, path)
  expect(tally.counts).toMatchObject({
    users: { created: 1, present: 1 },
    contexts: { created: 0, present: 1 },
  })
  expect(await store.getUser(user.id)).toEqual(user)
  expect(await historyOf(store, ANA.provider, ANA.id)).toHaveLength(3)
})

test('a dump as JSONL, of another app, older names and times without a zone is read, too', async () => {
  const objects: { model: string }[] = JSON.parse(await readFile(path, 'utf8'))
  const asJsonl = objects
    .map((one) =>
      JSON.stringify(one).replaceAll('core.', 'bot.').replaceAll('_at":', '":').replaceAll('Z"', '"'),
    )
    .join('\n')
  const named = (items: Awaited<ReturnType<typeof itemsOf>>) =>
    items.flatMap((item) => (item.kind === 'messages' ? [item.message.timestamp] : []))
  const lines = await itemsOf(await makeFile('dump.jsonl', asJsonl), { timezone: 'America/Sao_Paulo' })
  expect(named(lines).map((time) => time.getTime() - 3 * 3_600_000)).toEqual(
    named(await itemsOf(path)).map((time) => time.getTime()),
  )
})

test('messages have ids that no time zone changes', async () => {
  const dump = await readFile(path, 'utf8')
  const ids = async (text: string, timezone: string) =>
    (await itemsOf(await makeFile('dump.json', text), { timezone })).flatMap((item) =>
      item.kind === 'messages' ? [item.message.id] : [],
    )
  const naive = dump.replaceAll('Z"', '"')
  const there = await ids(naive, 'America/Sao_Paulo')
  expect(there).toHaveLength(3)
  expect(await ids(naive, 'UTC')).toEqual(there)
  expect(await ids(dump, 'America/Sao_Paulo')).toEqual([
    '682f2e580000000bea89f7b5',
    '682f2e760000000c27be2fcb',
    '682f2e760000000db0756178',
  ])
})

test('who was erased comes back, if an import had not created them, or they have come back themselves', async () => {
  const store = await makeStore()
  const { user: known } = await store.ensureUser(ANA)
  await importInto(store, path)
  await store.deleteUser(known.id)
  const { tally: again } = await importInto(store, path)
  expect(again.counts).toMatchObject({ users: { created: 1, present: 1 }, messages: { created: 3 } })
  const created = await store.findUser(ANA)
  await store.deleteUser(created?.id ?? '')
  const { tally: erased } = await importInto(store, path)
  expect(erased.counts).toMatchObject({ users: { created: 0 }, messages: { created: 0 } })
  await store.ensureUser(ANA)
  const { tally: back } = await importInto(store, path)
  expect(back.counts).toMatchObject({ users: { created: 0, present: 2 }, messages: { created: 3 } })
})

test('audio may be named by its message, and an event may end before it starts', async () => {
  const user = { model: 'core.user', pk: 'u-1', fields: { phone_number: '1' } }
  const fields = { user: 'u-1', timestamp: '2025-01-01T00:00:00Z' }
  const dump = [
    { model: 'core.message', pk: 'm-1', fields: { ...fields, sender: 'user', content: 'hi', audio: 'a-1' } },
    { model: 'core.audio', pk: 'a-1', fields: { file: 'a.ogg', duration: -1 } },
    { model: 'core.audio', pk: 'a-2', fields: { file: ['a.ogg'] } },
    {
      model: 'core.event',
      pk: 5,
      fields: {
        user: 'u-1',
        event_summary: 'x',
        event_start: '2025-01-01T10:00:00Z',
        event_end: '2025-01-01T10:00:00Z',
      },
    },
    { model: 'core.event', pk: 6, fields: { user: 'u-1', event_summary: 'x', event_start: 'soon' } },
    { model: 'core.message', pk: 'm-2', fields: { ...fields, sender: 'user' } },
    { model: 'core.user', fields: {} },
    user,
  ]
  const file = await makeFile('dump.json', JSON.stringify(dump))
  const items = await itemsOf(file)
  expect(items).toContainEqual(
    expect.objectContaining({
      message: expect.objectContaining({ type: 'voice', audio: { uri: 'a.ogg' }, content: 'hi' }),
    }),
  )
  const { tally } = await importInto(undefined, file)
  expect(reasonsIn(tally).sort()).toEqual([
    '1 events changed: event_end: not all of it is what the store takes; the rest is in data.django',
    '1 events refused: without a start',
    '1 messages refused: its fields are not those of a message',
    '1 others refused: its fields are not those of an audio',
    '1 others refused: not an object of dumpdata',
  ])
})
