import type { DialogueStore } from 'dialogue-store'
import { z } from 'zod'

export const shapes = {
  /** What the agent knows of somebody, whatever the conversation. */
  context: z.object({ facts: z.array(z.string()) }).partial(),
  /** Which conversation goes on. */
  userData: z.object({ conversation: z.string().optional() }),
}

export type Store = DialogueStore<typeof shapes>

/** The memory of one user: facts in their context, appointments as events. Safe to be told anything twice. */
export function createMemory(store: Store, userId: string) {
  return {
    userId,

    /** A function, since two conversations may go on at once: none loses the other's fact. */
    async remember(fact: string): Promise<void> {
      await store.updateContext(userId, ({ facts = [] }) => ({ facts: [...new Set([...facts, fact])] }))
    },

    /** @param callId the model's call: made again after a crash, it is the same event */
    async book(summary: string, start: Date, callId: string): Promise<Date> {
      const { event } = await store.storeEvent({ creatorId: userId, summary, start, externalId: callId })
      return event.start
    },

    /** What a model is told before each run. */
    async recall(): Promise<{ facts: string[]; events: string[] }> {
      const [{ data }, { events }] = await Promise.all([
        store.retrieveContext(userId),
        store.retrieveEvents({ creatorId: userId, from: new Date(), limit: 10 }),
      ])
      return {
        facts: data.facts ?? [],
        events: events.map(({ summary, start }) => `${summary} on ${start.toISOString()}`),
      }
    },
  }
}

export type Memory = ReturnType<typeof createMemory>
