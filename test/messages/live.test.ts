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
  const clockOf = (time: ServerTime): Clock => ({ heard: () => time.latest, ask: async () => time })
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
    const place = await live.before(database.deadline())
    return decodeOrigin(await live.of({ place, documents, again }, database.deadline()))
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

  test('lies a little back where the server does not say what everybody sees', async () => {
    const { place, page } = await originOf({ majority: undefined, latest: at(0) }, [messageAt(-2)])
    expect(timeOf(place).t).toBe(NOW - 5)
    expect(page?.ids.size).toBe(1)
  })
})
