import { beforeEach, expect, test } from '@jest/globals'
import type mongoose from 'mongoose'
import type { Database } from '../../src/db/database.ts'
import { createCalendarSync } from '../../src/google-calendar.ts'
import { ObjectId } from '../../src/ids.ts'
import { baseline, CALENDAR_MODELS } from '../../src/migrations/baseline.ts'
import { calendar } from '../../src/migrations/calendar.ts'
import { createHistory } from '../../src/migrations/history.ts'
import { MIGRATIONS, pendingOf } from '../../src/migrations/run.ts'
import { open as openGoogle } from '../calendar-server/support/client.ts'
import { openDatabase } from '../check/support/scene.ts'
import { makeEvent, makeUser, rejection } from '../support/make.ts'
import { makeDatabase, makeStore } from '../support/store.ts'
import { command } from './command.ts'

const NEW = CALENDAR_MODELS.map(({ collection }) => `dialogue_${collection}`)
const OF_BEFORE = ['state', 'calendarId', 'htmlLink', 'lastError', 'syncedAt']
const NOTHING = { pushed: 0, updated: 0, removed: 0, conflicts: 0, failed: 0 }
const DUE = { state: 'local', dueAt: new Date(0) }

let db: mongoose.mongo.Db
let dbName: string
let database: Database
let events: mongoose.mongo.Collection
let [planned, over, cancelled] = ['', '', '']

/** A database as version 0.1 left it, with events. */
beforeEach(async () => {
  ;({ db, dbName } = await makeDatabase())
  database = await openDatabase(dbName)
  events = db.collection('dialogue_events')
  const store = await makeStore({ dbName })
  const { id: creatorId } = await makeUser(store)
  planned = (await makeEvent(store, creatorId)).id
  over = (await makeEvent(store, creatorId, { start: new Date('2020-05-01T09:00Z') })).id
  cancelled = (await makeEvent(store, creatorId)).id
  await store.cancelEvent(cancelled)
  await store.close()
  const history = createHistory(database)
  await history.record(calendar.name, 'running')
  await calendar.down({ database, retention: undefined })
  await history.forget(calendar.name)
  const { validator } = await events.options()
  const { properties } = validator?.$jsonSchema.properties.calendarSync ?? {}
  for (const field of Object.keys(properties)) if (!OF_BEFORE.includes(field)) delete properties[field]
  await db.command({ collMod: 'dialogue_events', validator })
})

const namesIn = async () => (await db.listCollections().toArray()).map(({ name }) => name)
const indexesOf = async () => (await events.indexes()).map(({ name }) => name)
const stored = () => events.find().sort({ _id: 1 }).toArray()
const syncOf = async (id: string) => (await events.findOne({ _id: new ObjectId(id) }))?.calendarSync
const bare = (documents: mongoose.mongo.Document[]) => documents.map(({ calendarSync: _, ...rest }) => rest)

/** What came after it goes first. */
async function down() {
  for (const _ of MIGRATIONS.slice(MIGRATIONS.indexOf(calendar) + 1))
    await command(['down', '--db', dbName, '--yes'])
  return command(['down', '--db', dbName, '--yes'])
}

async function openWithGoogle() {
  const [store, google] = [await makeStore({ dbName }), await openGoogle()]
  const sync = () => createCalendarSync(store, { calendar: google.client })
  return { ...google, store, sync }
}

test('what it goes back to is what version 0.1 had', async () => {
  expect(await namesIn()).not.toEqual(expect.arrayContaining([NEW[0]]))
  expect(await indexesOf()).toHaveLength(6)
  expect((await stored()).map(({ calendarSync }) => calendarSync)).toEqual([
    { state: 'local' },
    { state: 'local' },
    { state: 'local' },
  ])
  const newer = { $set: { 'calendarSync.dueAt': new Date() } }
  await expect(events.updateOne({}, newer)).rejects.toMatchObject({ code: 121 })
})

test('events of before are due when the database is opened, and a sync publishes them', async () => {
  const before = await stored()
  const { sync, people } = await openWithGoogle()
  expect(await namesIn()).toEqual(expect.arrayContaining(NEW))
  expect(await indexesOf()).toHaveLength(7)
  expect(await stored()).toEqual(before.map((event) => ({ ...event, calendarSync: DUE })))
  expect(await sync().push()).toEqual({ ...NOTHING, pushed: 1 })
  expect(people.events()).toMatchObject([{ id: planned, summary: 'Dentist' }])
  for (const id of [over, cancelled]) expect(await syncOf(id)).toEqual({ state: 'local' })
  expect(bare(await stored())).toEqual(bare(before).map((one) => expect.objectContaining(one)))
})

test("migrate: 'check' refuses it, and changes nothing", async () => {
  const before = [await namesIn(), await stored()]
  const failure = await rejection(makeStore({ dbName, migrate: 'check' }), 'MIGRATION_PENDING')
  expect(failure.message).toContain('0002-calendar')
  expect([await namesIn(), await stored()]).toEqual(before)
})

test('an interrupted one is run again, and what was synced by then is not due', async () => {
  const { sync, store } = await openWithGoogle()
  await sync().push()
  await store.close()
  const synced = await syncOf(planned)
  /* As if it had died in the middle. */
  await createHistory(database).record(calendar.name, 'running')
  await db.collection('dialogue_calendar_feeds').drop()
  await events.dropIndex('calendarSync.dueAt_1__id_1')
  await rejection(makeStore({ dbName, migrate: 'check' }), 'MIGRATION_PENDING')
  await makeStore({ dbName })
  expect(await namesIn()).toEqual(expect.arrayContaining(NEW))
  expect(await indexesOf()).toHaveLength(7)
  expect(await syncOf(planned)).toEqual(synced)
  expect(await syncOf(over)).toEqual(DUE)
  expect(await createHistory(database).list()).toMatchObject(
    MIGRATIONS.map(({ name }) => ({ name, state: 'applied' })),
  )
})

test('an event that no validator takes is left as it is, and in nobody’s way', async () => {
  const odd = { _id: new ObjectId(), odd: true }
  await events.insertOne(odd, { bypassDocumentValidation: true })
  await (await makeStore({ dbName })).close()
  expect(await events.findOne({ _id: odd._id })).toEqual(odd)
  expect(await syncOf(planned)).toEqual(DUE)
  expect(await down()).toMatchObject({ code: 0 })
  expect(await events.findOne({ _id: odd._id })).toEqual(odd)
  expect(await syncOf(planned)).toEqual({ state: 'local' })
})

test('down and up again lose no event, and what was published is known to be', async () => {
  const { sync, store, people, client } = await openWithGoogle()
  await sync().push()
  await store.close()
  const before = await stored()
  expect(await down()).toMatchObject({ stdout: 'reverted 0002-calendar\n' })
  expect(bare(await stored())).toEqual(bare(before))
  for (const { calendarSync } of await stored()) expect(calendarSync).not.toHaveProperty('dueAt')
  const again = await makeStore({ dbName })
  expect(bare(await stored())).toEqual(bare(before))
  await again.updateEvent(planned, { summary: 'after all' })
  expect(await createCalendarSync(again, { calendar: client }).push()).toEqual({ ...NOTHING, updated: 1 })
  expect(people.events()).toMatchObject([{ id: planned, summary: 'after all' }])
})

test('code that knows only the first migration refuses the newer database', async () => {
  await makeStore({ dbName })
  const records = await createHistory(database).list()
  const opening = async () => pendingOf(records, [baseline])
  const failure = await rejection(opening(), 'MIGRATION_MISMATCH')
  expect(failure.message).toMatch(/0002-calendar.*Upgrade/)
})
