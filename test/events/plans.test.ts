import { beforeAll, describe, expect, test } from '@jest/globals'
import type mongoose from 'mongoose'
import { ObjectId } from '../../src/ids.ts'
import type { DialogueStore, User } from '../../src/index.ts'
import { makeEvent, makeUser, makeWorld } from '../support/make.ts'

const MINUTE = 60_000
const OVER = 20_000
const TO_COME = 200

let store: DialogueStore
let db: mongoose.mongo.Db
let events: mongoose.mongo.Collection
let crowd: User[]
const now = new Date('2030-05-01T12:00Z')
const minutesFromNow = (minutes: number) => new Date(now.getTime() + minutes * MINUTE)

/** Years of events that are over, some weeks of those to come, and one that is about to begin. */
beforeAll(async () => {
  ;({ store, db } = await makeWorld())
  events = db.collection('dialogue_events')
  crowd = await Promise.all(Array.from({ length: 20 }, (_, i) => makeUser(store, { name: `user ${i}` })))
  const { id } = await makeEvent(store, crowd[0]?.id ?? '', { summary: 'soon', start: minutesFromNow(3) })
  const like = await events.findOne({ _id: new ObjectId(id) })
  const copy = (hours: number, i: number) => ({
    ...like,
    _id: new ObjectId(),
    creatorId: new ObjectId(crowd[i % crowd.length]?.id),
    summary: 'filler',
    start: minutesFromNow(hours * 60),
    end: minutesFromNow(hours * 60 + 60),
    status: i % 10 === 9 ? 'cancelled' : 'confirmed',
  })
  await events.insertMany([
    ...Array.from({ length: OVER }, (_, i) => copy(-2 - i, i)),
    ...Array.from({ length: TO_COME }, (_, i) => copy(1 + i, i)),
  ])
})

interface Profiled {
  /** `query` of a find, `command` of a count. */
  op: 'query' | 'command'
  planSummary: string
  keysExamined: number
  docsExamined: number
}

/** What the server says of the commands that a call sent to a collection. */
async function profile(collection: string, call: () => Promise<unknown>): Promise<Profiled[]> {
  await db.command({ profile: 0 })
  await db.dropCollection('system.profile').catch(() => {})
  await db.command({ profile: 2, slowms: 0 })
  await call()
  await db.command({ profile: 0 })
  const ns = `${db.databaseName}.dialogue_${collection}`
  return db
    .collection('system.profile')
    .find<mongoose.mongo.WithId<Profiled>>({ ns, op: { $in: ['query', 'command'] } })
    .toArray()
}

describe('retrieveEvents', () => {
  test('answers the reminder bot without looking at what is over', async () => {
    const question = { from: now, to: minutesFromNow(5) }
    const { events: found, count } = await store.retrieveEvents(question)
    expect(found.map(({ summary }) => summary)).toEqual(['soon'])
    expect(count).toBe(1)
    const commands = await profile('events', () => store.retrieveEvents(question))
    expect(commands).toHaveLength(2)
    for (const { planSummary, keysExamined, docsExamined } of commands) {
      expect(planSummary).toMatch(/^IXSCAN/)
      expect(keysExamined).toBeLessThan(TO_COME * 2)
      expect(docsExamined).toBeLessThanOrEqual(1)
    }
  })

  test.each([
    ['all events', () => ({}), 20_000],
    ['all cancelled events', () => ({ status: 'cancelled' as const }), 21_000],
    ['the next events of all', () => ({ from: now }), 1000],
    ['a creator’s events', () => ({ creatorId: crowd[1]?.id ?? '' }), 2100],
    ['a creator’s next events', () => ({ creatorId: crowd[1]?.id ?? '', from: now }), 2100],
    [
      'a day long ago',
      () => ({ from: minutesFromNow(-1440 * 300), to: minutesFromNow(-1440 * 299) }),
      30_000,
    ],
  ])('reads an index for %s, and no more documents than it gives', async (_, filter, keys) => {
    const commands = await profile('events', () => store.retrieveEvents({ ...filter(), limit: 10 }))
    expect(commands).toHaveLength(2)
    for (const { planSummary } of commands) expect(planSummary).toMatch(/^IXSCAN/)
    const examined = commands.reduce((sum, { keysExamined }) => sum + keysExamined, 0)
    expect(examined).toBeLessThan(keys)
  })

  test('goes on from a cursor without walking there', async () => {
    let cursor: string | null = null
    for (let i = 0; i < 15; i++)
      ({ nextCursor: cursor } = await store.retrieveEvents({ limit: 1000, cursor }))
    expect(cursor).not.toBeNull()
    const commands = await profile('events', () => store.retrieveEvents({ limit: 10, cursor }))
    const page = commands.find(({ op }) => op === 'query')
    expect(page?.keysExamined).toBeLessThan(30)
  })

  test('fetches the creators of a page in one query', async () => {
    let found = 0
    const commands = await profile('users', async () => {
      const page = await store.retrieveEvents({ limit: 100, withCreator: true })
      found = new Set(page.events.map(({ creator }) => creator?.id)).size
    })
    expect(found).toBeGreaterThan(10)
    expect(commands).toHaveLength(1)
    expect(commands[0]).toMatchObject({ planSummary: 'IXSCAN { _id: 1 }', docsExamined: found })
  })
})

describe('googleCalendarId', () => {
  const insert = async (fields: object) => {
    const like = await events.findOne({ summary: 'soon' })
    return events.insertOne({ ...like, _id: new ObjectId(), summary: 'google', ...fields })
  }
  const sync = (calendarId: string) => ({ calendarSync: { state: 'synced', calendarId } })

  test('is unique together with its calendar, where it is given', async () => {
    await insert({ googleCalendarId: 'g1', ...sync('work') })
    await expect(insert({ googleCalendarId: 'g1', ...sync('work') })).rejects.toMatchObject({ code: 11000 })
    await insert({ googleCalendarId: 'g1', ...sync('home') })
    await insert({ googleCalendarId: 'g2', ...sync('work') })
    for (let i = 0; i < 2; i++) await insert(sync('work'))
    expect(await events.countDocuments({ summary: 'google' })).toBe(5)
  })

  test('is kept so by a partial index', async () => {
    const index = (await events.indexes()).find(({ key }) => 'googleCalendarId' in key)
    expect(index).toMatchObject({
      unique: true,
      key: { 'calendarSync.calendarId': 1, googleCalendarId: 1 },
      partialFilterExpression: { googleCalendarId: { $exists: true } },
    })
  })
})
