import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals'
import type mongoose from 'mongoose'
import { type GrammyStorage, grammyStorage } from '../../src/adapters/grammy.ts'
import type { DialogueStore } from '../../src/index.ts'
import { LOST_COMMAND, LOST_REPLY, makeFaultyServer, UNCONFIRMED } from '../support/faults.ts'

type State = Record<string, unknown>

let faulty: Awaited<ReturnType<typeof makeFaultyServer>>
let store: DialogueStore
beforeAll(async () => {
  faulty = await makeFaultyServer()
  store = await faulty.open()
})
afterAll(() => faulty?.stop())
afterEach(() => faulty.heal())

let bots = 0
/** Nobody's sessions, and those of somebody. */
function makeBot(isOwned: boolean) {
  const namespace = `bot ${++bots}`
  const userOf = (key: string) => (isOwned ? { provider: 'telegram', id: `${namespace} ${key}` } : null)
  const stored = () =>
    faulty.db.collection('dialogue_sessions').find({ namespace }).toArray() as Promise<
      mongoose.mongo.Document[]
    >
  return { storage: grammyStorage<State>(store, { namespace, userOf }), stored }
}

/** Fails the first commands of that name on sessions. */
const fail = (command: string, how: object, times = 3) =>
  faulty.fail({ failCommands: [command], collection: 'sessions', ...how }, { times })

async function taken(storage: GrammyStorage<State>): Promise<State> {
  return (await storage.read('k')) as State
}

test.each([
  ['three replies are lost', LOST_REPLY, true],
  ['three replies are lost, of nobody’s session', LOST_REPLY, false],
  ['three writes are not confirmed', UNCONFIRMED, false],
  ['three commands are lost', LOST_COMMAND, false],
  ['a command of a transaction is lost', LOST_COMMAND, true],
])('when %s, a session begins once, and is written once', async (_, how, isOwned) => {
  const { storage, stored } = makeBot(isOwned)
  await storage.read('k')
  if (!isOwned || how === LOST_COMMAND) await fail('insert', how)
  await storage.write('k', { n: 1 })
  expect(await stored()).toMatchObject([{ data: { value: { n: 1 } }, version: 1 }])
  const mine = await taken(storage)
  await fail('findAndModify', how)
  await storage.write('k', Object.assign(mine, { n: 2 }))
  await storage.write('k', Object.assign(mine, { n: 3 }))
  expect(await stored()).toMatchObject([{ data: { value: { n: 3 } }, version: 3 }])
})

test.each([
  ['replies', LOST_REPLY],
  ['confirmations', UNCONFIRMED],
  ['commands', LOST_COMMAND],
])('a deletion whose %s are lost does not conflict with itself', async (_, how) => {
  const { storage, stored } = makeBot(false)
  await storage.write('k', { n: 1 })
  await storage.read('k')
  await fail('delete', how)
  await storage.delete('k')
  expect(await stored()).toEqual([])
  await storage.write('k', { n: 2 })
  await fail('delete', how)
  await makeBot(false).storage.delete('k')
  expect(await stored()).toHaveLength(1)
})

test('a write that is never confirmed is repeated by who asked, and is no conflict then', async () => {
  const hasty = await faulty.open({ timeoutMs: 1000 })
  const namespace = `bot ${++bots}`
  const storage = grammyStorage<State>(hasty, { namespace })
  await storage.write('k', { step: 'a' })
  const mine = Object.assign(await taken(storage), { step: 'b' })
  await faulty.fail({ failCommands: ['findAndModify'], collection: 'sessions', ...UNCONFIRMED })
  await expect(storage.write('k', mine)).rejects.toMatchObject({ outcome: 'unknown', retryable: true })
  await faulty.heal()
  const other = grammyStorage<State>(store, { namespace })
  await other.write('k', Object.assign(await taken(other), { theirs: 1 }))
  await storage.write('k', mine)
  expect(await storage.read('k')).toEqual({ step: 'b', theirs: 1 })
})

