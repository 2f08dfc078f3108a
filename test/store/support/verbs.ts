import type { DialogueStore, Id } from '../../../src/index.ts'

export interface Subject {
  userId: Id
  messageId: Id
  eventId: Id
  /** Whatever a user may say. */
  text: string
}

/** One call of every verb but `close`: of what is there, in an order in which all of them succeed. */
export const callsOf = (
  store: DialogueStore,
  { userId, messageId, eventId, text }: Subject,
): Record<string, () => Promise<unknown>> => ({
  ping: () => store.ping(),
  stats: () => store.stats(),
  createUser: () => store.createUser({ name: text }),
  getUser: () => store.getUser(userId),
  ensureUser: () => store.ensureUser({ provider: 'whatsapp', id: text }, { data: { text } }),
  findUser: () => store.findUser({ provider: 'whatsapp', id: text }),
  withUserLock: () => store.withUserLock(userId, async () => text),
  updateUser: () => store.updateUser(userId, { name: text, data: { text } }),
  listUsers: () => store.listUsers(),
  storeMessage: () => store.storeMessage({ userId, sender: 'user', content: text, externalId: text }),
  storeMessages: () => store.storeMessages([{ userId, sender: 'user', content: text }]),
  retrieveHistory: () => store.retrieveHistory(userId),
  getMessage: () => store.getMessage(userId, { id: messageId }),
  updateMessage: () => store.updateMessage(userId, messageId, { content: text }),
  deleteMessages: () => store.deleteMessages(userId, { conversationId: text }),
  storeContext: () => store.storeContext(userId, { text }),
  mergeContext: () => store.mergeContext(userId, { more: text }),
  updateContext: () => store.updateContext(userId, (data) => ({ ...data, text })),
  retrieveContext: () => store.retrieveContext(userId, { pending: true }),
  deleteContext: () => store.deleteContext(userId),
  storeEvent: () =>
    store.storeEvent({ creatorId: userId, summary: text, start: new Date(), externalId: text }),
  getEvent: () => store.getEvent(eventId, { withCreator: true }),
  updateEvent: () => store.updateEvent(eventId, { summary: text, description: text }),
  cancelEvent: () => store.cancelEvent(eventId),
  retrieveEvents: () => store.retrieveEvents({ creatorId: userId }),
  deleteEvent: () => store.deleteEvent(eventId),
  withTransaction: () =>
    store.withTransaction((tx) => tx.storeMessage({ userId, sender: 'user', content: text })),
  deleteUser: () => store.deleteUser(userId),
})

/** One iteration of every verb that iterates. */
export const iterationsOf = (
  store: DialogueStore,
  userId: Id,
): Record<string, () => AsyncIterable<unknown>> => ({
  iterateUsers: () => store.iterateUsers(),
  iterateHistory: () => store.iterateHistory(userId),
  exportUser: () => store.exportUser(userId),
  followMessages: () => store.followMessages({ userId }),
})
