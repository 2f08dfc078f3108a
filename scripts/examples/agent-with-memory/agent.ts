import { Agent, type Model, type RunContext, tool } from '@openai/agents-core'
import { z } from 'zod'
import { written } from '../common/when.ts'
import type { Memory } from './memory.ts'

/** The run has the memory of whoever it is for. */
const memoryOf = (context: RunContext<Memory> | undefined): Memory => {
  if (!context) throw new Error('A run of this agent needs a memory: run(agent, input, { context: memory })')
  return context.context
}

const remember = tool({
  name: 'remember',
  description: 'Keeps a fact about the user, for all conversations to come.',
  parameters: z.object({ fact: z.string().min(1).max(500).describe('One sentence.') }),
  async execute({ fact }, context: RunContext<Memory> | undefined) {
    await memoryOf(context).remember(fact)
    return `Remembered: ${fact}`
  },
})

const book = tool({
  name: 'book',
  description: "Puts an appointment into the user's calendar.",
  parameters: z.object({ summary: z.string().min(1), start: z.iso.datetime({ offset: true }) }),
  async execute({ summary, start }, context: RunContext<Memory> | undefined, details) {
    const callId = details?.toolCall?.callId ?? `${summary} ${start}`
    const begins = await memoryOf(context).book(summary, new Date(start), callId)
    return `Booked: ${summary} on ${begins.toISOString()}`
  },
})

/** An agent that knows before each run what it was told in earlier ones, in whatever conversation. */
export const createAgent = (model: string | Model) =>
  new Agent<Memory>({
    name: 'Assistant',
    model,
    tools: [remember, book],
    async instructions({ context }) {
      const { facts, events } = await context.recall()
      const [now, zone] = [new Date(), context.timezone]
      return [
        [
          'You help one user. Keep what they tell of themselves with the tool remember.',
          `It is ${now.toISOString()}: ${written(now, zone)} in ${zone}, where they are, and which their times mean.`,
        ].join(' '),
        `You know of them: ${facts.join('; ') || 'nothing'}.`,
        `Their appointments: ${events.join('; ') || 'none'}.`,
      ].join('\n')
    },
  })