/** A storage that does not wait long, and a write of `mine` that arrives, of which nobody hears. */
async function withUnheard(begin: State, mine: State) {
  const namespace = `bot ${++bots}`
  const storage = grammyStorage<State>(await faulty.open({ timeoutMs: 1000 }), { namespace })
  await storage.write('k', begin)
  const value = await taken(storage)
  const failing = async (write: () => unknown, how: object) => {
    await faulty.fail({ failCommands: ['findAndModify'], collection: 'sessions', ...how })
    await expect(Promise.resolve(write())).rejects.toMatchObject({ code: expect.any(String) })
    await faulty.heal()
  }
  await failing(() => storage.write('k', Object.assign(value, mine)), UNCONFIRMED)
  const stored = async () =>
    (await faulty.db.collection('dialogue_sessions').findOne({ namespace }))?.data.value
  return { storage, namespace, value, failing, stored }
}

test('a write that nobody heard of is undone by who writes what they had read', async () => {
  const { storage, value, stored } = await withUnheard({ n: 0 }, { n: 1 })
  expect(await stored()).toEqual({ n: 1 })
  await storage.write('k', Object.assign(value, { n: 0 }))
  expect(await stored()).toEqual({ n: 0 })
})

test('a session that began unheard is gone when it is deleted', async () => {
  const namespace = `bot ${++bots}`
  const storage = grammyStorage<State>(await faulty.open({ timeoutMs: 1000 }), { namespace })
  const stored = () => faulty.db.collection('dialogue_sessions').findOne({ namespace })
  await storage.read('k')
  await faulty.fail({ failCommands: ['insert'], collection: 'sessions', ...UNCONFIRMED })
  await expect(storage.write('k', { n: 1 })).rejects.toMatchObject({ outcome: 'unknown' })
  await faulty.heal()
  expect(await stored()).not.toBeNull()
  await storage.delete('k')
  expect(await stored()).toBeNull()
})

test('who failed twice does not conflict with their first try', async () => {
  const { storage, value, failing, stored } = await withUnheard({ n: 0 }, { n: 1 })
  await failing(() => storage.write('k', Object.assign(value, { n: 2 })), LOST_COMMAND)
  await storage.write('k', Object.assign(value, { n: 3 }))
  expect(await stored()).toEqual({ n: 3 })
})

test('what was deleted unheard is there again when it is written again', async () => {
  const { storage, stored } = await withUnheard({ n: 0 }, { n: 1 })
  await taken(storage)
  await faulty.fail({ failCommands: ['delete'], collection: 'sessions', ...UNCONFIRMED })
  await expect(Promise.resolve(storage.delete('k'))).rejects.toMatchObject({ outcome: 'unknown' })
  await faulty.heal()
  expect(await stored()).toBeUndefined()
  await storage.write('k', { n: 1 })
  expect(await stored()).toEqual({ n: 1 })
})

test('what nobody heard of, and others have written over too often to tell, is a conflict', async () => {
  const { storage, namespace, value, stored } = await withUnheard({ list: ['a'] }, { list: ['a', 'b'] })
  const other = grammyStorage<State>(store, { namespace })
  for (let n = 0; n < 8; n++) await other.write('k', Object.assign(await taken(other), { n }))
  await expect(Promise.resolve(storage.write('k', value))).rejects.toMatchObject({ code: 'VERSION_CONFLICT' })
  expect(await stored()).toEqual({ list: ['a', 'b'], n: 7 })
})

test('what nobody heard of, and did not arrive, is written over what others have written since', async () => {
  const { storage, namespace, failing, stored } = await withUnheard({ n: 0 }, { n: 1 })
  const other = grammyStorage<State>(store, { namespace })
  for (let i = 0; i < 8; i++) await other.write('k', Object.assign(await taken(other), { i }))
  const mine = await taken(storage)
  await failing(() => storage.write('k', Object.assign(mine, { n: 2 })), LOST_COMMAND)
  await other.write('k', Object.assign(await taken(other), { i: 8 }))
  await storage.write('k', mine)
  expect(await stored()).toEqual({ n: 2, i: 8 })
})
