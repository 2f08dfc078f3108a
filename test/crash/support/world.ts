import mongoose from 'mongoose'
import { ObjectId } from '../../../src/ids.ts'
import { type DialogueStore, openStore, type Retention } from '../../../src/index.ts'
import { startServer } from '../../../src/testing/index.ts'
import { makeEvent, makeMessages, makeUser, storedOf } from '../../support/make.ts'
import { isThorough } from '../../support/thorough.ts'
import { CHANGED, DELIVERY, type Operation, REPLY, type Scene } from './operations.ts'
import { startVictim } from './victim.ts'

/** Most is the same for both kinds of collection; so everything is tried on one, and the heart of it on the other. */
export const isTriedWhole = (kind: Retention['kind']): boolean => isThorough || kind === 'capped'

/** A server that ends transactions of the dead soon, and a store on it. */
export async function makeCrashWorld(retention: Retention) {
  const args = ['--setParameter', 'transactionLifetimeLimitSeconds=3']
  const server = await startServer({ own: true, args })
  const client = await mongoose.mongo.MongoClient.connect(server.uri)
  const dbName = `crash-${retention.kind}`
  const port = server.members[0]?.port ?? 0
  const open = (options: { uri?: string; timeoutMs?: number } = {}) =>
    openStore({ uri: server.uri, ...options, dbName, retention })
  const store = await open()
  const db = client.db(dbName)
  return {
    store,
    db,
    uri: server.uri,
    port,
    open,
    makeScenes: (count: number) => Promise.all(Array.from({ length: count }, () => makeScene(store))),
    makeScene: () => makeScene(store),
    startVictim: (stores: number, options: { timeoutMs?: number } = {}) =>
      startVictim({ port, dbName, ...options }, stores),
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

type Stored = Awaited<ReturnType<typeof storedOf>>

/** Of an operation: whether each of its parts is stored. */
const PARTS: Partial<Record<Operation, (stored: Stored, scene: Scene) => boolean[]>> = {
  create: ({ users, contexts }) => [users.length === 1, contexts.length === 1],
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
  const stored = await storedOf(db, operation === 'create' ? scene.freshId : scene.userId)
  const parts = PARTS[operation]?.(stored, scene)
  if (!parts) throw new Error(`What ${operation} stores is not known here`)
  if (new Set(parts).size > 1) throw new Error(`${operation} is done in part: ${parts}`)
  return parts[0] ?? false
}
