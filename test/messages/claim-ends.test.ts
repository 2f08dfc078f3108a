import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals'
import type { DialogueStore } from '../../src/index.ts'
import { makeFaultyServer } from '../support/faults.ts'
import { makeUser, rejection, storedOf } from '../support/make.ts'

/* A delivery that meets a claim just as it ends. */
let server: Awaited<ReturnType<typeof makeFaultyServer>>
let store: DialogueStore
let other: DialogueStore
beforeAll(async () => {
  server = await makeFaultyServer()
  store = await server.open()
  other = await server.open()
})
afterEach(() => server.heal())
afterAll(() => server.stop())

const HELD_MS = 1000

/** Holds the next such command about claims up. @returns waits until it is held */
async function hold(failCommand: string): Promise<() => Promise<unknown>> {
  const failure = { failCommands: [failCommand], blockConnection: true, blockTimeMS: HELD_MS }
  const { count } = await server.fail({ collection: 'seen', ...failure }, { times: 1 })
  const timesEntered = Number(count) + 1
  return () =>
    server.db.client.db('admin').command({ waitForFailPoint: 'failCommand', timesEntered, maxTimeMS: 20_000 })
}

const delivery = (userId: string, content: string) => ({ userId, sender: 'user', content, externalId: 'x' })

test('because its seven days are over, claims it anew', async () => {
  const { id } = await makeUser(store)
  await store.storeMessage(delivery(id, 'eight days ago'))
  const held = await hold('find')
  const call = store.storeMessage(delivery(id, 'today'))
  await held()
  /* As the TTL monitor does. */
  await server.db.collection<{ _id: string }>('dialogue_seen').deleteMany({ _id: new RegExp(`^${id}`) })
  expect(await call).toMatchObject({ created: true })
  expect(await store.storeMessage(delivery(id, 'today, again'))).toMatchObject({ created: false })
  const contents = (await storedOf(server.db, id)).messages.map(({ content }) => content)
  expect(contents).toEqual(['eight days ago', 'today'])
})

test('because its user is erased, is told so', async () => {
  const { id } = await makeUser(store)
  await other.storeMessage(delivery(id, 'secret'))
  const held = await hold('delete')
  const erasure = store.deleteUser(id)
  await held()
  await rejection(other.getUser(id), 'USER_NOT_FOUND')
  await rejection(other.storeMessage(delivery(id, 'again')), 'USER_NOT_FOUND')
  expect(await erasure).toMatchObject({ messages: 1 })
})
