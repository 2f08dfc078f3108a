import { END, freshId, LATER, START } from '../scene.ts'
import type { Template } from './template.ts'

const fields = () => ({
  ...{ summary: 'Tea', start: START, end: END, allDay: false, timezone: 'Europe/Berlin' },
  ...{ description: 'green', location: 'Main street', visibility: 'public', reminders: [10] },
  attendees: [{ email: 'caio@example.com', displayName: 'Caio', comment: 'drives' }],
  recurrence: ['RRULE:FREQ=DAILY'],
  data: { room: [{ name: 'x' }] },
})

export const EVENTS: readonly Template[] = [
  { verb: 'storeEvent', args: ({ userId }) => [{ creatorId: userId, ...fields() }], keeps: [0] },
  {
    verb: 'storeEvent',
    about: 'with ids',
    args: ({ userId }) => [
      { creatorId: userId, summary: 'Tea', start: START, id: freshId(), externalId: freshId() },
    ],
  },
  { verb: 'getEvent', args: ({ eventId }) => [eventId, { withCreator: true }] },
  { verb: 'updateEvent', args: ({ eventId }) => [eventId, fields()], keeps: [1] },
  {
    verb: 'updateEvent',
    about: 'of a version',
    args: ({ eventId }) => [eventId, { summary: 'Tea' }, { ifVersion: 1 }],
  },
  { verb: 'cancelEvent', args: ({ eventId }) => [eventId] },
  { verb: 'deleteEvent', args: () => [freshId()] },
  {
    verb: 'retrieveEvents',
    args: ({ userId, eventsCursor }) => [
      {
        ...{ creatorId: userId, from: LATER, to: new Date(LATER.getTime() + 1), status: ['confirmed'] },
        ...{ withCreator: true, limit: 10, cursor: eventsCursor },
      },
    ],
    isOfAll: true,
  },
]

export const TOGETHER: readonly Template[] = [
  { verb: 'withTransaction', args: () => [async () => 'done'] },
  { verb: 'ping', args: () => [] },
  { verb: 'stats', args: () => [] },
]
