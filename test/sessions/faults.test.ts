import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals'
import type mongoose from 'mongoose'
import { type GrammyStorage, grammyStorage } from '../../src/adapters/grammy.ts'
import type { DialogueStore } from '../../src/index.ts'
import { LOST_COMMAND, LOST_REPLY, makeFaultyServer } from '../support/faults.ts'

type State = Record<string, unknown>

let faulty: Awaited<ReturnType<typeof makeFaultyServer>>
let store: DialogueStore
beforeAll(async () => {
  faulty = await makeFaultyServer()
  store = await faulty.open()
})
afterAll(() => faulty?.stop())
afterEach(() => faulty.heal())

/** The command is carried out, but its reply says that the majority did not confirm it in time. */
const UNCONFIRMED = { writeConcernError: { code: 64, errmsg: 'waiting for replication timed out' } }

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
