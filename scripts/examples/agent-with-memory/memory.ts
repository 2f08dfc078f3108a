import type { DialogueStore } from 'dialogue-store'
import { z } from 'zod'

export const shapes = {
  /** What the agent knows of somebody, whatever the conversation. */
  context: z.object({ facts: z.array(z.string()) }).partial(),
  /** Which conversation goes on. */
  userData: z.object({ conversation: z.string().optional() }),
}

export type Store = DialogueStore<typeof shapes>

/** The memory of one user, and their time zone: facts in their context, appointments as events. */
export function createMemory(store: Store, userId: string, timezone: string) {
  return {
    ...{ userId, timezone },

    /** A function, since two conversations may go on at once: none loses the other's fact. */
    async remember(fact: string): Promise<void> {
      await store.updateContext(userId, ({ facts = [] }) => ({ facts: [...new Set([...facts, fact])] }))
    },

    /**
     * @param callId the model's call: executed twice, it is one event. After a crash the user says it again, and the model
     * makes another call, which is another event
     */
    async book(summary: string, start: Date, callId: string): Promise<Date> {
      const event = { creatorId: userId, summary, start, timezone, externalId: callId }
      return (await store.storeEvent(event)).event.start
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
