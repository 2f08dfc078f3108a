import { readFileSync } from 'node:fs'
import mongoose from 'mongoose'
import { ObjectId } from '../../../src/ids.ts'
import { type DialogueStore, openStore, type Retention } from '../../../src/index.ts'
import { startServer } from '../../../src/testing/index.ts'
import { makeEvent, makeMessages, makeUser, storedOf } from '../../support/make.ts'
import { type Child, eventually, runFixture } from '../../testing/fixtures/children.ts'
import { CHANGED, DELIVERY, type Operation, REPLY, type Scene } from './operations.ts'

/** What a victim says at its end. */
export interface Said {
  commands: number
  heard: { value: unknown } | { code: string; outcome: string }
}

/** A server that ends transactions of the dead soon, and a store on it. */
export async function makeCrashWorld(retention: Retention) {
  const args = ['--setParameter', 'transactionLifetimeLimitSeconds=1']
  const server = await startServer({ own: true, args })
  const client = await mongoose.mongo.MongoClient.connect(server.uri)
  const dbName = `crash-${retention.kind}`
  const open = () => openStore({ uri: server.uri, dbName, retention })
  const store = await open()
  const db = client.db(dbName)
  return {
    store,
    db,
    uri: server.uri,
    open,
    makeScene: () => makeScene(store),
    run: (operation: Operation, scene: Scene, at = 0, signal: NodeJS.Signals = 'SIGKILL'): Child => {
      const args = [dbName, operation, JSON.stringify(scene), `${at}`, signal]
      return runFixture('../../crash/fixtures/victim.ts', args, { env: { MONGODB_URI: server.uri } })
    },
    async stop() {
      await store.close()
      await client.close()
      await server.stop()
    },
  }
}
export type CrashWorld = Awaited<ReturnType<typeof makeCrashWorld>>

export async function makeScene(store: DialogueStore): Promise<Scene> {
  const { id: userId } = await makeUser(store)
  const messages = await makeMessages(store, userId, 3)
  await makeEvent(store, userId)
  await store.storeContext(userId, { turns: 1 })
  return { userId, messageIds: messages.map(({ id }) => id), freshId: new ObjectId().toHexString() }
}

/** How many commands an operation sends when nothing is in its way. */
export async function countCommands(world: CrashWorld, operation: Operation): Promise<number> {
  return (await saidBy(world.run(operation, await world.makeScene()))).commands
}

export async function saidBy(child: Child): Promise<Said> {
  await child.ended
  try {
    return JSON.parse(child.output.stdout) as Said
  } catch {
    throw new Error(`The victim said nothing: ${child.output.stderr}`)
  }
}

/** Linux: until a process is stopped, or has ended. */
export const untilStopped = (pid: number): Promise<void> =>
  eventually(() => {
    try {
      return /^State:\s*[TZ]/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
    } catch {
      return true
    }
  })

type Stored = Awaited<ReturnType<typeof storedOf>>

/** Of an operation: whether each of its parts is stored. */
const PARTS: Record<Exclude<Operation, 'erase' | 'create'>, (stored: Stored, scene: Scene) => boolean[]> = {
  turn: ({ users, contexts, messages, events }) => [
    users[0]?.states.booking === 'done',
    contexts[0]?.data.turns === 2,
    events.some(({ summary }) => summary === 'Haircut'),
    messages.some(({ externalId }) => externalId === DELIVERY),
    messages.some(({ content }) => content === REPLY),
  ],
  message: ({ messages }) => [messages.some(({ externalId }) => externalId === DELIVERY)],
  edit: ({ messages }) => [messages.some(({ content }) => content === CHANGED)],
  remove: ({ messages }, { messageIds }) =>
    messageIds.slice(0, 2).map((id) => messages.every(({ _id }) => _id.toHexString() !== id)),
  event: ({ events }) => [events.some(({ externalId }) => externalId === DELIVERY)],
}

/** @throws Error if an operation is done in part */
export async function isDone(
  { db }: Pick<CrashWorld, 'db'>,
  operation: Operation,
  scene: Scene,
): Promise<boolean> {
  if (operation === 'erase') throw new Error('An erasure has a receipt')
  const stored = await storedOf(db, operation === 'create' ? scene.freshId : scene.userId)
  const parts =
    operation === 'create'
      ? [stored.users.length === 1, stored.contexts.length === 1]
      : PARTS[operation](stored, scene)
  if (new Set(parts).size > 1) throw new Error(`${operation} is done in part: ${parts}`)
  return parts[0] ?? false
}

/** Runs work for each number, several at a time: most of it is waiting. */
export async function forEachCommand(count: number, work: (at: number) => Promise<void>): Promise<void> {
  const left = Array.from({ length: count }, (_, i) => i + 1)
  const worker = async () => {
    for (let at = left.shift(); at !== undefined; at = left.shift()) {
      await work(at).catch((error: unknown) => {
        throw new Error(`at command ${at} of ${count}`, { cause: error })
      })
    }
  }
  await Promise.all(Array.from({ length: 6 }, worker))
}
