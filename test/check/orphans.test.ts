import { expect, test } from '@jest/globals'
import { ObjectId } from '../../src/ids.ts'
import { makeEvent, makeMessages, makeUser } from '../support/make.ts'
import { entry, LONG_AGO, makeScene, message } from './support/scene.ts'

const now = () => new Date()
const times = { createdAt: LONG_AGO, updatedAt: LONG_AGO }
const event = (creatorId: ObjectId) => ({
  creatorId,
  summary: 'Dentist',
  start: LONG_AGO,
  end: new Date(),
  allDay: false,
  attendees: [],
  visibility: 'private',
  reminders: [],
  recurrence: [],
  data: {},
  status: 'confirmed',
  version: 1,
  calendarSync: { state: 'local' },
  ...times,
})

const session = (key: string) => ({
  ...{ namespace: 'bot', key, data: { value: { step: 1 } }, version: 1 },
  ...times,
})

test('of every collection are found and removed', async () => {
  const scene = await makeScene()
  const nobody = new ObjectId()
  const user = nobody.toHexString()
  const append = message(nobody, { _id: new ObjectId() })
  const insert = (collection: string, document: object) => scene.raw(collection).insert(document)
  const owned = {
    journal: await insert('journal', entry(nobody, { inserts: [append], largest: 100 })),
    contexts: await insert('contexts', { userId: nobody, version: 0, ...times }),
    messages: await insert('messages', message(nobody)),
    events: await insert('events', event(nobody)),
    sessions: await insert('sessions', { ...session('7:7'), userId: nobody }),
  }
  const others = await insert('sessions', session('of nobody'))
  const claim = { messageId: new ObjectId(), createdAt: LONG_AGO }
  await insert('seen', { _id: `${user}:[null,"secret"]`, ...claim })
  await insert('seen', { _id: `${user}:[null,"another secret"]`, ...claim })
  await insert('locks', { _id: nobody, owner: new ObjectId(), until: LONG_AGO })

  const expected = Object.entries(owned).map(([collection, _id]) => ({
    kind: 'orphan',
    collection,
    id: _id.toHexString(),
    detail: `of user ${user}`,
  }))
  const keyed = ['seen', 'locks'].map((collection) => ({ kind: 'orphan', collection, id: user }))
  expect(await scene.look()).toEqual([...expected, ...keyed])
  expect(await scene.fix()).toEqual([])
  expect(await scene.look()).toEqual([])
  for (const collection of ['journal', 'contexts', 'messages'])
    expect(await scene.raw(collection).find({ userId: nobody })).toEqual([])
  expect(await scene.raw('events').find({ creatorId: nobody })).toEqual([])
  expect(await scene.raw('sessions').find({})).toMatchObject([{ _id: others }])
  expect(await scene.raw('seen').find({})).toEqual([])
  expect(await scene.raw('locks').find({})).toEqual([])
})

test('of an erased user are found, and the tombstone stays', async () => {
  let id = ''
  const scene = await makeScene(async (store) => {
    id = (await makeUser(store)).id
    await store.deleteUser(id)
  })
  const userId = new ObjectId(id)
  const tombstone = await scene.raw('users').find({ _id: userId })
  const late = await scene.raw('messages').insert(message(userId))
  expect(await scene.look()).toMatchObject([
    { kind: 'orphan', collection: 'messages', id: late.toHexString() },
  ])
  expect(await scene.fix()).toEqual([])
  expect(await scene.raw('messages').find({ userId })).toEqual([])
  expect(await scene.raw('users').find({ _id: userId })).toEqual(tombstone)
})

test('that are younger than a minute are under way: their writer may be about to remove them', async () => {
  const scene = await makeScene()
  const nobody = new ObjectId()
  await scene.raw('messages').insert(message(nobody, { createdAt: now() }))
  await scene.raw('journal').insert(entry(nobody, { createdAt: now() }))
  await scene.raw('locks').insert({ _id: nobody, owner: new ObjectId(), until: now() })
  const claim = { messageId: new ObjectId(), createdAt: now() }
  await scene.raw('seen').insert({ _id: `${nobody.toHexString()}:[null,"x"]`, ...claim })
  expect(await scene.look()).toEqual([])
})

test('are many: all of them go, of several users, and those of the living stay', async () => {
  let living = ''
  const scene = await makeScene(async (store) => {
    living = (await makeUser(store)).id
    await makeMessages(store, living, 20)
    await makeEvent(store, living)
  })
  const nobodies = [new ObjectId(), new ObjectId(), new ObjectId()]
  const documents = Array.from({ length: 2500 }, (_, i) => message(nobodies[i % 3] ?? new ObjectId()))
  await scene.db.collection('dialogue_messages').insertMany(documents)
  expect(await scene.look()).toHaveLength(2500)
  expect(await scene.fix()).toEqual([])
  expect(await scene.look()).toEqual([])
  expect(await scene.raw('messages').find({ userId: { $in: nobodies } })).toEqual([])
  expect(await scene.raw('messages').find({ userId: new ObjectId(living) })).toHaveLength(20)
})

test('are left when their user comes into being meanwhile', async () => {
  const scene = await makeScene()
  const userId = new ObjectId()
  const documents = Array.from({ length: 1500 }, () => message(userId))
  await scene.db.collection('dialogue_messages').insertMany(documents)
  let repaired = 0
  for await (const finding of scene.repair()) {
    if (!finding.repaired) continue
    if (repaired++ > 0) continue
    await scene.raw('users').insert({ _id: userId, name: 'Ana', states: {}, data: {}, version: 1, ...times })
  }
  /* The first thousand, and the context that the user lacked. */
  expect(repaired).toBe(1001)
  expect(await scene.raw('messages').find({ userId })).toHaveLength(500)
})
