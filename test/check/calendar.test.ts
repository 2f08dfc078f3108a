import { expect, test } from '@jest/globals'
import type mongoose from 'mongoose'
import { ObjectId } from '../../src/ids.ts'
import { makeEvent, makeUser } from '../support/make.ts'
import { makeScene } from './support/scene.ts'

const HOUR_MS = 3_600_000
const ago = (hours: number) => new Date(Date.now() - hours * HOUR_MS - 60_000)

/** Of an event that was published, and deleted here. */
const removal = (fields: mongoose.mongo.Document = {}) => {
  const eventId = new ObjectId()
  return {
    _id: `${eventId.toHexString()} secret@example.com`,
    ...{ googleCalendarId: eventId.toHexString(), calendarId: 'secret@example.com', eventId },
    ...{ isSeen: true, createdAt: ago(26), dueAt: new Date(), ...fields },
  }
}

/** Somebody who is erased, and whose access is kept. */
const farewell = (_id: ObjectId, createdAt: Date) => {
  const times = { createdAt, updatedAt: createdAt }
  const user = { _id, name: 'secret', states: {}, data: {}, version: 1, touches: 0, ...times }
  return { _id, user, createdAt }
}

async function insert(db: mongoose.mongo.Db, name: string, document: mongoose.mongo.Document) {
  await db.collection(`dialogue_calendar_${name}`).insertOne(document)
}

test('an event that Google has refused is told, with the answer, and left to its owner', async () => {
  let id = ''
  const scene = await makeScene(async (store) => {
    const { id: userId } = await makeUser(store)
    id = (await makeEvent(store, userId)).id
    await makeEvent(store, userId)
  })
  const state = { state: 'failed', lastError: 'Google answered 400 invalid.', attempts: 1 }
  await scene.raw('events').set(new ObjectId(id), { calendarSync: state })
  const found = { kind: 'event-refused', collection: 'events', id }
  expect(await scene.look()).toEqual([{ ...found, detail: 'Google answered 400 invalid.' }])
  expect(await scene.fix()).toMatchObject([found])
  /* Somebody else's words. */
  await scene.raw('events').set(new ObjectId(id), { 'calendarSync.lastError': 'No: "secret"' })
  expect(await scene.look()).toEqual([found])
  await scene.raw('events').set(new ObjectId(id), { 'calendarSync.dueAt': new Date() })
  expect(await scene.look()).toEqual([])
})

test('a removal that waits for more than a day is told, and tried again if Google had refused it', async () => {
  const scene = await makeScene()
  const { dueAt: _, ...refused } = removal({ lastError: 'Google answered 403 forbidden.', attempts: 1 })
  await insert(scene.db, 'removals', removal({ createdAt: ago(23) }))
  await insert(scene.db, 'removals', refused)
  const found = {
    ...{ kind: 'removal-late', collection: 'calendar_removals', id: refused.eventId.toHexString() },
    detail: '1 d old, Google answered 403 forbidden.',
  }
  expect(await scene.look()).toEqual([found])
  expect(await scene.fix()).toEqual([{ ...found, repaired: false }])
  const [again] = await scene.db
    .collection('dialogue_calendar_removals')
    .find({ eventId: refused.eventId })
    .toArray()
  expect(again).toEqual({ ...refused, dueAt: new Date(0) })
})

test('an access that is kept for more than a day is told, and deleted where it is for nothing', async () => {
  const scene = await makeScene()
  const [needed, left, young] = [new ObjectId(), new ObjectId(), new ObjectId()]
  for (const [id, hours] of [[needed, 50] as const, [left, 26] as const, [young, 23] as const])
    await insert(scene.db, 'farewells', farewell(id, ago(hours)))
  await insert(scene.db, 'removals', removal({ createdAt: ago(1), creatorId: needed }))
  const found = (id: ObjectId, detail: string) => ({
    ...{ kind: 'farewell-late', collection: 'calendar_farewells', id: id.toHexString(), detail },
  })
  expect(await scene.look()).toEqual([found(needed, '2 d old'), found(left, '1 d old')])
  expect(await scene.fix()).toEqual([{ ...found(needed, '2 d old'), repaired: false }])
  const kept = await scene.db.collection('dialogue_calendar_farewells').find().toArray()
  expect(kept.map(({ _id }) => _id)).toEqual([needed, young])
})

test('a calendar that is known by the access of nobody is forgotten', async () => {
  const scene = await makeScene()
  const creatorId = new ObjectId()
  const feeds = scene.db.collection<{ _id: string; creatorId?: ObjectId }>('dialogue_calendar_feeds')
  await feeds.insertMany([{ _id: 'secret@example.com', creatorId }, { _id: 'primary' }])
  const id = creatorId.toHexString()
  expect(await scene.look()).toEqual([{ kind: 'orphan', collection: 'calendar_feeds', id }])
  expect(await scene.fix()).toEqual([])
  expect(await feeds.find().toArray()).toEqual([{ _id: 'primary' }])
})

test('validators and indexes of the calendar are put back, and what no validator takes is told', async () => {
  const scene = await makeScene()
  const collection = (name: string) => scene.db.collection(`dialogue_${name}`)
  await scene.db.command({ collMod: 'dialogue_calendar_feeds', validator: {} })
  await collection('calendar_removals').dropIndex('dueAt_1')
  await collection('calendar_farewells').drop()
  await collection('events').dropIndex('calendarSync.dueAt_1__id_1')
  await insert(scene.db, 'feeds', { odd: true })
  const structure = [
    { kind: 'index-missing', collection: 'events', id: 'calendarSync.dueAt_1__id_1' },
    { kind: 'index-missing', collection: 'calendar_removals', id: 'dueAt_1' },
    { kind: 'collection-missing', collection: 'calendar_farewells', id: 'calendar_farewells' },
    { kind: 'validator-differs', collection: 'calendar_feeds', id: 'calendar_feeds' },
  ]
  const odd = { kind: 'document-invalid', collection: 'calendar_feeds' }
  expect(await scene.look()).toMatchObject([...structure, odd])
  expect(await scene.fix()).toMatchObject([odd])
  expect(await scene.look()).toMatchObject([odd])
})
