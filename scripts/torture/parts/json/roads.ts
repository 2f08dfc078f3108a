import type { JsonObject } from '../../../../src/index.ts'
import { fieldOf, forget, type Scene, START, says, storedOf } from './scene.ts'

/** What came back of the values, in their order, and where it was seen. */
export interface Shown {
  by: string
  values: unknown[]
}

/** A way that JSON values take to the server and back. */
export interface Road {
  what: string
  /** How many it takes at a time, at most. */
  most: number
  /** It puts values into others, so that they are nested deeper than they are. */
  isDeeper?: true
  carry(scene: Scene, values: readonly object[]): Promise<Shown[]>
}

type Carry = Road['carry']

const metadataOf = (messages: { metadata: unknown }[]) => messages.map(({ metadata }) => metadata)
const dataOf = (documents: { data: unknown }[]) => documents.map(({ data }) => data)
const idsOf = (documents: { id: string }[]) => documents.map(({ id }) => id)

const bulk: Carry = async (scene, values) => {
  const { store, userIds } = scene
  const [userId = ''] = userIds
  const messages = storedOf(await store.storeMessages(values.map((value) => says(userId, value))))
  const [page, stored] = await Promise.all([
    store.retrieveHistory(userId, { limit: values.length, count: false }),
    fieldOf(scene, 'messages', 'metadata', idsOf(messages)),
  ])
  return [
    { by: 'storeMessages', values: metadataOf(messages) },
    { by: 'retrieveHistory', values: metadataOf(page.messages) },
    { by: 'the plain driver', values: stored },
  ]
}

const turn: Carry = async ({ store, userIds }, values) => {
  const userId = userIds[1] ?? ''
  const messages = await store.withTransaction(async (tx) => {
    const half = Math.ceil(values.length / 2)
    const first = storedOf(await tx.storeMessages(values.slice(0, half).map((value) => says(userId, value))))
    const rest = []
    for (const value of values.slice(half)) {
      const { message } = await tx.storeMessage(says(userId, { before: 'it' }))
      rest.push(await tx.updateMessage(userId, message.id, { metadata: value }))
    }
    return [...first, ...rest]
  })
  const page = await store.retrieveHistory(userId, { limit: values.length, count: false })
  return [
    { by: 'tx.storeMessages, tx.updateMessage', values: metadataOf(messages) },
    { by: 'retrieveHistory', values: metadataOf(page.messages) },
  ]
}

const changed: Carry = async ({ store, userIds }, values) => {
  const userId = userIds[2] ?? ''
  const messages = storedOf(await store.storeMessages(values.map(() => says(userId, { room: 'for more' }))))
  const updated = await Promise.all(
    messages.map(({ id }, i) => store.updateMessage(userId, id, { metadata: values[i] ?? {} })),
  )
  const read = await Promise.all(messages.map(({ id }) => store.getMessage(userId, { id })))
  return [
    { by: 'updateMessage', values: metadataOf(updated) },
    { by: 'getMessage', values: metadataOf(read) },
  ]
}

/** Each value for another user, all at once. */
const contexts: Carry = async (scene, values) => {
  const { store, userIds } = scene
  const ids = userIds.slice(0, values.length)
  const stored = await Promise.all(ids.map((id, i) => store.storeContext(id, values[i] ?? {})))
  const read = await Promise.all(ids.map((id) => store.retrieveContext(id)))
  return [
    { by: 'storeContext', values: dataOf(stored.map(({ context }) => context)) },
    { by: 'retrieveContext', values: dataOf(read) },
    { by: 'the plain driver', values: await fieldOf(scene, 'contexts', 'data', ids, 'userId') },
  ]
}

const many: Carry = async ({ store, userIds: [userId = ''] }, values) => {
  const listOf = ({ many }: JsonObject): unknown[] => (Array.isArray(many) ? many : [])
  const { context } = await store.storeContext(userId, { many: values })
  const { data } = await store.retrieveContext(userId)
  return [
    { by: 'storeContext', values: listOf(context.data) },
    { by: 'retrieveContext', values: listOf(data) },
  ]
}

const byFunction: Carry = async ({ store, userIds }, values) => {
  const ids = userIds.slice(0, values.length)
  const outside = ids.slice(1)
  const [inside = ''] = ids
  const [first, ...rest] = await Promise.all([
    store.withTransaction((tx) => tx.updateContext(inside, () => values[0] ?? {})),
    ...outside.map((id, i) => store.updateContext(id, async () => values[i + 1] ?? {})),
  ])
  const read = await Promise.all(ids.map((id) => store.retrieveContext(id)))
  return [
    { by: 'updateContext', values: dataOf([first, ...rest].map(({ context }) => context)) },
    { by: 'retrieveContext', values: dataOf(read) },
  ]
}

const users: Carry = async (scene, values) => {
  const { store } = scene
  const created = await Promise.all(
    values.map(async (data, i) => {
      if (i % 2 === 0) return store.createUser({ name: 'Ana', data })
      const identity = { provider: 'json', id: `${Math.random()}` }
      return (await store.ensureUser(identity, { data })).user
    }),
  )
  const read = await Promise.all(created.map(({ id }) => store.getUser(id)))
  await forget(scene, idsOf(created))
  return [
    { by: 'createUser, ensureUser', values: dataOf(created) },
    { by: 'getUser', values: dataOf(read) },
  ]
}

const events: Carry = async (scene, values) => {
  const { store, userIds } = scene
  const creatorId = userIds[3] ?? ''
  const stored = await Promise.all(
    values.map((data) => store.storeEvent({ creatorId, summary: 'Dentist', start: START, data })),
  )
  const ids = stored.map(({ event }) => event.id)
  const [read, raw] = await Promise.all([
    Promise.all(ids.map((id) => store.getEvent(id))),
    fieldOf(scene, 'events', 'data', ids),
  ])
  await Promise.all(ids.map((id) => store.deleteEvent(id)))
  return [
    { by: 'storeEvent', values: dataOf(stored.map(({ event }) => event)) },
    { by: 'getEvent', values: dataOf(read) },
    { by: 'the plain driver', values: raw },
  ]
}

/** The first carries most: it is the fastest. */
export const ROADS: readonly Road[] = [
  { what: 'metadata of messages, in bulk', most: 1000, carry: bulk },
  { what: 'metadata of messages, in transactions', most: 40, carry: turn },
  { what: 'metadata of messages, changed', most: 40, carry: changed },
  { what: 'contexts of many users at once', most: 48, carry: contexts },
  { what: 'many values in one context', most: 400, isDeeper: true, carry: many },
  { what: 'contexts made by a function', most: 24, carry: byFunction },
  { what: 'data of users', most: 16, carry: users },
  { what: 'data of events', most: 24, carry: events },
]
