import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import mongoose from 'mongoose'
import { type Rig, startRig } from '../../scripts/torture/parts/writes/rig.ts'
import { type Fate, startProxy } from '../../scripts/torture/rig/proxy.ts'
import { ObjectId } from '../../src/ids.ts'
import { type DialogueStore, openStore } from '../../src/index.ts'
import { makeIdentity, makeUser, storedOf } from '../support/make.ts'
import { gate, until } from '../transactions/support/turns.ts'

const TIMEOUT_MS = 120_000
const dbName = 'taken-back'
const HASTY_MS = 1500

const isStoring = (command: string, message: Buffer): boolean =>
  command === 'insert' && message.includes('dialogue_messages')

let rig: Rig
let client: mongoose.mongo.MongoClient
let db: mongoose.mongo.Db
/** Gives up before the server comes back. */
let hasty: DialogueStore
let store: DialogueStore
let other: DialogueStore
beforeAll(async () => {
  rig = await startRig()
  client = await mongoose.mongo.MongoClient.connect(rig.uri)
  db = client.db(dbName)
  store = await openStore({ uri: rig.uri, dbName })
  other = await openStore({ uri: rig.uri, dbName })
  hasty = await openStore({ uri: rig.uri, dbName, timeoutMs: HASTY_MS })
}, TIMEOUT_MS)
/* Else what a failed test has held would be held for the next one. */
afterEach(() => rig.restart(), TIMEOUT_MS)
afterAll(async () => {
  await Promise.all([store, other, hasty].map((one) => one?.close()))
  await client?.close()
  await rig?.stop()
})

describe('what is in the memory of a server only', () => {
  test(
    'is acknowledged to no delivery that comes again',
    async () => {
      const { id: userId } = await makeUser(store)
      const delivery = { userId, sender: 'user', content: 'hello', externalId: 'd-1' }
      const proxy = await startProxy(Number(new URL(rig.uri).port))
      const held = await openStore({ uri: proxy.uri, dbName, timeoutMs: HASTY_MS })
      proxy.judgeBy(async (command, message): Promise<Fate> => {
        if (isStoring(command, message)) await rig.holdJournal()
        return 'arrives'
      })
      const first = held.storeMessage(delivery).catch(() => {})
      await until(async () => (await storedOf(db, userId)).messages.length === 1)
      const again = other.storeMessage(delivery)
      expect(await Promise.race([again, pause(500)])).toBeUndefined()
      await first
      await rig.restart()
      expect(await again).toMatchObject({ message: { content: 'hello' } })
      expect((await storedOf(db, userId)).messages).toHaveLength(1)
      await held.close()
      proxy.stop()
    },
    TIMEOUT_MS,
  )

  test(
    'is no claim to send a message on: its writer dies, and the delivery that comes again finds the message',
    async () => {
      const { id: userId } = await makeUser(store)
      const delivery = { userId, sender: 'user', content: 'hello', externalId: 'd-2' }
      const proxy = await startProxy(Number(new URL(rig.uri).port))
      const dying = await openStore({ uri: proxy.uri, dbName, timeoutMs: 12_000 })
      await dying.storeMessage({ ...delivery, externalId: 'd-1' })
      let isBack = false
      let isDead = false
      proxy.judgeBy((command, message): Fate => {
        if (isDead) return 'is lost'
        isDead = isBack && isStoring(command, message)
        return isDead ? 'loses its reply' : 'arrives'
      })
      await rig.holdJournal()
      const first = dying.storeMessage(delivery).catch(() => {})
      await pause(500)
      isBack = true
      await rig.restart()
      await until(async () => isDead && (await storedOf(db, userId)).messages.length === 2)
      expect(await other.storeMessage(delivery)).toMatchObject({ created: false })
      expect((await storedOf(db, userId)).messages).toHaveLength(2)
      await first
      await dying.close()
      proxy.stop()
    },
    TIMEOUT_MS,
  )

  /** Of a user's context, and of their data: what writes it, and what changes it by a function. */
  const PLACES = {
    context: {
      write: (by: DialogueStore, userId: string, data: object) => by.storeContext(userId, data),
      change: (userId: string, change: (data: object) => Promise<object>) =>
        store.updateContext(userId, change),
      read: async (userId: string) => (await storedOf(db, userId)).contexts[0]?.data,
    },
    user: {
      write: (by: DialogueStore, userId: string, data: object) => by.updateUser(userId, { data }),
      change: (userId: string, change: (data: object) => Promise<object>) =>
        store.updateUser(userId, async ({ data }) => ({ data: await change(data) })),
      read: async (userId: string) => (await storedOf(db, userId)).users[0]?.data,
    },
  }

  test.each(['context', 'user'] as const)(
    'is no ground for a change of a %s',
    async (place) => {
      const { write, change, read } = PLACES[place]
      const { id: userId } = await makeUser(store)
      await write(store, userId, { said: 'first' })
      await rig.holdJournal()
      const lost = write(hasty, userId, { said: 'in memory' }).catch(() => {})
      await until(async () => (await read(userId)).said === 'in memory')
      const begun = gate()
      const goOn = gate()
      const changed = change(userId, async (data) => {
        begun.open()
        await goOn.opened
        return { ...data, more: true }
      })
      await begun.opened
      await lost
      await rig.restart()
      await write(other, userId, { said: 'since' })
      goOn.open()
      await changed
      expect(await read(userId)).toEqual({ said: 'since', more: true })
    },
    TIMEOUT_MS,
  )

  test(
    'is shown to nobody who reads a version',
    async () => {
      const identity = makeIdentity()
      const { id: userId } = await makeUser(store, { identities: [identity] })
      const start = new Date('2030-05-01T09:00:00Z')
      const { event } = await store.storeEvent({ creatorId: userId, summary: 'Tea', start })
      await store.storeContext(userId, { said: 'first' })
      await rig.holdJournal()
      const lost = [
        hasty.storeContext(userId, { said: 'in memory' }),
        hasty.updateUser(userId, { name: 'Bia' }),
        hasty.updateEvent(event.id, { summary: 'Coffee' }),
      ]
      const ended = Promise.allSettled(lost)
      const find = (name: string, _id: string) =>
        db.collection(`dialogue_${name}`).findOne({ _id: new ObjectId(_id) })
      await until(async () => (await storedOf(db, userId)).contexts[0]?.version === 2)
      await until(async () => (await find('users', userId))?.version === 2)
      await until(async () => (await find('events', event.id))?.version === 2)
      expect(await store.retrieveContext(userId)).toMatchObject({ version: 1, data: { said: 'first' } })
      expect(await store.getUser(userId)).toMatchObject({ version: 1 })
      expect(await store.getEvent(event.id)).toMatchObject({ version: 1 })
      expect(await store.ensureUser(identity)).toMatchObject({ user: { version: 1 }, created: false })
      expect((await store.listUsers()).users.find(({ id }) => id === userId)).toMatchObject({ version: 1 })
      expect(await store.retrieveEvents({ creatorId: userId })).toMatchObject({ events: [{ version: 1 }] })
      const [withCreator] = (await store.retrieveEvents({ creatorId: userId, withCreator: true })).events
      expect(withCreator).toMatchObject({ creator: { version: 1 } })
      await ended
    },
    TIMEOUT_MS,
  )
})
