import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import mongoose from 'mongoose'
import { createDatabase, type Database } from '../../src/db/database.ts'
import { ObjectId } from '../../src/ids.ts'
import { type Clock, createClock, type ServerTime } from '../../src/messages/clock.ts'
import {
  createLive,
  decodeOrigin,
  encodeOrigin,
  placeAt,
  placeWith,
  timeOf,
} from '../../src/messages/live.ts'
import type { MessageDocument } from '../../src/messages/schema.ts'
import { testServer } from '../../src/testing/index.ts'
import { until } from '../migrations/command.ts'
import { makeDatabase } from '../support/store.ts'

const { Timestamp } = mongoose.mongo

let connection: mongoose.Connection
let database: Database
let hellos = 0
beforeAll(async () => {
  const { uri } = await testServer()
  const { dbName } = await makeDatabase()
  connection = await mongoose.createConnection(uri, { dbName, monitorCommands: true }).asPromise()
  connection.getClient().on('commandStarted', ({ commandName }) => {
    if (commandName === 'hello') hellos++
  })
  database = createDatabase(connection, 'dialogue_', 30_000)
})
afterAll(() => connection.close())

describe('the clock', () => {
  test('has heard of whatever this process has stored', async () => {
    const clock = createClock(database)
    for (let i = 0; i < 20; i++) {
      const before = clock.heard()
      await database.internal('others').insertOne({ i })
      const { majority, latest } = await clock.ask(database.deadline())
      if (!before || !majority) throw new Error('the driver does not tell of its cluster time any more')
      expect(majority.greaterThan(before)).toBe(true)
      expect(latest.greaterThanOrEqual(majority)).toBe(true)
      expect(clock.heard()?.greaterThanOrEqual(latest)).toBe(true)
    }
  })

  test('asks once for all who ask while it waits for an answer, and after they asked', async () => {
    const clock = createClock(database)
    const deadline = database.deadline()
    hellos = 0
    const early = Array.from({ length: 50 }, () => clock.ask(deadline))
    /* By now the first question is on its way. */
    await Promise.resolve()
    const late = Array.from({ length: 50 }, () => clock.ask(deadline))
    await Promise.all([...early, ...late])
    expect(hellos).toBe(2)
  })

  test('knows a point lately, unless this process has stored something, who knows when', async () => {
    const clock = createClock(database)
    expect(clock.lately()).toBeUndefined()
    const { majority } = await clock.ask(database.deadline())
    expect(clock.lately()).toEqual(majority)
    clock.unsure()
    expect(clock.lately()).toBeUndefined()
  })

  test('forgets what is no longer lately', async () => {
    const clock = createClock(database)
    await clock.ask(database.deadline())
    await until(async () => clock.lately() === undefined)
  })

  test('goes by what this process has stored, and never back', async () => {
    const clock = createClock(database)
    const { latest } = await clock.ask(database.deadline())
    const [later, earlier] = [60, -60].map((s) => new Timestamp({ t: latest.t + s, i: 1 }))
    if (!later || !earlier) throw new Error('unreachable')
    clock.passed(later)
    clock.passed(earlier)
    expect(clock.lately()).toEqual(later)
  })

  test('does not trust an answer that it was unsure about meanwhile, nor what was stored before', async () => {
    const clock = createClock(database)
    const asking = clock.ask(database.deadline())
    clock.unsure()
    const { latest } = await asking
    clock.passed(latest)
    expect(clock.lately()).toBeUndefined()
  })
})

describe('a place', () => {
  const time = fc
    .tuple(fc.integer({ min: 0, max: 2 ** 32 - 1 }), fc.integer({ min: 0, max: 2 ** 32 - 1 }))
    .map(([t, i]) => new Timestamp({ t, i }))
  const token = fc
    .uint8Array({ minLength: 1, maxLength: 100 })
    .map((b) => Buffer.from(b).toString('hex').toUpperCase())
  const ids = fc.uniqueArray(fc.uint8Array({ minLength: 12, maxLength: 12 }), {
    minLength: 1,
    maxLength: 5,
    selector: (b) => Buffer.from(b).toString('hex'),
  })

  test('comes back from its text as it went in', () => {
    fc.assert(
      fc.property(time, fc.option(token), fc.option(fc.tuple(time, ids)), (at, more, page) => {
        const origin = {
          place: more === null ? placeAt(at) : placeWith(at, more),
          page: page
            ? { end: placeAt(page[0]), ids: new Set(page[1].map((b) => Buffer.from(b).toString('hex'))) }
            : undefined,
        }
        expect(decodeOrigin(encodeOrigin(origin))).toEqual(origin)
        expect(timeOf(origin.place).equals(at)).toBe(true)
      }),
    )
  })

  test('of a time is behind everything that has it, and before everything later', () => {
    fc.assert(
      fc.property(time, time, token, (a, b, some) => {
        expect(placeAt(a) > placeWith(a, some)).toBe(true)
        expect(placeAt(a) < placeWith(b, some)).toBe(a.lessThan(b))
      }),
    )
  })
})

