import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import mongoose from 'mongoose'
import { type Fate, type Judge, startProxy } from '../../scripts/torture/rig/proxy.ts'
import { type DialogueStore, DialogueStoreError, openStore } from '../../src/index.ts'
import { startServer, type TestServer } from '../../src/testing/index.ts'
import { storedOf } from '../support/make.ts'
import { isThorough } from '../support/thorough.ts'
import { CHANGED, OPERATIONS, type Operation, type Scene } from './support/operations.ts'
import { findOrphans } from './support/orphans.ts'
import { isDone, makeScene } from './support/world.ts'

const TIMEOUT_MS = 300_000
const dbName = 'crash-failures'

let server: TestServer
let client: mongoose.mongo.MongoClient
let proxy: Awaited<ReturnType<typeof startProxy>>
/** Through the proxy, and beside it. */
let store: DialogueStore
let other: DialogueStore
beforeAll(async () => {
  server = await startServer({ own: true })
  client = await mongoose.mongo.MongoClient.connect(server.uri)
  other = await openStore({ uri: server.uri, dbName })
  proxy = await startProxy(server.members[0]?.port ?? 0)
  store = await openStore({ uri: proxy.uri, dbName, timeoutMs: 5000 })
})
afterAll(async () => {
  await store?.close()
  await other?.close()
  proxy?.stop()
  await client?.close()
  await server?.stop()
})

/** Makes the server refuse the next command of that name. */
const refuseNext = (command: string, failure: object) =>
  client.db('admin').command({
    configureFailPoint: 'failCommand',
    mode: { times: 1 },
    data: { failCommands: [command], ...failure },
  })

/** What happens to a command, and to those after it. */
const FAILURES: Record<string, { lasts: number; judge: Judge }> = {
  'is lost': { lasts: 1, judge: () => 'is lost' },
  'is lost three times': { lasts: 3, judge: () => 'is lost' },
  'loses its reply': { lasts: 1, judge: () => 'loses its reply' },
  'loses three replies': { lasts: 3, judge: () => 'loses its reply' },
  'meets a member that is not the primary': {
    lasts: 1,
    judge: async (command): Promise<Fate> => {
      await refuseNext(command, { errorCode: 10107, errorLabels: ['RetryableWriteError'] })
      return 'arrives'
    },
  },
  'meets a conflict': {
    lasts: 1,
    judge: async (command): Promise<Fate> => {
      await refuseNext(command, { errorCode: 112, errorLabels: ['TransientTransactionError'] })
      return 'arrives'
    },
  },
  'is done, and says that nobody knows': {
    lasts: 1,
    judge: async (command): Promise<Fate> => {
      await refuseNext(command, { writeConcernError: { code: 64, errmsg: 'nobody knows' } })
      return 'arrives'
    },
  },
}

/** Runs an operation while something happens to its command with that number. @returns how many it sent */
async function runWith(
  operation: Operation,
  scene: Scene,
  at: number,
  failure: { lasts: number; judge: Judge },
) {
  let commands = 0
  proxy.judgeBy((command, message) => {
    commands++
    return commands >= at && commands < at + failure.lasts ? failure.judge(command, message) : 'arrives'
  })
  const heard = await OPERATIONS[operation](store, scene).then(
    (value: unknown) => ({ value }),
    (error: unknown) => {
      if (!(error instanceof DialogueStoreError)) throw error
      return { error }
    },
  )
  proxy.judgeBy(() => 'arrives')
  await client.db('admin').command({ configureFailPoint: 'failCommand', mode: 'off' })
  return { commands, heard }
}

/** After a redelivery, all of it is there once. */
async function expectOnce(operation: Operation, scene: Scene): Promise<void> {
  const db = client.db(dbName)
  await OPERATIONS[operation](other, scene)
  expect(await isDone({ db }, operation, scene)).toBe(true)
  const { messages, contexts } = await storedOf(db, scene.userId)
  expect(messages.length).toBe({ turn: 5, message: 4, remove: 1 }[operation as string] ?? 3)
  expect(contexts[0]?.data.turns).toBe(operation === 'turn' ? 2 : 1)
}

/** What a first call says, however often its commands had to be sent. */
const SAID = { turn: true, message: true, event: true, edit: CHANGED, remove: 2 }
const NEVER = { lasts: 0, judge: () => 'arrives' as const }
/** Of an erasure, which sends many commands, a part is tried; with THOROUGH set, all. */
const STEP = isThorough ? 1 : 3
/** What was tried, in whatever way it ended. */
const tried: [Operation, Scene][] = []

describe.each(Object.entries(FAILURES))('a command that %s', (_, failure) => {
  test.each(['turn', 'message', 'event', 'create', 'edit', 'remove'] as const)(
    'at any point of %s: what its caller hears is so',
    async (operation) => {
      const { commands } = await runWith(operation, await makeScene(other), 1, NEVER)
      for (let at = 1; at <= commands; at++) {
        const scene = await makeScene(other)
        const { heard } = await runWith(operation, scene, at, failure)
        await other.retrieveHistory(scene.userId)
        const done = await isDone({ db: client.db(dbName) }, operation, scene)
        if ('value' in heard) {
          const said = operation === 'create' ? scene.freshId : SAID[operation]
          expect([at, done, heard.value]).toEqual([at, true, said])
        } else if (heard.error.outcome === 'not-applied') expect([at, done]).toEqual([at, false])
        tried.push([operation, scene])
      }
    },
    TIMEOUT_MS,
  )

  test(
    'at any point of deleteUser: the receipt is right',
    async () => {
      const { commands } = await runWith('erase', await makeScene(other), 1, NEVER)
      const first = 1 + (Object.values(FAILURES).indexOf(failure) % STEP)
      for (let at = first; at <= commands; at += STEP) {
        const scene = await makeScene(other)
        const { heard } = await runWith('erase', scene, at, failure)
        const receipt = { userId: scene.userId, messages: 3, contexts: 1, events: 1 }
        if ('value' in heard) expect([at, heard.value]).toMatchObject([at, receipt])
        expect(await other.deleteUser(scene.userId)).toMatchObject(receipt)
      }
      expect(await findOrphans(client.db(dbName))).toEqual({})
    },
    TIMEOUT_MS,
  )
})

test(
  'a redelivery of any of them is done once',
  async () => {
    expect(tried.length).toBeGreaterThan(0)
    /* All at once: who changes messages may have to wait for a settler that did not say that it had ended. */
    await Promise.all(tried.map(([operation, scene]) => expectOnce(operation, scene)))
  },
  TIMEOUT_MS,
)
