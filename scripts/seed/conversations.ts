import { type Conversation, generateConversations, loadConversations } from '../lib/conversations.ts'
import { bytesOf, numberOf, type Plan } from './plan.ts'

/** The conversations of a round. When a round is told, the next one begins. */
export type Rounds = (round: number) => Conversation[]

const GENERATED_AT_ONCE = 50_000
const PEOPLE_AT_ONCE = 1000

/** Real conversations come again in each round, in an order of the plan's own; generated ones are always new. */
export async function openRounds(plan: Plan): Promise<Rounds> {
  if (plan.source === 'generated') {
    return (round) =>
      generateConversations({
        users: PEOPLE_AT_ONCE,
        messages: GENERATED_AT_ONCE,
        seed: numberOf(2 ** 32, plan, 'round', round),
      })
  }
  const conversations = shuffled(await loadReal(), plan)
  return () => conversations
}

async function loadReal(): Promise<Conversation[]> {
  try {
    return await loadConversations()
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new Error(`The real conversations cannot be had: ${reason}. Take --source generated instead.`)
  }
}

const shuffled = (conversations: Conversation[], plan: Plan): Conversation[] =>
  conversations
    .map((conversation) => ({ conversation, place: bytesOf(plan, 'order', conversation.id) }))
    .sort((a, b) => Buffer.compare(a.place, b.place))
    .map(({ conversation }) => conversation)
