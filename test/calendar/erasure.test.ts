import { expect, test } from '@jest/globals'
import type mongoose from 'mongoose'
import type { Fate } from '../../scripts/calendar-server/index.ts'
import { ObjectId } from '../../src/ids.ts'
import type { DialogueStore } from '../../src/index.ts'
import { clientOf } from '../calendar-server/support/client.ts'
import { makeMessages, makeUser, rejection } from '../support/make.ts'
import { makeWorld, START, type World } from './support/world.ts'

const CANARY = 'c4n4ry'
const ADDRESS = `${CANARY}@example.com`

/** Somebody whose every text is known, and whose calendar has their address for a name. */
async function makeSomebody({ store }: World): Promise<string> {
  const { id } = await makeUser(store, {
    ...{ name: `Bia ${CANARY}`, email: ADDRESS, data: { refresh: CANARY }, states: { flow: CANARY } },
    identities: [{ provider: 'whatsapp', id: CANARY }],
  })
  await makeMessages(store, id, 2, { content: CANARY, externalId: CANARY, metadata: { said: CANARY } })
  await store.storeContext(id, { summary: CANARY })
  return id
}

const publish = (store: DialogueStore, creatorId: string) =>
  store.storeEvent({
    ...{ creatorId, start: START, externalId: CANARY, data: { said: CANARY } },
    ...{ summary: CANARY, description: CANARY, location: CANARY, recurrence: ['RRULE:FREQ=DAILY;COUNT=3'] },
    attendees: [{ email: ADDRESS, displayName: CANARY, comment: CANARY }],
  })

/** A sync by each creator's own access. */
function syncOfEach({ server, sync }: World) {
  const { token, calendarId } = server.account(ADDRESS)
  const client = clientOf(server, token)
  const reached = { access: async () => {} }
  const calendar = async () => {
    await reached.access()
    return client
  }
  return { sync: sync({ calendar }), people: server.calendar(calendarId), reached }
}

/** Collections where any document has the word, in a key or a value. */
async function placesOf(db: mongoose.mongo.Db, word: string): Promise<string[]> {
  const collections = await db.listCollections().toArray()
  const places = await Promise.all(
    collections.map(async ({ name }) => {
      const documents = await db.collection(name).find().toArray()
      return JSON.stringify(documents).includes(word) ? [name] : []
    }),
  )
  return places.flat().sort()
}

test('after an erasure and one push nothing of a user is left, here or at Google', async () => {
  const world = await makeWorld()
  const { store, db } = world
  const id = await makeSomebody(world)
  const { sync, people } = syncOfEach(world)
  await publish(store, id).then(() => sync.push())
  await sync.pull()
  /* Both sides change, so that the event keeps what each had. */
  const [there] = people.events()
  await store.updateEvent(there?.id ?? '', { summary: `${CANARY} here` })
  people.change(there?.id ?? '', { summary: `${CANARY} there` })
  await sync.pull()
  await sync.push()
  expect(await sync.conflicts(there?.id ?? '')).toHaveLength(1)
  const exported: unknown[] = []
  for await (const item of store.exportUser(id)) exported.push(item)
  expect(JSON.stringify(exported)).toContain(there?.id)
  const before = await placesOf(db, CANARY)
  expect(before).toEqual(
    ['calendar_feeds', 'contexts', 'events', 'messages', 'seen', 'users'].map((name) => `dialogue_${name}`),
  )

  await store.deleteUser(id)
  expect(await sync.push()).toMatchObject({ removed: 1 })
  await rejection(sync.pull(ADDRESS), 'CALENDAR_REFUSED')
  expect(await placesOf(db, CANARY)).toEqual([])
  expect(people.events()).toMatchObject([{ status: 'cancelled' }])
})

test('what others read goes on without whoever is erased', async () => {
  const world = await makeWorld()
  const { store, event, stored, people } = world
  const id = await makeSomebody(world)
  const { server, client } = world
  const theirs = clientOf(server, server.account(ADDRESS).token)
  const sync = world.sync({ calendar: (creator) => (creator.id === id ? theirs : client) })
  await publish(store, id)
  await sync.push()
  const kept = await event()
  await sync.push()
  await sync.pull()
  await store.deleteUser(id)
  await sync.push()
  people.change(kept.id, { summary: 'Moved' })
  expect(await sync.pull()).toMatchObject({ applied: 1 })
  expect(await stored(kept.id)).toMatchObject({ summary: 'Moved' })
})

