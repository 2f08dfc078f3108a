import type { Message, NewEvent, UserPatchInput } from 'dialogue-store'
import type { Model } from './model.ts'
import { FLOWS, type Person, type Store, type Todo } from './shapes.ts'

/** What a turn is decided on: who has said what, and where they stand. */
export interface Scene {
  store: Store
  model: Model
  user: Person
  message: Message
}

/** What a message leads to. Nothing of it has happened yet: a turn is decided first, and then committed as a whole. */
export interface Turn {
  answer: string
  user?: UserPatchInput
  context?: { lastBooked: string }
  event?: Omit<NewEvent, 'creatorId' | 'externalId'>
  /** Everything of them is erased when the answer was sent. */
  erase?: true
}

/**
 * All of a turn or nothing: the answer, what becomes of the user, their context and their event, and that the answer
 * is to be sent. Whenever the process dies, the message is answered, or is still to be answered.
 */
export async function commit({ store, user, message }: Scene, turn: Turn, publishes: boolean): Promise<void> {
  await store.withTransaction(async (tx) => {
    const { message: answer, created } = await tx.storeMessage({
      userId: user.id,
      sender: 'assistant',
      content: turn.answer,
      externalId: `answer to ${message.id}`,
    })
    /* Answered by another process, when this one had been frozen for longer than its lock lasts. */
    if (!created) return
    const todo: Record<string, Todo | null> = {
      [message.id]: turn.erase ? 'erase' : null,
      [answer.id]: 'send',
    }
    if (turn.event) {
      const externalId = `event of ${message.id}`
      const { event } = await tx.storeEvent({ ...turn.event, creatorId: user.id, externalId })
      if (publishes) todo[event.id] = 'link'
    }
    if (turn.context) await tx.mergeContext(user.id, turn.context)
    const { states, data, ...rest } = turn.user ?? {}
    const patch = { ...rest, states: { ...states, todo: 'open' }, data: { ...data, todo } }
    await tx.updateUser(user.id, patch, { ifStates: statesOf(user) })
  })
}

/** What the turn was decided on. If anything of it has changed, the turn is decided anew: a double "yes" is one yes. */
const statesOf = ({ states }: Person) => Object.fromEntries(FLOWS.map((flow) => [flow, states[flow] ?? null]))
