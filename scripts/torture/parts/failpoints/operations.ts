import { type DialogueStore, DialogueStoreError } from '../../../../src/index.ts'
import { transactionsEnded } from './ground.ts'
import { leaveOwed, makeCrowd, makeMany, type Scene, START, sayMore } from './scene.ts'
import { everything, givenUp, redelivery, turn } from './turns.ts'

/** Something that a bot asks of a store. */
export interface Operation {
  /** More of the scene than everybody has, by another store. */
  prepare?(other: DialogueStore, scene: Scene): Promise<unknown>
  call(store: DialogueStore, scene: Scene): Promise<unknown>
  /** Where it fails without knowing how far it got, a part may be done; a repetition does the rest. */
  inSteps?: true
  /** What it does is owed before, and any reader does it. */
  isOwed?: true
}

const FLOW = { booking: 'done' }
const EVENT = { summary: 'Tea', start: START }
/** Messages of one call. */
const BULK = 20
const says = ({ userId }: Scene, content: string) => ({ userId, sender: 'user', content })

const OF_USERS: Record<string, Operation> = {
  'createUser, with an id': {
    call: (store, { freshId, fresh }) => store.createUser({ id: freshId, identities: [fresh] }),
  },
  'createUser, with an identity': { call: (store, { fresh }) => store.createUser({ identities: [fresh] }) },
  'createUser, with a name': { call: (store) => store.createUser({ name: 'Bia' }) },
  getUser: { call: (store, { userId }) => store.getUser(userId) },
  findUser: { call: (store, { known }) => store.findUser(known) },
  'ensureUser, who is new': {
    call: (store, { fresh }) => store.ensureUser(fresh, { states: FLOW, data: { a: 1 } }),
  },
  'ensureUser, who is known': { call: (store, { known }) => store.ensureUser(known) },
  withUserLock: {
    call: (store, { userId }) => store.withUserLock(userId, async () => 'worked', { leaseMs: 1000 }),
  },
  updateUser: {
    call: (store, { userId, fresh }) =>
      store.updateUser(userId, { name: 'Bia', states: FLOW, data: { a: { b: 1 } }, addIdentities: [fresh] }),
  },
  'updateUser, of a version': {
    call: (store, { userId }) => store.updateUser(userId, { email: 'b@example.com' }, { ifVersion: 1 }),
  },
  'updateUser, in a state': {
    call: (store, { userId }) =>
      store.updateUser(userId, { states: FLOW }, { ifStates: { booking: 'asked' } }),
  },
  'updateUser, by a function': {
    call: (store, { userId }) =>
      store.updateUser(userId, ({ data }) => ({ data: { seen: Number(data.seen ?? 0) + 1 } })),
  },
  deleteUser: { call: (store, { userId }) => store.deleteUser(userId), inSteps: true },
  'deleteUser, to whom something is owed': {
    prepare: leaveOwed,
    call: (store, { userId }) => store.deleteUser(userId),
    inSteps: true,
  },
  listUsers: { call: (store) => store.listUsers({ states: { booking: 'asked' } }) },
  iterateUsers: { prepare: makeCrowd, call: (store) => allOf(store.iterateUsers({ limit: 3 })) },
  exportUser: { call: (store, { userId }) => allOf(store.exportUser(userId)) },
}

const OF_MESSAGES: Record<string, Operation> = {
  storeMessage: { call: (store, scene) => store.storeMessage(says(scene, 'hello')) },
  'storeMessage, with an external id': {
    call: (store, scene) => store.storeMessage({ ...says(scene, 'hello'), externalId: 'delivery' }),
  },
  'storeMessage, with an id': {
    call: (store, scene) =>
      store.storeMessage({ ...says(scene, 'hello'), id: scene.freshId, conversationId: 'ticket' }),
  },
  storeMessages: {
    call: (store, scene) =>
      allStored(
        store,
        Array.from({ length: BULK }, (_, i) => says(scene, `bulk ${i}`)),
      ),
  },
  'storeMessages, with external ids': {
    call: (store, scene) =>
      allStored(
        store,
        Array.from({ length: BULK }, (_, i) => ({ ...says(scene, `bulk ${i}`), externalId: `${i}` })),
      ),
    inSteps: true,
  },
  retrieveHistory: { call: (store, { userId }) => store.retrieveHistory(userId) },
  'retrieveHistory, filtered': {
    call: (store, { userId }) =>
      store.retrieveHistory(userId, { senders: ['user'], types: ['text'], limit: 2, count: 'exact' }),
  },
  'retrieveHistory, before a place': {
    call: (store, { userId, cursor }) => store.retrieveHistory(userId, { before: cursor, limit: 1 }),
  },
  'retrieveHistory, to whom something is owed': {
    prepare: leaveOwed,
    call: (store, { userId }) => store.retrieveHistory(userId),
    isOwed: true,
  },
  iterateHistory: {
    call: (store, { userId, cursor }) => allOf(store.iterateHistory(userId, { after: cursor })),
  },
  'iterateHistory, of much': {
    prepare: makeMany,
    call: async (store, { userId }) => (await allOf(store.iterateHistory(userId))).length,
  },
  followMessages: {
    prepare: sayMore,
    call: (store, { userId, live }) => firstOf(store.followMessages({ userId, after: live })),
  },
  'getMessage, by its id': {
    call: (store, { userId, messageIds: [id = ''] }) => store.getMessage(userId, { id }),
  },
  'getMessage, by its external id': {
    call: (store, { userId }) => store.getMessage(userId, { externalId: 'first' }),
  },
  updateMessage: {
    call: (store, { userId, messageIds: [id = ''] }) =>
      store.updateMessage(userId, id, { content: 'changed', metadata: { a: 1 } }),
  },
  'updateMessage, of a version': {
    call: (store, { userId, messageIds: [id = ''] }) =>
      store.updateMessage(userId, id, { content: 'changed', externalId: 'renamed' }, { ifVersion: 1 }),
  },
  'deleteMessages, by their ids': {
    call: (store, { userId, messageIds }) => store.deleteMessages(userId, { ids: messageIds.slice(0, 2) }),
  },
  'deleteMessages, of a conversation': {
    call: (store, { userId }) => store.deleteMessages(userId, { conversationId: 'ticket' }),
  },
  'deleteMessages, all of many': {
    prepare: makeMany,
    call: (store, { userId }) => store.deleteMessages(userId, { all: true }),
    inSteps: true,
  },
}

