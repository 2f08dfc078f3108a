import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import mongoose from 'mongoose'
import { type DialogueStore, openStore } from '../../src/index.ts'
import { testServer } from '../../src/testing/index.ts'
import { makeEvent, makeMessages, makeUser, refusedPaths, rejection, untyped } from '../support/make.ts'
import { makeDatabase } from '../support/store.ts'

const SMALL = { retention: { kind: 'capped', sizeBytes: 2 ** 20 } } as const

let connection: mongoose.Connection
let db: mongoose.mongo.Db
let stores: DialogueStore[]

async function borrow(options: mongoose.ConnectOptions = {}): Promise<void> {
  const database = await makeDatabase()
  db = database.db
  const { uri } = await testServer()
  connection = await mongoose.createConnection(uri, { dbName: database.dbName, ...options }).asPromise()
  stores = []
}

async function open(): Promise<DialogueStore> {
  const store = await openStore({ connection, ...SMALL })
  stores.push(store)
  return store
}

afterEach(async () => {
  for (const store of stores) await store.close()
  await connection.close()
})

/** One of everything that a store does. */
async function exercise(store: DialogueStore): Promise<void> {
  const { user } = await store.ensureUser({ provider: 'whatsapp', id: '+1' }, { data: { big: 2 ** 40 } })
  expect((await store.updateUser(user.id, { states: { a: 'b' } })).version).toBe(2)
  const { live } = await store.retrieveHistory(user.id)
  await makeMessages(store, user.id, 3, { metadata: { n: 2 ** 40, half: 0.5, one: 1 } })
  const page = await store.retrieveHistory(user.id, { senders: ['user'], count: 'exact' })
  expect(page).toMatchObject({ count: 3, countIsExact: true })
  expect(page.messages[0]?.metadata).toStrictEqual({ n: 2 ** 40, half: 0.5, one: 1 })
  const following = store.followMessages({ after: live })[Symbol.asyncIterator]()
  expect((await following.next()).value).toStrictEqual({
    message: page.messages[0],
    resume: expect.any(String),
  })
  await following.return?.()
  const { context } = await store.storeContext(user.id, { deep: [{ n: 1 }, null, ''] })
  expect(await store.retrieveContext(user.id, { pending: true })).toEqual({ ...context, pending: 3 })
  const event = await makeEvent(store, user.id, { data: { n: 1 } })
  const events = await store.retrieveEvents({ creatorId: user.id, withCreator: true })
  expect(events).toMatchObject({
    count: 1,
    events: [{ id: event.id, data: { n: 1 }, creator: { id: user.id } }],
  })
  expect(await store.stats()).toMatchObject({ users: 1, contexts: 1, events: 1, messages: { count: 3 } })
  expect(await store.withUserLock(user.id, async () => 'worked')).toBe('worked')
  expect(await store.deleteUser(user.id)).toMatchObject({ messages: 3, contexts: 1, events: 1 })
}

describe('a borrowed connection', () => {
  beforeEach(() => borrow())

  test('keeps its models, their data and their indexes', async () => {
    const User = connection.model('User', new mongoose.Schema({ nick: { type: String, unique: true } }))
    const Message = connection.model('Message', new mongoose.Schema({ text: String }), 'messages')
    await User.init()
    await User.create({ nick: 'ana' })
    await Message.create({ text: 'mine' })
    const before = await Promise.all(['users', 'messages'].map((name) => db.collection(name).indexes()))
    await exercise(await open())
    expect(connection.modelNames().sort()).toEqual(['Message', 'User'])
    expect(connection.model('User')).toBe(User)
    expect(Object.keys(connection.collections).sort()).toEqual(['messages', 'users'])
    await stores[0]?.close()
    await User.create({ nick: 'bia' })
    expect((await User.find().sort('nick')).map(({ nick }) => nick)).toEqual(['ana', 'bia'])
    expect((await Message.find()).map(({ text }) => text)).toEqual(['mine'])
    expect(await Promise.all(['users', 'messages'].map((name) => db.collection(name).indexes()))).toEqual(
      before,
    )
  })

  test('stays open after close(), for its owner and for other stores', async () => {
    const states: string[] = []
    for (const event of ['close', 'disconnected', 'disconnecting'])
      connection.on(event, () => states.push(event))
    const [first, second] = [await open(), await open()]
    await first.close()
    expect(connection.readyState).toBe(mongoose.ConnectionStates.connected)
    await rejection(first.ping(), 'STORE_CLOSED')
    await makeUser(second)
    expect(await connection.db?.admin().ping()).toMatchObject({ ok: 1 })
    expect(states).toEqual([])
  })

  test('shows nothing of the stores that were opened on it', async () => {
    const client = connection.getClient()
    const shown = () => ({
      keys: Reflect.ownKeys(connection).sort(),
      models: connection.modelNames(),
      views: (connection as { otherDbs?: unknown[] }).otherDbs?.length,
      listeners: client.eventNames().map((name) => [name, client.listenerCount(name)]),
      own: connection.eventNames(),
      connections: mongoose.connections.length,
      options: { ...client.options },
    })
    const before = shown()
    for (let i = 0; i < 3; i++) await (await open()).close()
    expect(shown()).toEqual(before)
  })

  test('is waited for when it is still opening', async () => {
    const { uri } = await testServer()
    const { dbName } = await makeDatabase()
    const opening = mongoose.createConnection(uri, { dbName })
    const store = await openStore({ connection: opening, ...SMALL })
    await makeUser(store)
    await store.close()
    await opening.close()
  })

  test('may be a view of one, on another database', async () => {
    const other = await makeDatabase()
    const store = await openStore({ connection: connection.useDb(other.dbName), ...SMALL })
    await makeUser(store)
    await store.close()
    expect(await other.db.collection('dialogue_users').countDocuments()).toBe(1)
    expect(await db.listCollections().toArray()).toEqual([])
  })

  test('of another copy of mongoose is refused', async () => {
    const foreign = { useDb: () => {}, getClient: () => ({ db: () => {} }), name: 'x' }
    expect(await refusedPaths(openStore(untyped({ connection: foreign })))).toEqual(['connection'])
  })
})

