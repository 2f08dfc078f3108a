import { ok } from 'node:assert/strict'
import { randomBytes, randomInt, randomUUID } from 'node:crypto'
import type { CalendarEvent, DialogueStore, Identity, Message, NewEvent, NewMessage } from '../../index.ts'

/** An id that nothing has. */
export const newId = (): string => randomBytes(12).toString('hex')

/** How to reach somebody whom nobody else is. */
export const identity = (): Identity => ({ provider: 'conformance', id: randomUUID() })

/** A name that nobody else uses in this database: of a flow, a conversation, a delivery. */
export const newName = (): string => `conformance-${randomUUID()}`

export const MINUTE_MS = 60_000
export const HOUR_MS = 60 * MINUTE_MS
export const DAY_MS = 24 * HOUR_MS
/** When messages of samples begin. */
export const BEGIN = new Date('2024-02-29T12:00:00Z')
export const after = (start: Date, ms: number): Date => new Date(start.getTime() + ms)

/** The beginning of a day (UTC) on which nobody else is likely to have an appointment. */
export const someDay = (): Date => new Date(Date.UTC(2200, 0, 1) + randomInt(2_400_000) * DAY_MS)

/** 0, 1, 2 … */
export const upTo = (count: number): number[] => Array.from({ length: count }, (_, i) => i)

/** So many at once. */
export const atOnce = <T>(count: number, work: (i: number) => Promise<T>): Promise<T[]> =>
  Promise.all(upTo(count).map(work))

export const says = (userId: string, content: string, fields: Partial<NewMessage> = {}): NewMessage => ({
  userId,
  sender: 'user',
  content,
  ...fields,
})

type Storing = Pick<DialogueStore, 'storeMessages'>

/** Stores what somebody said, in one call. */
export async function talk(
  store: Storing,
  userId: string,
  contents: (string | number)[],
  fields: Partial<NewMessage> = {},
): Promise<Message[]> {
  const outcomes = await store.storeMessages(contents.map((content) => says(userId, `${content}`, fields)))
  return outcomes.map((outcome) => {
    if (outcome.status === 'rejected') throw outcome.error
    return outcome.message
  })
}

/** One message of somebody. */
export async function say(
  store: Pick<DialogueStore, 'storeMessage'>,
  userId: string,
  content: string,
  fields: Partial<NewMessage> = {},
): Promise<Message> {
  return (await store.storeMessage(says(userId, content, fields))).message
}

export async function appointment(
  store: Pick<DialogueStore, 'storeEvent'>,
  creatorId: string,
  start: Date,
  fields: Partial<NewEvent> = {},
): Promise<CalendarEvent> {
  return (await store.storeEvent({ creatorId, summary: 'Dentist', start, ...fields })).event
}

/** What is at a place where a case has put something. */
export function at<T>(items: readonly T[], index: number): T {
  const item = items.at(index)
  ok(item !== undefined, `there is nothing at ${index}`)
  return item
}

/** What the types refuse, as a program in JavaScript may pass it. */
export const untyped = (value: unknown) => value as never
