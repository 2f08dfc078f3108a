import { DialogueStoreError } from '../../../src/index.ts'
import { altered, type Fault, faultsOf, hasCode, without, withoutNull } from './fault.ts'

export const eventsFaults: Fault[] = [
  ...faultsOf('events', {
    'a stored event has what was given': {
      'attendees are dropped': (store) => ({
        storeEvent: ({ attendees: _, ...input }) => store.storeEvent(input),
      }),
    },
    'what was not given has its default': {
      'an event lasts half an hour': (store) => ({
        storeEvent: (input) =>
          store.storeEvent({ end: new Date(input.start.getTime() + 1_800_000), ...input }),
      }),
      'an event is public': (store) => ({
        storeEvent: (input) => store.storeEvent({ visibility: 'public', ...input }),
      }),
    },
    'days begin and end at midnights of their time zone': {
      'every day has 24 hours': (store) => ({
        storeEvent: (input) => {
          if (!input.allDay || input.end) return store.storeEvent(input)
          return store.storeEvent({
            ...input,
            allDay: false,
            end: new Date(input.start.getTime() + 86_400_000),
          })
        },
      }),
    },
    'an id, and a creator’s external id, store once': {
      'a request that is repeated is another event': (store) => ({
        storeEvent: ({ externalId: _, ...input }) => store.storeEvent(input),
      }),
    },
    'getEvent brings the creator when asked': {
      'the creator does not come with the event': (store) => ({ getEvent: (id) => store.getEvent(id) }),
    },
    'cancelEvent keeps it, deleteEvent does not': {
      'an event that is cancelled is deleted': (store) => ({
        cancelEvent: altered(store.cancelEvent, async (event) => {
          await store.deleteEvent(event.id)
          return event
        }),
      }),
      'deleteEvent says of every event that it was there': ({ deleteEvent }) => ({
        deleteEvent: altered(deleteEvent, () => true),
      }),
    },

    'what is wrong is refused by its place': {
      'an event that ends before it begins lasts an hour': (store) => ({
        storeEvent: ({ end, ...input }) =>
          store.storeEvent(end && end <= input.start ? input : { ...input, end }),
      }),
    },
  }),
  ...faultsOf('updateEvent', {
    'merges data, and replaces arrays': {
      'the data of an event is replaced': (store) => ({
        updateEvent: async (id, patch, options) => {
          if (patch.data) await store.updateEvent(id, { data: null })
          return store.updateEvent(id, patch, options)
        },
      }),
      'attendees are added to those that are there': (store) => ({
        updateEvent: async (id, patch, options) => {
          const { attendees } = await store.getEvent(id)
          const there = attendees.map(({ email }) => ({ email }))
          const given = patch.attendees && { attendees: [...there, ...patch.attendees] }
          return store.updateEvent(id, { ...patch, ...given }, options)
        },
      }),
    },
    'holds start and end against what is stored': {
      'an end before the start is moved behind it': (store) => ({
        updateEvent: (id, patch, options) =>
          store.updateEvent(id, patch, options).catch((error: unknown) => {
            if (!(error instanceof DialogueStoreError) || !patch.end) throw error
            return store.updateEvent(id, { ...patch, end: null }, options)
          }),
      }),
    },
    'holds ifVersion against what is stored, and loses no change': {
      'ifVersion of an event is ignored': (store) => ({
        updateEvent: (id, patch) => store.updateEvent(id, patch),
      }),
    },

    'changes what it names, and raises the version by one': {
      'a change of an event does not raise its version': ({ updateEvent }) => ({
        updateEvent: altered(updateEvent, (event) => ({ ...event, version: event.version - 1 })),
      }),
    },
    'clears with null': {
      'null does not clear a field of an event': (store) => ({
        updateEvent: (id, patch, options) => store.updateEvent(id, withoutNull(patch), options),
      }),
    },
    'refuses what is wrong by its place, and then changes nothing': {
      'what a change of an event may not say is left out': (store) => ({
        updateEvent: (id, patch, options) => store.updateEvent(id, without(patch, 'creatorId'), options),
      }),
    },
  }),
  ...faultsOf('retrieveEvents', {
    'gives what overlaps [from, to), by start': {
      'an event that begins at `to` overlaps': (store) => ({
        retrieveEvents: ({ to, ...filter } = {}) =>
          store.retrieveEvents(to ? { ...filter, to: new Date(to.getTime() + 1) } : filter),
      }),
      'an event that began before `from` does not overlap': ({ retrieveEvents }) => ({
        retrieveEvents: altered(retrieveEvents, (page, filter) => {
          const from = filter?.from ?? new Date(-8.64e15)
          return { ...page, events: page.events.filter(({ start }) => start >= from) }
        }),
      }),
    },
    'leaves cancelled ones out, unless asked for': {
      'cancelled events are listed, too': (store) => ({
        retrieveEvents: (filter) => store.retrieveEvents({ status: ['confirmed', 'cancelled'], ...filter }),
      }),
    },
    'pages through equal starts, each event once': {
      'a page of events ends with the one that the next begins with': ({ retrieveEvents }) => ({
        retrieveEvents: altered(retrieveEvents, (page) => {
          const [first] = page.events
          return first && page.nextCursor ? { ...page, events: [...page.events, first] } : page
        }),
      }),
      'a page of events counts itself': ({ retrieveEvents }) => ({
        retrieveEvents: altered(retrieveEvents, (page) => ({ ...page, count: page.events.length })),
      }),
    },
    'gives everybody’s events, with their creators when asked': {
      'creators do not come with lists of events': (store) => ({
        retrieveEvents: ({ withCreator: _, ...filter } = {}) => store.retrieveEvents(filter),
      }),
    },

    'does not expand recurrences': {
      'an event that recurs is at all times after its start': (store) => ({
        retrieveEvents: altered(store.retrieveEvents, async (page, { from: _, ...filter } = {}) => {
          const { events } = await store.retrieveEvents(filter)
          return { ...page, events: events.filter(({ recurrence }) => recurrence.length > 0) }
        }),
      }),
    },
    'refuses what is wrong, and knows nobody’s': {
      'nobody has no events': (store) => ({
        retrieveEvents: (filter) =>
          store.retrieveEvents(filter).catch((error: unknown) => {
            if (!hasCode(error, 'USER_NOT_FOUND')) throw error
            return { events: [], count: 0, countIsExact: true, nextCursor: null }
          }),
      }),
    },
  }),
]