describe('what the caller has set on a borrowed connection', () => {
  test.each<[string, mongoose.ConnectOptions]>([
    [
      'where to read, and how to write',
      {
        readPreference: 'secondaryPreferred',
        readConcern: { level: 'majority' },
        writeConcern: { w: 1, journal: false },
        retryWrites: false,
        retryReads: false,
      },
    ],
    ['values that are not promoted', { promoteValues: false, ignoreUndefined: true }],
    ['longs that are not promoted', { promoteLongs: false, autoCreate: true, autoIndex: true }],
    ['longs as BigInt', { useBigInt64: true, serializeFunctions: true }],
    ['raw buffers', { raw: true, promoteBuffers: true }],
    ['filters that are taken for values', { sanitizeFilter: true }],
  ])('changes nothing of what the store does: %s', async (_, options) => {
    await borrow(options)
    await exercise(await open())
  })

  test('does not decide where the store reads, and how it writes', async () => {
    await borrow({ readPreference: 'secondaryPreferred', writeConcern: { w: 1 }, monitorCommands: true })
    const commands: mongoose.mongo.CommandStartedEvent[] = []
    connection.getClient().on('commandStarted', (event) => commands.push(event))
    await exercise(await open())
    expect(commands.length).toBeGreaterThan(20)
    for (const { command } of commands) {
      expect(command.$readPreference?.mode ?? 'primary').toBe('primary')
      if (command.writeConcern) expect(command.writeConcern.w).toBe('majority')
    }
    const writes = commands.filter(({ commandName }) => ['insert', 'update', 'delete'].includes(commandName))
    expect(writes.length).toBeGreaterThan(3)
    const alone = writes.filter(({ command }) => command.autocommit === undefined)
    for (const { command } of alone) expect(command.writeConcern).toMatchObject({ w: 'majority' })
  })

  test('holds for the caller’s plugins and settings of mongoose too', async () => {
    const application = new mongoose.Mongoose()
    const applied: string[] = []
    application.plugin((schema) => {
      applied.push('plugin')
      schema.index({ plugged: 1 })
    })
    application.set('autoCreate', true)
    await borrow()
    const { uri } = await testServer()
    const own = await application.createConnection(uri, { dbName: db.databaseName }).asPromise()
    const store = await openStore({ connection: own, ...SMALL })
    await exercise(store)
    await store.close()
    await own.close()
    expect(applied).toEqual([])
    const indexes = await db.collection('dialogue_users').indexes()
    expect(indexes.filter(({ key }) => 'plugged' in key)).toEqual([])
  })
})

describe('a connection of the store’s own', () => {
  test('is not among mongoose’s, which disconnect() closes', async () => {
    await borrow()
    const { uri } = await testServer()
    const before = mongoose.connections.length
    const store = await openStore({ uri, dbName: db.databaseName, ...SMALL })
    expect(mongoose.connections.length).toBe(before)
    await mongoose.disconnect()
    await makeUser(store)
    await store.close()
  })
})
