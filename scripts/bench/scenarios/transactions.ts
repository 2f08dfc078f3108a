import type { DialogueStore } from '../../../src/index.ts'
import { type Latency, startLoops } from '../measure/loops.ts'

export interface TurnFigures {
  callers: number
  /** A turn in a transaction: two messages, the first with an external id, and a change of the context. */
  turn: Latency
  /** The same verbs one after the other, without a transaction. */
  plain: Latency
}

type Verbs = Pick<DialogueStore, 'storeMessage' | 'mergeContext'>

/** What a transaction costs a turn, for callers with a user each. */
export async function measureTurns(store: DialogueStore, callers: number, ms: number): Promise<TurnFigures> {
  const users = await Promise.all(
    Array.from({ length: callers }, (_, i) => store.createUser({ name: `User ${i}` })),
  )
  let delivery = 0
  async function play(verbs: Verbs, userId: string): Promise<void> {
    const externalId = `delivery ${delivery++}`
    await verbs.storeMessage({ userId, sender: 'user', content: 'What is the time?', externalId })
    await verbs.mergeContext(userId, { turns: delivery })
    await verbs.storeMessage({ userId, sender: 'assistant', content: 'Five to twelve.' })
  }
  const measure = async (run: (userId: string) => Promise<void>) => {
    const free = users.map(({ id }) => id)
    const stop = startLoops(callers, async () => {
      const userId = free.pop() ?? ''
      await run(userId)
      free.push(userId)
    })
    await new Promise((resolve) => setTimeout(resolve, ms))
    return stop()
  }
  const turn = await measure((userId) => store.withTransaction((tx) => play(tx, userId)))
  return { callers, turn, plain: await measure((userId) => play(store, userId)) }
}
