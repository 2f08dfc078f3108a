import { createCalendarSync } from '../../../../../src/google-calendar.ts'
import type { DialogueStore } from '../../../../../src/index.ts'
import { clientOf } from '../../../../calendar-server/client.ts'
import { type Scene, START } from '../scene.ts'
import type { Operation } from './operation.ts'

const PLENTY = 1_000_000
/** Nobody listens there. */
const ADDRESS = 'http://127.0.0.1:9/'
const HOUR_MS = 3_600_000
const at = (time: number) => ({ dateTime: new Date(time).toISOString() })
const LATER = { start: at(START.getTime() + HOUR_MS), end: at(START.getTime() + 2 * HOUR_MS) }

/** As a process of its own has it: nothing is remembered. */
function syncOf(store: DialogueStore, { google, userId }: Scene) {
  const calendar = clientOf(google().server, google().account.token)
  return createCalendarSync(store, { calendar, importAs: () => userId, requestsPerMinute: PLENTY })
}

/** Where each creator has their own access. */
function syncOfEach(store: DialogueStore, { google }: Scene) {
  const calendar = clientOf(google().server, google().account.token)
  return createCalendarSync(store, { calendar: () => calendar, requestsPerMinute: PLENTY })
}

const push = (store: DialogueStore, scene: Scene) => syncOf(store, scene).push()
const pushOfEach = (store: DialogueStore, scene: Scene) => syncOfEach(store, scene).push()
const pull = (store: DialogueStore, scene: Scene) => syncOf(store, scene).pull('primary')
const watch = (store: DialogueStore, scene: Scene) =>
  syncOf(store, scene).watch('primary', { address: ADDRESS })

/** Both sides have the event, and know it; and more comes of it. */
const published = (more: (other: DialogueStore, scene: Scene) => unknown) => {
  return async (other: DialogueStore, scene: Scene): Promise<void> => {
    await push(other, scene)
    await pull(other, scene)
    await more(other, scene)
  }
}

const atGoogle = ({ google }: Scene) => google().people
const sayHere = (other: DialogueStore, { eventId }: Scene) => other.updateEvent(eventId, { summary: 'Ours' })
const sayThere = (scene: Scene) => atGoogle(scene).change(scene.eventId, { summary: 'Theirs' })
const addThere = (scene: Scene) => atGoogle(scene).put({ id: 'theirs00', summary: 'Lunch', ...LATER })

const publishing: Record<string, Operation> = {
  'calendar.push, of what is new': { call: push },
  'calendar.push, of what has changed': { prepare: published(sayHere), call: push },
  'calendar.push, of what was deleted': {
    prepare: published((other, { eventId }) => other.deleteEvent(eventId)),
    call: push,
  },
  'calendar.push, of what both sides have changed': {
    prepare: published(async (other, scene) => {
      await sayHere(other, scene)
      sayThere(scene)
    }),
    call: push,
  },
  'calendar.push, where each has their own calendar': { call: pushOfEach },
  'calendar.push, of who was erased, and had their own': {
    prepare: async (other, scene) => {
      await pushOfEach(other, scene)
      await other.deleteUser(scene.userId)
    },
    call: pushOfEach,
  },
}

const reading: Record<string, Operation> = {
  'calendar.pull, of changes': {
    prepare: published((_, scene) => {
      sayThere(scene)
      addThere(scene)
    }),
    call: pull,
  },
  'calendar.pull, of what was deleted': {
    prepare: published((_, scene) => atGoogle(scene).remove(scene.eventId)),
    call: pull,
  },
  'calendar.pull, of all that there is': {
    prepare: published((_, scene) => {
      atGoogle(scene).remove(scene.eventId)
      addThere(scene)
      atGoogle(scene).expireSyncTokens()
    }),
    call: pull,
  },
  'calendar.pull, of an instance that was moved': {
    prepare: async (other, scene) => {
      await other.updateEvent(scene.eventId, { recurrence: ['RRULE:FREQ=DAILY;COUNT=3'] })
      await published(() => atGoogle(scene).moveInstance(scene.eventId, START, LATER))(other, scene)
    },
    call: pull,
  },
}

const watching: Record<string, Operation> = {
  'calendar.watch': { prepare: published(() => {}), call: watch },
  'calendar.unwatch': {
    prepare: published(watch),
    call: (store, scene) => syncOf(store, scene).unwatch('primary'),
  },
  'calendar.handleNotification': {
    prepare: published(async (other, scene) => {
      await watch(other, scene)
      sayThere(scene)
    }),
    call: async (store, scene) => syncOf(store, scene).handleNotification(await headersFor(scene)),
  },
}

/** As Google sends them. */
async function headersFor({ db }: Scene): Promise<Record<string, string>> {
  const feed = await db.collection('dialogue_calendar_feeds').findOne({ channel: { $exists: true } })
  const { id, token } = feed?.channel ?? {}
  return { 'x-goog-channel-id': id, 'x-goog-channel-token': token, 'x-goog-resource-state': 'exists' }
}

const besides: Record<string, Operation> = {
  'calendar.retry': { call: (store, scene) => syncOf(store, scene).retry(scene.eventId) },
  'calendar.conflicts': { call: (store, scene) => syncOf(store, scene).conflicts(scene.eventId) },
  'deleteEvent, of one at Google': {
    prepare: published(() => {}),
    call: (store, { eventId }) => store.deleteEvent(eventId),
  },
  'deleteUser, of who has events at Google': {
    prepare: pushOfEach,
    call: (store, { userId }) => store.deleteUser(userId),
    inSteps: true,
  },
}

const going = (operations: Record<string, Operation>): Record<string, Operation> =>
  Object.fromEntries(
    Object.entries(operations).map(([name, operation]) => [
      name,
      { inSteps: true, goesOn: true, ...operation },
    ]),
  )

/** What is done between a store and what stands in for Google. */
export const ofCalendars: Record<string, Operation> = {
  ...going({ ...publishing, ...reading, ...watching }),
  ...besides,
}
