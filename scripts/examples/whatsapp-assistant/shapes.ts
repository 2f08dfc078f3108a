import type { DialogueStore, User } from 'dialogue-store'
import { z } from 'zod'

/** An appointment that somebody is describing: any part of it may still be missing. */
const draft = z
  .object({
    summary: z.string().min(1).max(1000),
    start: z.iso.datetime(),
    minutes: z.int().min(1).max(10_000),
    location: z.string().min(1).max(1000),
    attendees: z.array(z.object({ email: z.email() })),
  })
  .partial()
export type Draft = z.output<typeof draft>

/** What the assistant has still to do for somebody, in the order in which it does it: after a farewell comes the erasure. */
export const TODO = ['send', 'erase', 'answer', 'link'] as const
export type Todo = (typeof TODO)[number]

/** What this bot keeps in the JSON fields of the store, which checks it, and types it. */
export const shapes = {
  userData: z
    .object({
      draft,
      /** By the id of the message or event that it is about. */
      todo: z.record(z.string(), z.enum(TODO)),
    })
    .partial(),
  context: z.object({ summary: z.string(), lastBooked: z.string() }).partial(),
}

export type Store = DialogueStore<typeof shapes>
export type Person = User<z.output<typeof shapes.userData>>

/** Where somebody stands in each flow of the conversation; null: it is not going on. */
export const FLOWS = ['registration', 'editing', 'deletion', 'scheduling'] as const