test('a calendar of several is read by the access of who is left', async () => {
  const world = await makeWorld()
  const { store, server, ana, client, event, db } = world
  const id = await makeSomebody(world)
  const account = server.account(ADDRESS)
  const theirs = clientOf(server, account.token)
  const team = server.addCalendar('team@group.calendar.google.com')
  for (const one of [ana, account]) team.share(one, 'writer')
  const sync = world.sync({
    calendar: (creator) => (creator.id === id ? theirs : client),
    calendarOf: () => team.id,
  })
  await publish(store, id)
  await sync.push()
  const kept = await event()
  await sync.push()
  await sync.pull()
  await store.deleteUser(id)
  await sync.push()
  expect(await placesOf(db, CANARY)).toEqual([])
  team.change(kept.id, { summary: 'Moved' })
  expect(await sync.pull()).toMatchObject({ applied: 1 })
})

test('a user who comes back is read again, by the same process', async () => {
  const world = await makeWorld()
  const { store } = world
  const { sync, people } = syncOfEach(world)
  const gone = await makeSomebody(world)
  await publish(store, gone)
  await sync.push()
  await store.deleteUser(gone)
  await sync.push()
  const { event } = await publish(store, await makeSomebody(world))
  await sync.push()
  await sync.pull()
  people.change(event.id, { summary: 'Moved' })
  expect(await sync.pull()).toMatchObject({ applied: 1 })
})

test.each(['access', 'events.list', 'events.get'])(
  'a pull that an erasure overtakes at its %s makes nothing known again',
  async (place) => {
    const world = await makeWorld()
    const { store, server, db } = world
    const id = await makeSomebody(world)
    const { sync, reached } = syncOfEach(world)
    const { event } = await publish(store, id)
    await sync.push()
    /* A full list does not name it, so it is asked for. */
    const absent = { $set: { googleCalendarId: 'absent' } }
    await db.collection('dialogue_events').updateOne({ _id: new ObjectId(event.id) }, absent)
    const erase = async (at: string): Promise<void> => {
      if (at === place) await store.deleteUser(id)
    }
    reached.access = () => erase('access')
    server.judgeBy(async ({ kind }): Promise<Fate> => {
      await erase(kind)
      return 'answers'
    })
    await sync.pull().catch(() => {})
    await rejection(store.getUser(id), 'USER_NOT_FOUND')
    server.judgeBy(() => 'answers')
    await sync.push()
    expect(await placesOf(db, CANARY)).toEqual([])
  },
)

test('access stays until the last event of an erasure in steps is removed', async () => {
  const world = await makeWorld()
  const { store, db } = world
  const id = await makeSomebody(world)
  const { sync } = syncOfEach(world)
  for (let i = 0; i < 2; i++)
    await store.storeEvent({ creatorId: id, summary: `${CANARY} ${i}`, start: START })
  await sync.push()
  /* As if the erasure's process were between two steps. */
  const events = db.collection('dialogue_events')
  const [last] = await events.find({ summary: `${CANARY} 1` }).toArray()
  if (!last) throw new Error('not stored')
  await events.deleteOne({ _id: last._id })
  await store.deleteUser(id)
  await events.insertOne(last)
  expect(await sync.push()).toMatchObject({ removed: 1 })
  expect(await placesOf(db, CANARY)).toContain('dialogue_calendar_farewells')
})

test.each<Fate>(['answers', 'loses its reply'])(
  'what is sent after everybody has let go of an erased user does not stay at Google: Google %s',
  async (fate) => {
    const world = await makeWorld()
    const { store, server, db, hurry } = world
    const id = await makeSomebody(world)
    const [{ sync, people }, other] = [syncOfEach(world), syncOfEach(world)]
    await publish(store, id)
    server.judgeBy(async ({ kind }): Promise<Fate> => {
      if (kind !== 'events.insert') return 'answers'
      server.judgeBy(() => 'answers')
      /* It was frozen before it sent that: its event is looked for in vain, as often as anybody looks. */
      await store.deleteUser(id)
      for (let i = 0; i < 4; i++) await hurry().then(() => other.sync.push())
      expect(await placesOf(db, CANARY)).toEqual([])
      return fate
    })
    await sync.push()
    expect(people.events().filter(({ status }) => status !== 'cancelled')).toEqual([])
    expect(await placesOf(db, CANARY)).toEqual([])
  },
)
