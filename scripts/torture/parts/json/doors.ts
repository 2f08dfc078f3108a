import type { DialogueStore, StoreTransaction } from '../../../../src/index.ts'
import type { Place } from './oracle.ts'
import { START, says } from './scene.ts'

/** Somebody who has what every verb changes. */
export interface Subject {
  userId: string
  messageId: string
  eventId: string
}

/** A verb, and its argument that takes JSON. */
export interface Door {
  name: string
  /** Where the value stands in the verb's input. */
  at: Place
  /** What may be sent before the value is known, and what ends a transaction. */
  mayBeSent?: readonly string[]
  call(store: DialogueStore, subject: Subject, value: object): Promise<unknown>
}

/** A function of the caller's makes the value of what is stored: that is read before. */
const READS = ['find', 'aggregate', 'abortTransaction']

const inTransaction =
  (call: (tx: StoreTransaction, subject: Subject, value: object) => Promise<unknown>): Door['call'] =>
  (store, subject, value) =>
    store.withTransaction((tx) => call(tx, subject, value))

export const DOORS: readonly Door[] = [
  { name: 'createUser', at: ['data'], call: (store, _, data) => store.createUser({ name: 'Ana', data }) },
  {
    name: 'ensureUser',
    at: ['defaults', 'data'],
    call: (store, _, data) => store.ensureUser({ provider: 'door', id: 'x' }, { data }),
  },
  {
    name: 'updateUser',
    at: ['patch', 'data'],
    call: (store, { userId }, data) => store.updateUser(userId, { data }),
  },
  {
    name: 'updateUser by a function',
    at: ['patch', 'data'],
    mayBeSent: READS,
    call: (store, { userId }, data) => store.updateUser(userId, () => ({ data })),
  },
  {
    name: 'storeMessage',
    at: ['metadata'],
    call: (store, { userId }, metadata) => store.storeMessage(says(userId, metadata)),
  },
  {
    name: 'storeMessages',
    at: [0, 'metadata'],
    async call(store, { userId }, metadata) {
      const [outcome] = await store.storeMessages([says(userId, metadata)])
      if (outcome?.status === 'rejected') throw outcome.error
      return outcome
    },
  },
  {
    name: 'updateMessage',
    at: ['patch', 'metadata'],
    call: (store, { userId, messageId }, metadata) => store.updateMessage(userId, messageId, { metadata }),
  },
  { name: 'storeContext', at: ['data'], call: (store, { userId }, data) => store.storeContext(userId, data) },
  {
    name: 'mergeContext',
    at: ['patch'],
    call: (store, { userId }, patch) => store.mergeContext(userId, patch),
  },
  {
    name: 'updateContext',
    at: ['data'],
    mayBeSent: READS,
    call: (store, { userId }, data) => store.updateContext(userId, () => data),
  },
  {
    name: 'storeEvent',
    at: ['data'],
    call: (store, { userId }, data) =>
      store.storeEvent({ creatorId: userId, summary: 'Tea', start: START, data }),
  },
  {
    name: 'updateEvent',
    at: ['patch', 'data'],
    call: (store, { eventId }, data) => store.updateEvent(eventId, { data }),
  },
  {
    name: 'tx.storeMessage',
    at: ['metadata'],
    call: inTransaction((tx, { userId }, metadata) => tx.storeMessage(says(userId, metadata))),
  },
  {
    name: 'tx.storeMessages',
    at: [0, 'metadata'],
    call: inTransaction((tx, { userId }, metadata) => tx.storeMessages([says(userId, metadata)])),
  },
  {
    name: 'tx.updateMessage',
    at: ['patch', 'metadata'],
    call: inTransaction((tx, { userId, messageId }, metadata) =>
      tx.updateMessage(userId, messageId, { metadata }),
    ),
  },
  {
    name: 'tx.mergeContext',
    at: ['patch'],
    call: inTransaction((tx, { userId }, patch) => tx.mergeContext(userId, patch)),
  },
  {
    name: 'tx.updateContext',
    at: ['data'],
    mayBeSent: READS,
    call: inTransaction((tx, { userId }, data) => tx.updateContext(userId, () => data)),
  },
]
