import type { CalendarEvent, DialogueStore, JsonObject, User } from 'dialogue-store'
import { z } from 'zod'

/** Of one reminder of an event: who is sending it, or when it was sent. */
const telling = z.object({
  /** Until when whoever has claimed it may be sending it. Clocks of processes are a lot less than a minute apart. */
  claimedUntil: z.iso.datetime(),
  sentAt: z.iso.datetime().optional(),
})

export const shapes = {
  /** By start and minutes before it: an event that is moved is told anew. */
  eventData: z.object({ told: z.record(z.string(), telling) }).partial(),
}

export type Store = DialogueStore<typeof shapes>
export type Reminder = CalendarEvent<z.output<typeof shapes.eventData>>
export type Person = User<JsonObject>

/** What the bot remembers of a chat from one message to the next. */
export interface State {
  /** What it has asked for, and takes the next message for. */
  asked?: 'remind' | 'forget'
  /** Ids of events as `/list` has numbered them, for `/cancel`. */
  listed: string[]
  /** Id of the last message that was answered. They grow. */
  heard: number
}