describe("a page's live", () => {
  const NOW = 1_800_000_000
  const at = (seconds: number) => new Timestamp({ t: NOW + seconds, i: 1 })
  const clockOf = (time: ServerTime, lately?: mongoose.mongo.Timestamp): Clock => ({
    heard: () => time.latest,
    ask: async () => time,
    lately: () => lately,
    passed() {},
    unsure() {},
  })
  const messageAt = (seconds: number): MessageDocument => ({
    _id: new ObjectId(),
    userId: new ObjectId(),
    sender: 'user',
    content: 'x',
    type: 'text',
    timestamp: new Date(0),
    createdAt: new Date((NOW + seconds) * 1000),
    version: 1,
  })
  const originOf = async (time: ServerTime, documents: MessageDocument[], again = false) => {
    const live = createLive(database, clockOf(time))
    const page = { documents, again, older: undefined, newer: undefined }
    const around = await live.around(
      { isNewest: false, isBefore: false },
      database.deadline(),
      async () => page,
    )
    return decodeOrigin(await live.of(around, database.deadline()))
  }

  test('names what the page may show from beyond the place, and nothing older', async () => {
    const messages = [-3600, -160, -100, 0, 5].map(messageAt)
    const { place, page } = await originOf({ majority: at(0), latest: at(5) }, messages)
    expect(timeOf(place).t).toBe(NOW)
    expect([...(page?.ids ?? [])]).toEqual(messages.slice(2).map(({ _id }) => _id.toHexString()))
    expect(timeOf(page?.end ?? '').t).toBe(NOW + 5)
  })

  test('names all that the page shows, if a transaction was settled for it', async () => {
    const { page } = await originOf({ majority: at(0), latest: at(5) }, [messageAt(-3600)], true)
    expect(page?.ids.size).toBe(1)
  })

  test('names nothing when nothing was stored meanwhile', async () => {
    const { page } = await originOf({ majority: at(0), latest: at(0) }, [messageAt(0)])
    expect(page).toBeUndefined()
  })

  describe('where a point was known lately', () => {
    const [now, lately] = [at(10), at(9)]
    /** The place from which following goes on, and how often the page was read. */
    const newest = { isNewest: true, isBefore: false }
    const around = async (timestamps: number[], beyond: object = {}, kind = newest) => {
      let reads = 0
      const live = createLive(database, clockOf({ majority: now, latest: now }, lately))
      const documents = timestamps.map((seconds) => ({
        ...messageAt(seconds),
        timestamp: new Date((NOW + seconds) * 1000),
      }))
      const read = async () => {
        reads++
        return { documents, older: undefined, newer: undefined, ...beyond }
      }
      const { place } = await live.around(kind, database.deadline(), read)
      return { place: timeOf(place), reads }
    }

    test('is that point, if the page goes back far enough, or has all there is', async () => {
      expect(await around([-3600, 5], { older: 'more' })).toMatchObject({ place: lately, reads: 1 })
      expect(await around([5])).toMatchObject({ place: lately, reads: 1 })
      expect(await around([])).toMatchObject({ place: lately, reads: 1 })
    })

    test('is asked for before the page is read again, if that does not', async () => {
      expect(await around([-60, 5], { older: 'more' })).toMatchObject({ place: now, reads: 2 })
      expect(await around([], { older: 'more' })).toMatchObject({ place: now, reads: 2 })
    })

    test('is that point for a page in the midst, and asked for if it turns out to be the end', async () => {
      const midst = { isNewest: false, isBefore: true }
      expect(await around([5], { newer: 'more' }, midst)).toMatchObject({ place: lately, reads: 1 })
      expect(await around([-3600], {}, midst)).toMatchObject({ place: now, reads: 2 })
    })

    test('is asked for at once by pages that show only some', async () => {
      const some = { isNewest: false, isBefore: false }
      expect(await around([-3600, 5], { older: 'more' }, some)).toMatchObject({ place: now, reads: 1 })
    })
  })

  test('is asked for at once after a page that did not go back far enough', async () => {
    let reads = 0
    const time = { majority: at(0), latest: at(0) }
    const live = createLive(database, clockOf(time, at(0)))
    const read = async () => {
      reads++
      const documents = [messageAt(0)].map((message) => ({ ...message, timestamp: message.createdAt }))
      return { documents, older: 'more', newer: undefined }
    }
    await live.around({ isNewest: true, isBefore: false }, database.deadline(), read)
    expect(reads).toBe(2)
    await live.around({ isNewest: true, isBefore: false }, database.deadline(), read)
    expect(reads).toBe(3)
  })

  test('lies a little back where the server does not say what everybody sees', async () => {
    const { place, page } = await originOf({ majority: undefined, latest: at(0) }, [messageAt(-2)])
    expect(timeOf(place).t).toBe(NOW - 5)
    expect(page?.ids.size).toBe(1)
  })
})
