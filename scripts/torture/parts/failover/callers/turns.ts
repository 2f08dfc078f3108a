import { ObjectId } from '../../../../../src/ids.ts'
import type { StoreTransaction } from '../../../../../src/index.ts'
import { createLedger } from '../ledger.ts'
import { type Caller, EVENTS, MESSAGES, Surprise, textsOf, type World } from './caller.ts'

const START = new Date('2030-01-15T14:00:00Z')

/** Turns of a bot: each whole, and once. */
export async function createTurns(world: World): Promise<Caller> {
  const { store, db } = world
  const { id: userId } = await store.createUser({ name: 'Has a turn' })
  const messages = createLedger()
  const events = createLedger()
  /* Unknown after a turn that failed. */
  let counted: number | undefined = 0

  async function turn(tx: StoreTransaction, n: number) {
    const ask = { userId, sender: 'user', content: `asks ${n}`, externalId: `turn ${n}` }
    const { message: asked, created } = await tx.storeMessage(ask)
    const { context } = await tx.updateContext(userId, ({ turns }) => ({ turns: Number(turns ?? 0) + 1 }))
    const { event } = await tx.storeEvent({ creatorId: userId, summary: `booked ${n}`, start: START })
    const { message: answered } = await tx.storeMessage({
      ...{ userId, sender: 'assistant', content: `answers ${n}` },
    })
    return { created, stored: [asked, answered], event, turns: context.data.turns }
  }

  async function checkTurns(): Promise<string[]> {
    const stored = await db.collection('dialogue_contexts').findOne({ userId: new ObjectId(userId) })
    const turns = stored?.data?.turns
    if (counted === undefined || counted === turns) return []
    return [`the context of ${userId} was acknowledged as of ${counted} turns, and is there as of ${turns}`]
  }

  return {
    name: 'withTransaction',
    isWriter: true,
    async call(n) {
      for (const text of [`asks ${n}`, `answers ${n}`]) messages.wanted(text)
      events.wanted(`booked ${n}`)
      const before = counted
      counted = undefined
      const { created, stored, event, turns } = await store.withTransaction((tx) => turn(tx, n))
      for (const { content, id } of stored) messages.acknowledged(content, id)
      events.acknowledged(event.summary, event.id)
      if (!created) throw new Surprise(`turn ${n} of ${userId} came first, and its message was not created`)
      counted = Number(turns)
      if (before !== undefined && counted !== before + 1)
        throw new Surprise(`turn ${n} of ${userId} took its context from ${before} to ${counted}`)
    },
    acknowledged: () => messages.count() + events.count(),
    async check() {
      /* Whoever reads sees committed turns whole. */
      await store.retrieveHistory(userId)
      const [ofMessages, ofEvents] = await Promise.all([
        textsOf(world, MESSAGES, userId),
        textsOf(world, EVENTS, userId),
      ])
      return [...messages.compare(ofMessages), ...events.compare(ofEvents), ...(await checkTurns())]
    },
    messageIds: messages.ids,
  }
}
