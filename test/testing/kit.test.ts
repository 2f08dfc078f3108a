import { existsSync } from 'node:fs'
import { dirname } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import mongoose from 'mongoose'
import { z } from 'zod'
import type { DialogueStore } from '../../src/index.ts'
import {
  closeTestStores,
  makeConversation,
  makeUser,
  openTestStore,
  startServer,
  type TestServer,
} from '../../src/testing/index.ts'
import { refusedPaths, rejection, untyped } from '../support/make.ts'
import { type Child, eventually, isRunning, runFixture } from './fixtures/children.ts'

describe('fixtures', () => {
  let store: DialogueStore
  beforeAll(async () => {
    store = await openTestStore()
  })

  test('makeUser stores somebody whom nobody else is', async () => {
    const users = await Promise.all([makeUser(store), makeUser(store)])
    for (const user of users) {
      const [identity] = user.identities
      expect(await store.findUser(identity ?? { provider: '', id: '' })).toEqual(user)
      expect(user).toMatchObject({ locale: 'pt-BR', timezone: 'America/Sao_Paulo', version: 1 })
    }
    expect(users[0]?.email).not.toBe(users[1]?.email)
  })

  test('makeUser takes what it is given, undefined for nothing, and in a transaction too', async () => {
    const identities = [{ provider: 'telegram', id: '4711' }]
    const user = await store.withTransaction((tx) =>
      makeUser(tx, { identities, name: undefined, email: undefined, states: { flow: 'begun' } }),
    )
    expect(user).toMatchObject({ identities, name: null, email: null, states: { flow: 'begun' } })
  })

  test('makeConversation stores a small dialogue, a minute from message to message, up to now', async () => {
    const before = Date.now()
    const { user, messages } = await makeConversation(store)
    expect((await store.retrieveHistory(user.id)).messages).toEqual(messages)
    expect(messages.map(({ sender }) => sender)).toEqual(
      Array.from({ length: 6 }, (_, i) => (i % 2 ? 'assistant' : 'user')),
    )
    const times = messages.map(({ timestamp }) => timestamp.getTime())
    expect(times.map((time) => time - (times[0] ?? 0))).toEqual([0, 1, 2, 3, 4, 5].map((i) => i * 60_000))
    expect(times[5]).toBeGreaterThanOrEqual(before)
    expect(times[5]).toBeLessThanOrEqual(Date.now())
  })

  test('makeConversation says the same each time, as often as asked', async () => {
    const said = async (turns: number) =>
      (await makeConversation(store, { turns })).messages.map(({ content }) => content)
    const many = await said(14)
    expect(many).toHaveLength(14)
    expect(await said(6)).toEqual(many.slice(0, 6))
    expect(many.slice(6, 12)).toEqual(many.slice(0, 6))
    expect(await said(0)).toEqual([])
  })

  test('makeConversation takes who says what, where and when', async () => {
    const user = await makeUser(store)
    const endsAt = new Date('2024-05-01T12:00:00Z')
    const turns = [
      ['user', 'hi'],
      ['tool', '{}'],
    ] as const
    const made = await makeConversation(store, { user, turns, conversationId: 'c', endsAt, intervalMs: 500 })
    expect(made.user).toBe(user)
    const { messages } = await store.retrieveHistory(user.id, { conversationId: 'c' })
    expect(messages).toEqual(made.messages)
    expect(messages).toMatchObject([
      { sender: 'user', content: 'hi', timestamp: new Date('2024-05-01T11:59:59.500Z') },
      { sender: 'tool', content: '{}', timestamp: endsAt },
    ])
  })

  test('makeConversation refuses what is wrong, and tells of what the store refuses', async () => {
    const before = await store.stats()
    for (const [options, path] of [
      [{ turns: -1 }, 'options.turns'],
      [{ turns: [['user']] }, 'options.turns'],
      [{ endsAt: 'now' }, 'options.endsAt'],
      [{ intervalMs: 0.5 }, 'options.intervalMs'],
      [{ user: {} }, 'options.user.id'],
      [{ length: 3 }, 'options.length'],
    ] as const)
      expect((await refusedPaths(makeConversation(store, untyped(options)))).join()).toContain(path)
    expect((await store.stats()).users).toBe(before.users)
    const silent = makeConversation(store, { turns: [['user', '']] })
    expect(await refusedPaths(silent)).toEqual(['0.content'])
  })

  test('know the shapes of a store', async () => {
    const shapes = { userData: z.object({ plan: z.string().default('free') }) }
    const shaped = await openTestStore({ shapes })
    const user = await makeUser(shaped, { data: { plan: 'paid' } })
    const plan: string = user.data.plan
    expect(plan).toBe('paid')
    const { user: other } = await makeConversation(shaped, { turns: 1 })
    expect(other.data.plan).toBe('free')
    // @ts-expect-error the shape has no such plan
    await refusedPaths(makeUser(shaped, { data: { plan: 1 } }))
  })
})

