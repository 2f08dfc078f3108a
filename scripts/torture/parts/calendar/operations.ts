import { ObjectId } from '../../../../src/ids.ts'
import type { CalendarEvent } from '../../../../src/index.ts'
import type { EventResource, EventTime } from '../../../calendar-server/index.ts'
import type { Random } from '../../../lib/random.ts'
import type { Edits } from './edits.ts'
import { FIELDS, type Field, summary, textOf, time } from './fields.ts'
import type { Scene } from './scene.ts'

export interface Actor extends Pick<Scene, 'store' | 'people' | 'creatorId'> {
  random: Random
  edits: Edits
  /** Unlike any before. */
  next(): number
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

const store: Operation = async ({ store, creatorId, random, edits, next }) => {
  const id = new ObjectId().toHexString()
  const text = textOf(next())
  const recurrence = random.below(5) === 0 ? ['RRULE:FREQ=WEEKLY;COUNT=5'] : []
  await store.storeEvent({ id, creatorId, summary: text, start: timeOf(random), timezone: 'UTC', recurrence })
  edits.wrote('store', id, summary, text)
  return true
}

async function sayHere({ store, edits, next }: Actor, event: CalendarEvent, field: Field): Promise<boolean> {
  const changed = await store.updateEvent(event.id, field.here(next()))
  edits.wrote('store', idThere(event), field, field.hereOf(changed))
  return true
}

const change: Operation = async (actor) => {
  const event = await someEvent(actor)
  return event !== undefined && sayHere(actor, event, actor.random.pick(FIELDS))
}

const move: Operation = async (actor) => {
  const event = await someEvent(actor)
  return event !== undefined && isOnItsOwn({ ...event, id: idThere(event) }) && sayHere(actor, event, time)
}

/** Neither a series nor an instance of one. */
const isOnItsOwn = ({ recurrence, id }: Pick<EventResource, 'recurrence' | 'id'>): boolean =>
  !recurrence?.length && !id.includes('_')

const cancel: Operation = async (actor) => {
  const event = await someEvent(actor)
  if (!event) return false
  actor.edits.ended(idThere(event))
  await actor.store.cancelEvent(event.id)
  return true
}

const remove: Operation = async (actor) => {
  const event = await someEvent(actor)
  if (!event) return false
  await actor.store.deleteEvent(event.id)
  actor.edits.removed(idThere(event))
  actor.edits.ended(idThere(event))
  return true
}

const someTheirs = ({ people, random }: Actor) => {
  const there = people.events().filter(({ status }) => status === 'confirmed')
  return there.length > 0 ? random.pick(there) : undefined
}

const theirNew: Operation = async ({ people, next, edits }) => {
  const n = next()
  const { id } = people.put({ ...time.there(n), summary: textOf(n) })
  edits.wrote('google', id, summary, textOf(n))
  return true
}

function sayThere({ people, edits, next }: Actor, { id }: EventResource, field: Field): boolean {
  const changed = people.change(id, field.there(next()))
  edits.wrote('google', id, field, field.thereOf(changed))
  return true
}

const theirChange: Operation = async (actor) => {
  const event = someTheirs(actor)
  return event !== undefined && sayThere(actor, event, actor.random.pick(FIELDS))
}

const theirMove: Operation = async (actor) => {
  const event = someTheirs(actor)
  return event !== undefined && isOnItsOwn(event) && sayThere(actor, event, time)
}

const theirRemoval: Operation = async (actor) => {
  const event = someTheirs(actor)
  if (!event) return false
  actor.edits.ended(event.id)
  actor.people.remove(event.id)
  return true
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
  [8, 'moves in the store', move],
  [3, 'cancellations in the store', cancel],
  [3, 'deletions in the store', remove],
  [6, 'events of others', theirNew],
  [30, 'changes at Google', theirChange],
  [8, 'moves at Google', theirMove],
  [5, 'deletions at Google', theirRemoval],
  [4, 'instances moved or cancelled at Google', theirException],
  [1, 'sync tokens that expired', forgotten],
]
