import { beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import type mongoose from 'mongoose'
import { ObjectId } from '../../src/ids.ts'
import type { CalendarEvent, DialogueStore, User } from '../../src/index.ts'
import { makeEvent, makeUser, makeWorld, refusedPaths, rejection, untyped } from '../support/make.ts'

let store: DialogueStore
let db: mongoose.mongo.Db
let ana: User

beforeAll(async () => {
  ;({ store, db } = await makeWorld())
})
beforeEach(async () => {
  await db.collection('dialogue_events').deleteMany({})
  ana = await makeUser(store)
})

const at = (time: string) => new Date(`2030-05-01T${time}Z`)
const between = (start: string, end: string, fields = {}) =>
  makeEvent(store, ana.id, { summary: `${start}-${end}`, start: at(start), end: at(end), ...fields })
const names = (events: CalendarEvent[]) => events.map(({ summary }) => summary)

describe('retrieveEvents', () => {
  test('gives what overlaps [from, to), by start', async () => {
    await between('12:00', '13:00')
    await between('08:00', '09:00')
    await between('08:30', '12:30')
    await between('10:00', '11:00')
    await between('09:00', '09:30')
    await between('11:00', '12:00')
    const page = await store.retrieveEvents({ creatorId: ana.id, from: at('09:00'), to: at('11:00') })
    expect(names(page.events)).toEqual(['08:30-12:30', '09:00-09:30', '10:00-11:00'])
    expect(page).toMatchObject({ count: 3, countIsExact: true, nextCursor: null })
    const upTo = await store.retrieveEvents({ creatorId: ana.id, to: at('09:00') })
    expect(names(upTo.events)).toEqual(['08:00-09:00', '08:30-12:30'])
    const since = await store.retrieveEvents({ creatorId: ana.id, from: at('12:30') })
    expect(names(since.events)).toEqual(['12:00-13:00'])
  })

  test('leaves cancelled ones out, unless they are asked for', async () => {
    await between('09:00', '10:00')
    const { id } = await between('10:00', '11:00')
    await store.cancelEvent(id)
    const ask = async (status?: ('confirmed' | 'cancelled') | ('confirmed' | 'cancelled')[]) => {
      const { events, count } = await store.retrieveEvents({ creatorId: ana.id, ...(status && { status }) })
      expect(count).toBe(events.length)
      return names(events)
    }
    expect(await ask()).toEqual(['09:00-10:00'])
    expect(await ask('confirmed')).toEqual(['09:00-10:00'])
    expect(await ask('cancelled')).toEqual(['10:00-11:00'])
    expect(await ask(['confirmed', 'cancelled'])).toEqual(['09:00-10:00', '10:00-11:00'])
  })

  test('gives the events of all users by time', async () => {
    const bia = await makeUser(store, { name: 'Bia' })
    await between('09:00', '10:00')
    await makeEvent(store, bia.id, { summary: 'Bia’s', start: at('08:00') })
    const everybody = await store.retrieveEvents({ from: at('00:00'), to: at('23:00') })
    expect(names(everybody.events)).toEqual(['Bia’s', '09:00-10:00'])
    expect(names((await store.retrieveEvents()).events)).toEqual(['Bia’s', '09:00-10:00'])
    const hers = await store.retrieveEvents({ creatorId: new ObjectId(bia.id) })
    expect(names(hers.events)).toEqual(['Bia’s'])
  })

  test('pages through equal starts, each event once, in the order of ids', async () => {
    const stored: CalendarEvent[] = []
    for (let i = 0; i < 12; i++) stored.push(await between(i < 9 ? '09:00' : '08:00', '10:00'))
    const seen: CalendarEvent[] = []
    let cursor: string | null = null
    let pages = 0
    do {
      const page: Awaited<ReturnType<typeof store.retrieveEvents>> = await store.retrieveEvents({
        creatorId: ana.id,
        limit: 5,
        cursor,
      })
      expect(page.count).toBe(12)
      seen.push(...page.events)
      cursor = page.nextCursor
      pages++
      /* A newcomer behind the cursor moves nothing. */
      if (cursor) await between('07:00', '07:30', { creatorId: (await makeUser(store)).id })
    } while (cursor)
    expect(pages).toBe(3)
    const byTime = stored.toSorted((a, b) => +a.start - +b.start || (a.id < b.id ? -1 : 1))
    expect(seen).toEqual(byTime)
  })

  test('has no next cursor when the last page is full', async () => {
    for (let i = 0; i < 4; i++) await between('09:00', '10:00')
    const first = await store.retrieveEvents({ creatorId: ana.id, limit: 2 })
    const second = await store.retrieveEvents({ creatorId: ana.id, limit: 2, cursor: first.nextCursor })
    expect([first.events.length, second.events.length]).toEqual([2, 2])
    expect(second.nextCursor).toBeNull()
    expect((await store.retrieveEvents({ creatorId: ana.id })).events).toHaveLength(4)
  })

  test('counts exactly up to ten thousand, and says so beyond', async () => {
    const { id } = await between('09:00', '10:00')
    const events = db.collection('dialogue_events')
    const like = await events.findOne({ _id: new ObjectId(id) })
    const copies = (count: number) => Array.from({ length: count }, () => ({ ...like, _id: new ObjectId() }))
    await events.insertMany(copies(9998))
    const filter = { creatorId: ana.id, limit: 1 }
    expect(await store.retrieveEvents(filter)).toMatchObject({ count: 9999, countIsExact: true })
    await events.insertMany(copies(2))
    expect(await store.retrieveEvents(filter)).toMatchObject({ count: 10_000, countIsExact: false })
  })

  test('does not expand recurrences', async () => {
    await between('09:00', '10:00', { recurrence: ['RRULE:FREQ=DAILY'] })
    const tomorrow = { from: new Date('2030-05-02T00:00Z'), to: new Date('2030-05-03T00:00Z') }
    expect((await store.retrieveEvents({ creatorId: ana.id, ...tomorrow })).events).toEqual([])
  })

  test('brings each event’s creator when asked', async () => {
    const bia = await makeUser(store, { name: 'Bia', data: { plan: 'free' } })
    await between('09:00', '10:00')
    await makeEvent(store, bia.id, { start: at('08:00') })
    const { events } = await store.retrieveEvents({ withCreator: true })
    expect(events.map(({ creator }) => creator)).toEqual([bia, ana])
    for (const event of (await store.retrieveEvents()).events) expect(event).not.toHaveProperty('creator')
  })

  test('says USER_NOT_FOUND for a creator who does not exist, or was deleted', async () => {
    await rejection(store.retrieveEvents({ creatorId: new ObjectId() }), 'USER_NOT_FOUND')
    await store.deleteUser(ana.id)
    await rejection(store.retrieveEvents({ creatorId: ana.id }), 'USER_NOT_FOUND')
  })

  test.each<[string, object, string[]]>([
    ['a window that ends before it begins', { from: at('10:00'), to: at('09:00') }, ['filter.to']],
    ['a window of nothing', { from: at('10:00'), to: at('10:00') }, ['filter.to']],
    ['an operator', { creatorId: { $exists: true } }, ['filter.creatorId']],
    ['another operator', { from: { $gt: 0 } }, ['filter.from']],
    ['an unknown status', { status: 'tentative' }, ['filter.status']],
    ['no status at all', { status: [] }, ['filter.status']],
    ['a limit of 0', { limit: 0 }, ['filter.limit']],
    ['a limit of 1001', { limit: 1001 }, ['filter.limit']],
    ['an unknown filter', { summary: 'x' }, ['filter.summary']],
    ['a cursor that is none', { cursor: 'abc' }, ['filter.cursor']],
    ['a cursor of another length', { cursor: Buffer.alloc(33, 1).toString('base64url') }, ['filter.cursor']],
    ['a cursor of another version', { cursor: Buffer.alloc(21, 2).toString('base64url') }, ['filter.cursor']],
  ])('refuses %s', async (_, filter, paths) => {
    expect(await refusedPaths(store.retrieveEvents(untyped(filter)))).toEqual(paths)
  })

  test('refuses a cursor that was changed', async () => {
    for (let i = 0; i < 2; i++) await between('09:00', '10:00')
    const { nextCursor } = await store.retrieveEvents({ limit: 1 })
    expect(nextCursor).toMatch(/^[\w-]+$/)
    const changed = store.retrieveEvents({ cursor: `${nextCursor}!` })
    expect(await refusedPaths(changed)).toEqual(['filter.cursor'])
  })
})
