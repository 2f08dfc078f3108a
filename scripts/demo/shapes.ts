import { z } from 'zod'
import type { DialogueStore } from '../../src/index.ts'

/** An event that somebody is describing to the bot, step by step: any part may still be missing. */
const draft = z
  .object({
    summary: z.string(),
    start: z.iso.datetime(),
    end: z.iso.datetime(),
    location: z.string(),
    attendees: z.array(z.object({ email: z.email(), displayName: z.string() })),
    reminders: z.array(z.int()),
  })
  .partial()
export type Draft = z.infer<typeof draft>

/** What this bot keeps in the JSON fields. The store checks it, and TypeScript knows it. */
export const shapes = {
  userData: z.object({ draft: draft.optional() }),
  context: z
    .object({ summary: z.string(), topics: z.record(z.string(), z.int()), messages: z.int() })
    .partial(),
}

export type DemoStore = DialogueStore<typeof shapes>
export type DemoContext = z.infer<typeof shapes.context>
