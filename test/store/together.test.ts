import { afterAll, beforeAll, expect, test } from '@jest/globals'
import mongoose from 'mongoose'
import { type DialogueStore, openStore } from '../../src/index.ts'
import { testServer } from '../../src/testing/index.ts'
import { makeMessages, makeUser } from '../support/make.ts'
import { makeDatabase } from '../support/store.ts'

/* Callers who read at the same time share commands: each must get what is theirs, as if they were alone. */
const PROVIDER = 'telegram'
const NOBODY = 'f'.repeat(24)
let connection: mongoose.Connection
let store: DialogueStore
let sent: string[] = []
const ids: string[] = []

beforeAll(async () => {
  const { uri } = await testServer()
  const { dbName } = await makeDatabase()
  connection = await mongoose.createConnection(uri, { dbName, monitorCommands: true }).asPromise()
  connection.getClient().on('commandStarted', ({ commandName }) => {
    if (commandName !== 'hello') sent.push(commandName)
  })
  store = await openStore({ connection })
  for (let i = 0; i < 40; i++) {
    const { id } = await makeUser(store, { identities: [{ provider: PROVIDER, id: `chat ${i}` }] })
    if (i > 0) await makeMessages(store, id, i)
    if (i % 2) await store.storeContext(id, { number: i })
    ids.push(id)
  }
})
afterAll(async () => {
  await store.close()
  await connection.close()
})

/** Asks for all at once, and for somebody who is not there; gives what they got, and how many commands it took. */
async function askAll<T>(ask: (id: string) => Promise<T>) {
  sent = []
  const [missing, ...found] = await Promise.allSettled([NOBODY, ...ids].map(ask))
  return {
    missing,
    found: found.map((one) => (one.status === 'fulfilled' ? one.value : one.reason)),
    commands: sent.length,
  }
}

test('pages', async () => {
  const { missing, found, commands } = await askAll((id) =>
    store.retrieveHistory(id, { limit: 10, count: false }),
  )
  expect(missing).toMatchObject({ status: 'rejected', reason: { code: 'USER_NOT_FOUND' } })
  const alone: Awaited<ReturnType<typeof store.retrieveHistory>>[] = []
  for (const id of ids) alone.push(await store.retrieveHistory(id, { limit: 10, count: false }))
  const shown = (pages: typeof alone) => pages.map(({ live: _, ...page }) => page)
  expect(shown(found)).toEqual(shown(alone))
  expect(found.map(({ messages }) => messages.length)).toEqual(ids.map((_, i) => Math.min(i, 10)))
  /* Two batches, and another look for the one who is not there. */
  expect(commands).toBeLessThan(6)
})

test('pages of several lengths', async () => {
  const limits = ids.map((_, i) => 1 + (i % 3))
  const pages = await Promise.all(
    ids.map((id, i) => store.retrieveHistory(id, { limit: limits[i], count: false })),
  )
  expect(pages.map(({ messages }) => messages.length)).toEqual(limits.map((limit, i) => Math.min(limit, i)))
  expect(pages.map(({ older }) => older !== null)).toEqual(limits.map((limit, i) => i > limit))
})

test('contexts', async () => {
  const { missing, found, commands } = await askAll((id) => store.retrieveContext(id))
  expect(missing).toMatchObject({ status: 'rejected', reason: { code: 'USER_NOT_FOUND' } })
  expect(found.map(({ userId, data }) => ({ userId, data }))).toEqual(
    ids.map((userId, i) => ({ userId, data: i % 2 ? { number: i } : {} })),
  )
  expect(commands).toBeLessThan(6)
})

test('users by id, and by identity', async () => {
  const byId = await askAll((id) => store.getUser(id))
  expect(byId.missing).toMatchObject({ status: 'rejected', reason: { code: 'USER_NOT_FOUND' } })
  expect(byId.found.map(({ id }) => id)).toEqual(ids)
  expect(byId.commands).toBeLessThan(6)
  sent = []
  const found = await Promise.all(
    [...ids, 'nobody'].map((_, i) => store.findUser({ provider: PROVIDER, id: `chat ${i}` })),
  )
  expect(found.map((user) => user?.id)).toEqual([...ids, undefined])
  expect(sent.length).toBeLessThan(6)
})

test('what one caller changes of it, another does not see', async () => {
  const [id = ''] = ids.slice(1)
  const contexts = await Promise.all([1, 2, 3].map(() => store.retrieveContext(id)))
  for (const { data } of contexts) Object.assign(data, { number: Math.random() })
  expect(new Set(contexts.map(({ data }) => data.number)).size).toBe(3)
  const identities = ['one', 'two'].map((name) => ({ provider: PROVIDER, id: name }))
  await makeUser(store, { identities, data: { number: 0 } })
  const users = await Promise.all(identities.map((identity) => store.findUser(identity)))
  expect(users[0]?.data).toEqual(users[1]?.data)
  expect(users[0]?.data).not.toBe(users[1]?.data)
  const pages = await Promise.all([1, 2].map(() => store.retrieveHistory(id)))
  expect(pages[0]?.messages[0]).not.toBe(pages[1]?.messages[0])
  expect(pages[0]?.messages[0]?.metadata).not.toBe(pages[1]?.messages[0]?.metadata)
})