describe('closeTestStores', () => {
  const { MONGODB_URI } = process.env
  const named = 'named'
  let server: TestServer
  let client: mongoose.mongo.MongoClient
  /* On which other test files create and drop no databases. */
  beforeAll(async () => {
    await closeTestStores()
    server = await startServer({ own: true })
    process.env.MONGODB_URI = server.uri
    client = await mongoose.mongo.MongoClient.connect(server.uri)
  })
  afterAll(async () => {
    process.env.MONGODB_URI = MONGODB_URI
    await client.close()
    await server.stop()
  })

  const databases = async (): Promise<string[]> =>
    (await client.db('admin').admin().listDatabases({ nameOnly: true })).databases.map(({ name }) => name)

  test('closes all that are open and drops their databases, but those that were given a name', async () => {
    const before = await databases()
    const stores = await Promise.all([openTestStore(), openTestStore(), openTestStore({ dbName: named })])
    for (const store of stores) await makeUser(store)
    const made = (await databases()).filter((name) => !before.includes(name))
    await stores[0]?.close()
    await closeTestStores()
    for (const store of stores) await rejection(store.ping(), 'STORE_CLOSED')
    const left = await databases()
    expect(made.filter((name) => left.includes(name))).toEqual([named])
  })

  test('finds nothing to do when it is called again, and stores can be opened after it', async () => {
    await Promise.all([closeTestStores(), closeTestStores()])
    const store = await openTestStore()
    expect(await makeUser(store)).toMatchObject({ version: 1 })
    await closeTestStores()
    await rejection(store.ping(), 'STORE_CLOSED')
  })
})

describe('a server of its own', () => {
  const serversOf = (child: Child): TestServer[] =>
    child.output.stdout
      .split('\n')
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line))

  async function expectGone(child: Child): Promise<void> {
    const members = serversOf(child).flatMap((server) => server.members)
    expect(members.length).toBeGreaterThan(0)
    await eventually(() => members.every(({ pid }) => !isRunning(pid)))
    await eventually(() => members.every(({ directory }) => !existsSync(dirname(directory))))
  }

  test('is gone when the stores are closed, while the process goes on', async () => {
    const child = runFixture('kit.ts', ['close'])
    await child.untilItSays(/members/)
    await child.untilItSays(/closed/)
    await expectGone(child)
    expect(isRunning(child.pid)).toBe(true)
    child.signal('SIGTERM')
    await child.ended
  })

  test('begins anew, and the process ends by itself', async () => {
    const child = runFixture('kit.ts', ['again'])
    expect(await child.ended).toEqual({ code: 0, signal: null })
    expect(new Set(serversOf(child).map(({ uri }) => uri)).size).toBe(2)
    await expectGone(child)
  })

  test('begins anew for a store that is opened while the others are closed', async () => {
    const child = runFixture('kit.ts', ['meanwhile'])
    const ended = await child.ended
    expect({ ...ended, errors: child.output.stderr }).toEqual({ code: 0, signal: null, errors: '' })
    expect(new Set(serversOf(child).map(({ uri }) => uri)).size).toBe(2)
    expect(child.output.stdout).toContain('STORE_CLOSED')
    await expectGone(child)
  })

  test('is gone when a test crashes before it closes anything', async () => {
    const child = runFixture('kit.ts', ['crash'])
    expect(await child.ended).toEqual({ code: 1, signal: null })
    expect(child.output.stderr).toContain('as tests do')
    await expectGone(child)
  })
})
