import type { StoreTransaction } from '../../index.ts'
import { BEGIN, identity, newId, says } from './samples.ts'

/** A call of every verb that transactions have, well-formed and about nobody. */
export const callsOf = (tx: StoreTransaction): Record<keyof StoreTransaction, () => Promise<unknown>> => {
  const id = newId()
  return {
    createUser: () => tx.createUser({ name: 'Ana' }),
    getUser: () => tx.getUser(id),
    findUser: () => tx.findUser(identity()),
    ensureUser: () => tx.ensureUser(identity()),
    updateUser: () => tx.updateUser(id, {}),
    storeMessage: () => tx.storeMessage(says(id, 'x')),
    storeMessages: () => tx.storeMessages([says(id, 'x')]),
    getMessage: () => tx.getMessage(id, { id }),
    updateMessage: () => tx.updateMessage(id, id, {}),
    deleteMessages: () => tx.deleteMessages(id, { all: true }),
    storeContext: () => tx.storeContext(id, {}),
    mergeContext: () => tx.mergeContext(id, {}),
    updateContext: () => tx.updateContext(id, () => ({})),
    retrieveContext: () => tx.retrieveContext(id),
    deleteContext: () => tx.deleteContext(id),
    storeEvent: () => tx.storeEvent({ creatorId: id, summary: 'x', start: BEGIN }),
    getEvent: () => tx.getEvent(id),
    updateEvent: () => tx.updateEvent(id, {}),
    cancelEvent: () => tx.cancelEvent(id),
    deleteEvent: () => tx.deleteEvent(id),
  }
}
