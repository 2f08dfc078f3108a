import { START } from '../scene.ts'
import type { Operation } from './operation.ts'

const EVENT = { summary: 'Tea', start: START }

export const ofEvents: Record<string, Operation> = {
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
