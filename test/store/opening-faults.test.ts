import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals'
import { makeFaultyServer } from '../support/faults.ts'
import { makeUser, rejection } from '../support/make.ts'

let server: Awaited<ReturnType<typeof makeFaultyServer>>
beforeAll(async () => {
  server = await makeFaultyServer()
})
afterEach(async () => {
  await server.heal()
  await server.db.dropDatabase()
})
afterAll(() => server.stop())

/** More often than the driver tries. */
const OFTEN = { times: 4 }
const STEPPING_DOWN = { errorCode: 11602 }
const BROKEN = { closeConnection: true }
const STEPS: [command: string, collection: string, failure: object][] = [
  ['find', 'meta', STEPPING_DOWN],
  ['find', 'meta', BROKEN],
  ['create', 'users', STEPPING_DOWN],
  ['create', 'messages', BROKEN],
  ['createIndexes', 'events', STEPPING_DOWN],
  ['createIndexes', 'seen', BROKEN],
  ['update', 'meta', STEPPING_DOWN],
  ['listIndexes', 'messages', STEPPING_DOWN],
]

test.each(STEPS)(
  'a new database is opened though %s on %s fails at first, with %j',
  async (command, collection, failure) => {
    await server.fail({ failCommands: [command], collection, ...failure }, OFTEN)
    const store = await server.open({ retention: { kind: 'rolling' } })
    const { id: userId } = await makeUser(store)
    await store.storeMessage({ userId, sender: 'user', content: 'hello' })
  },
)

test('what does not pass is told when the time is over, and the next one opens it', async () => {
  await server.fail({ failCommands: ['createIndexes'], collection: 'events', ...STEPPING_DOWN })
  const failure = await rejection(server.open({ timeoutMs: 1500 }), 'UNAVAILABLE')
  expect(failure.retryable).toBe(true)
  await server.heal()
  await makeUser(await server.open())
})

test('what is refused for good is told at once', async () => {
  await server.fail({ failCommands: ['create'], collection: 'events', errorCode: 13 })
  expect(await rejection(server.open(), 'UNAVAILABLE')).toMatchObject({ retryable: false })
})
