import { ObjectId } from '../../../../src/ids.ts'
import type { CalendarEvent } from '../../../../src/index.ts'
import type { EventTime } from '../../../calendar-server/index.ts'
import type { Random } from '../../../lib/random.ts'
import { type Edits, FIELDS } from './edits.ts'
import type { Scene } from './scene.ts'

export interface Actor extends Pick<Scene, 'store' | 'people' | 'creatorId'> {
  random: Random
  edits: Edits
  /** Unlike any other text. */
  nextText(): string
}

/** False: there was nothing to do it to. */
type Operation = (actor: Actor) => Promise<boolean>

const timeOf = (random: Random): Date => new Date(Date.UTC(2030, random.below(12), 1 + random.below(28), 9))

async function someEvent({ store, creatorId, random }: Actor): Promise<CalendarEvent | undefined> {
  const { events } = await store.retrieveEvents({ creatorId, limit: 1000 })
  return events.length > 0 ? random.pick(events) : undefined
}

/** Google's id of an event, or the one that it is going to have. */
const idThere = ({ id, googleCalendarId }: CalendarEvent): string => googleCalendarId ?? id

const store: Operation = async ({ store, creatorId, random, edits, nextText }) => {
  const id = new ObjectId().toHexString()
  const summary = nextText()
  const recurrence = random.below(5) === 0 ? ['RRULE:FREQ=WEEKLY;COUNT=5'] : []
  await store.storeEvent({ id, creatorId, summary, start: timeOf(random), timezone: 'UTC', recurrence })
  edits.wrote('store', id, 'summary', summary)
  return true
}

const change: Operation = async (actor) => {
  const event = await someEvent(actor)
  if (!event) return false
  const field = actor.random.pick([...FIELDS])
  const text = actor.nextText()
  await actor.store.updateEvent(event.id, { [field]: text })
  actor.edits.wrote('store', idThere(event), field, text)
  return true
}

const move: Operation = async (actor) => {
  const event = await someEvent(actor)
  if (!event || event.recurrence.length > 0) return false
  const start = timeOf(actor.random)
  await actor.store.updateEvent(event.id, { start, end: new Date(start.getTime() + 3_600_000) })
  return true
}

const cancel: Operation = async (actor) => {
  const event = await someEvent(actor)
  if (event) await actor.store.cancelEvent(event.id)
  return event !== undefined
}

const remove: Operation = async (actor) => {
  const event = await someEvent(actor)
  if (!event) return false
  await actor.store.deleteEvent(event.id)
  actor.edits.removed(idThere(event))
  return true
}

const someTheirs = ({ people, random }: Actor) => {
  const there = people.events().filter(({ status }) => status === 'confirmed')
  return there.length > 0 ? random.pick(there) : undefined
}

const theirNew: Operation = async ({ people, nextText, edits, random }) => {
  const summary = nextText()
  const start = timeOf(random)
  const end = new Date(start.getTime() + 3_600_000)
  const time = { start: { dateTime: start.toISOString() }, end: { dateTime: end.toISOString() } }
  const { id } = people.put({ summary, ...time })
  edits.wrote('google', id, 'summary', summary)
  return true
}

const theirChange: Operation = async (actor) => {
  const event = someTheirs(actor)
  if (!event) return false
  const field = actor.random.pick([...FIELDS])
  const text = actor.nextText()
  actor.people.change(event.id, { [field]: text })
  actor.edits.wrote('google', event.id, field, text)
  return true
}

const theirRemoval: Operation = async (actor) => {
  const event = someTheirs(actor)
  if (event) actor.people.remove(event.id)
  return event !== undefined
}

const theirException: Operation = async (actor) => {
  const { people, random } = actor
  const series = people
    .events()
    .filter(({ status, recurrence }) => status === 'confirmed' && recurrence?.length)
  const one = series.length > 0 ? random.pick(series) : undefined
  if (!one?.start?.dateTime) return false
  const at = new Date(Date.parse(one.start.dateTime) + random.below(5) * 7 * 86_400_000)
  const to = new Date(at.getTime() + 7_200_000)
  const end = new Date(at.getTime() + 10_800_000)
  const isKnown = people
    .events()
    .some((instance) => instance.recurringEventId === one.id && sameTime(instance.originalStartTime, at))
  if (isKnown) return false
  if (random.below(2) === 0) people.cancelInstance(one.id, at)
  else
    people.moveInstance(one.id, at, {
      ...{ start: { dateTime: to.toISOString() }, end: { dateTime: end.toISOString() } },
    })
  return true
}

const sameTime = (time: EventTime | undefined, at: Date): boolean =>
  Date.parse(time?.dateTime ?? '') === at.getTime()

const forgotten: Operation = async ({ people }) => {
  people.expireSyncTokens()
  return true
}

export const OPERATIONS: readonly [share: number, name: string, operation: Operation][] = [
  [12, 'events stored', store],
  [30, 'changes in the store', change],
  [6, 'moves in the store', move],
  [3, 'cancellations in the store', cancel],
  [3, 'deletions in the store', remove],
  [6, 'events of others', theirNew],
  [30, 'changes at Google', theirChange],
  [5, 'deletions at Google', theirRemoval],
  [4, 'instances moved or cancelled at Google', theirException],
  [1, 'sync tokens that expired', forgotten],
]