const OF_CONTEXTS: Record<string, Operation> = {
  storeContext: { call: (store, { userId }) => store.storeContext(userId, { summary: 'new' }) },
  'storeContext, of a version': {
    call: (store, { userId, cursor }) =>
      store.storeContext(userId, { summary: 'new' }, { ifVersion: 1, covers: cursor }),
  },
  mergeContext: { call: (store, { userId }) => store.mergeContext(userId, { more: { a: 1 } }) },
  'mergeContext, by calculation': {
    call: (store, { userId }) => store.mergeContext(userId, { turns: { a: { b: null } }, list: [1] }),
  },
  updateContext: {
    call: (store, { userId }) =>
      store.updateContext(userId, (data) => ({ ...data, turns: Number(data.turns) + 1 })),
  },
  retrieveContext: { call: (store, { userId }) => store.retrieveContext(userId) },
  'retrieveContext, with what is pending': {
    call: (store, { userId }) => store.retrieveContext(userId, { pending: { senders: ['user'] } }),
  },
  deleteContext: { call: (store, { userId }) => store.deleteContext(userId) },
}

const OF_EVENTS: Record<string, Operation> = {
  storeEvent: { call: (store, { userId: creatorId }) => store.storeEvent({ creatorId, ...EVENT }) },
  'storeEvent, with an external id': {
    call: (store, { userId: creatorId }) => store.storeEvent({ creatorId, ...EVENT, externalId: 'request' }),
  },
  'storeEvent, with an id': {
    call: (store, { userId: creatorId, freshId: id }) => store.storeEvent({ creatorId, ...EVENT, id }),
  },
  getEvent: { call: (store, { eventId }) => store.getEvent(eventId, { withCreator: true }) },
  updateEvent: {
    call: (store, { eventId }) =>
      store.updateEvent(eventId, { summary: 'Coffee', data: { room: 1 } }, { ifVersion: 1 }),
  },
  cancelEvent: { call: (store, { eventId }) => store.cancelEvent(eventId) },
  deleteEvent: { call: (store, { eventId }) => store.deleteEvent(eventId) },
  retrieveEvents: {
    call: (store, { userId: creatorId }) => store.retrieveEvents({ creatorId, withCreator: true }),
  },
}

const OF_ALL: Record<string, Operation> = {
  'withTransaction, a turn': { call: turn },
  'withTransaction, a turn that comes again': { prepare: turn, call: turn },
  'withTransaction, every verb': { call: everything },
  'withTransaction, given up': { call: givenUp },
  'withTransaction, a delivery that is known': { prepare: redelivery, call: redelivery },
  ping: { call: (store) => store.ping() },
  /* The server's own count has what an open transaction inserts. */
  stats: { prepare: (_, { db }) => transactionsEnded(db), call: (store) => store.stats() },
}

export const OPERATIONS: Record<string, Operation> = {
  ...OF_USERS,
  ...OF_MESSAGES,
  ...OF_CONTEXTS,
  ...OF_EVENTS,
  ...OF_ALL,
}

async function allOf<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = []
  for await (const item of items) all.push(item)
  return all
}

async function firstOf<T>(items: AsyncIterable<T>): Promise<T> {
  for await (const item of items) return item
  throw new Error('nothing came')
}

/** Messages travel together, or in parts: then each has an outcome of its own, and it is not known of all of them. */
async function allStored(store: DialogueStore, inputs: Parameters<DialogueStore['storeMessages']>[0]) {
  const outcomes = await store.storeMessages(inputs)
  const errors = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.error] : []))
  const [first] = errors
  if (!first) return outcomes
  const { code, message, retryable } = first
  throw errors.length === outcomes.length
    ? first
    : new DialogueStoreError(code, message, { outcome: 'unknown', retryable })
}
