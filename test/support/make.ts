import { expect } from '@jest/globals'
import type mongoose from 'mongoose'
import { type ModelDefinition, ownedBy } from '../../src/db/definition.ts'
import { ObjectId } from '../../src/ids.ts'
import {
  type DialogueStore,
  DialogueStoreError,
  type ErrorCode,
  type Message,
  type NewEvent,
  type NewMessage,
  type NewUser,
  type User,
} from '../../src/index.ts'
import { MODELS } from '../../src/migrations/baseline.ts'
import { makeDatabase, makeStore } from './store.ts'

/** A store, and its database as the plain driver sees it. */
export async function makeWorld(): Promise<{ store: DialogueStore; db: mongoose.mongo.Db; dbName: string }> {
  const { db, dbName } = await makeDatabase()
  const store = await makeStore({ dbName, retention: { kind: 'capped', sizeBytes: 16 * 2 ** 20 } })
  return { store, db, dbName }
}

/** Two stores of one database, as two processes have them. */
export async function makeProcesses(): Promise<
  Awaited<ReturnType<typeof makeWorld>> & { other: DialogueStore }
> {
  const world = await makeWorld()
  return { ...world, other: await makeStore({ dbName: world.dbName }) }
}

let made = 0

/** A phone number that nobody else in this process has. */
export const makeIdentity = (provider = 'whatsapp') => ({ provider, id: `+55119${process.pid}${++made}` })

/** Somebody the bot knows by name only, unless more is given. */
export const makeUser = (store: DialogueStore, fields: Partial<NewUser> = {}): Promise<User> =>
  store.createUser({ name: 'Ana', ...fields })

/** What the user said, oldest first: `message 0`, `message 1`, … */
export async function makeMessages(
  store: Pick<DialogueStore, 'storeMessages'>,
  userId: string,
  count: number,
  fields: Partial<NewMessage> = {},
): Promise<Message[]> {
  const inputs = Array.from({ length: count }, (_, i) => ({
    userId,
    sender: 'user',
    content: `message ${i}`,
    ...fields,
  }))
  const outcomes = await store.storeMessages(inputs)
  return outcomes.map((outcome) => {
    if (outcome.status === 'rejected') throw outcome.error
    return outcome.message
  })
}

export const makeEvent = async (store: DialogueStore, creatorId: string, fields: Partial<NewEvent> = {}) =>
  (
    await store.storeEvent({
      creatorId,
      summary: 'Dentist',
      start: new Date('2030-05-01T09:00:00Z'),
      ...fields,
    })
  ).event

/** Somebody who has everything that a user can have, and to whom nothing may happen. */
export async function makeBystander(store: DialogueStore): Promise<User> {
  const bystander = await makeUser(store, { name: 'Bystander', identities: [makeIdentity()] })
  await makeMessages(store, bystander.id, 3)
  await makeEvent(store, bystander.id)
  await store.storeContext(bystander.id, { summary: 'was only passing by' })
  return bystander
}

type Documents = mongoose.mongo.Document[]
/** By collection. */
type Stored = Record<string, Documents> & Record<'users' | 'contexts' | 'messages' | 'events', Documents>

/** All that is stored of a user, read by the plain driver. */
export async function storedOf(db: mongoose.mongo.Db, userId: string): Promise<Stored> {
  const find = async (model: ModelDefinition) => {
    const documents = db.collection(`dialogue_${model.collection}`)
    const theirs = documents.find(ownedBy(model, new ObjectId(userId))).sort({ _id: 1 })
    return [model.collection, await theirs.toArray()]
  }
  return Object.fromEntries(await Promise.all(MODELS.map(find)))
}

/** The same, but for the user, or their tombstone. */
export async function belongingsOf(db: mongoose.mongo.Db, userId: string): Promise<Documents> {
  const { users: _, ...belongings } = await storedOf(db, userId)
  return Object.values(belongings).flat()
}

/** What the types refuse, as a program in JavaScript may pass it. */
export const untyped = (value: unknown) => value as never

/** The error of a call that has to fail with this code. */
export async function rejection(call: Promise<unknown>, code: ErrorCode): Promise<DialogueStoreError> {
  const outcome = await call.then(
    () => 'no error',
    (error: unknown) => error,
  )
  if (!(outcome instanceof DialogueStoreError)) throw new Error(`${code} expected, not ${outcome}`)
  expect(outcome.code).toBe(code)
  return outcome
}

/** Where an `INVALID_INPUT` says that its input is wrong: `patch.data.0`. */
export async function refusedPaths(call: Promise<unknown>): Promise<string[]> {
  const { issues = [], outcome } = await rejection(call, 'INVALID_INPUT')
  expect(outcome).toBe('not-applied')
  return issues.map(({ path }) => path.join('.'))
}
