import { createLedger } from '../ledger.ts'
import { type Caller, EVENTS, Surprise, textsOf, type World } from './caller.ts'

const START = new Date('2030-01-15T14:00:00Z')

/** Events, every second one with an external id, and then once more. */
export async function createEvents(world: World): Promise<Caller> {
  const { store } = world
  const { id: creatorId } = await store.createUser({ name: 'Books' })
  const ledger = createLedger()
  return {
    name: 'storeEvent',
    isWriter: true,
    async call(n) {
      const summary = `event ${n}`
      const booking = { creatorId, summary, start: START, ...(n % 2 === 0 && { externalId: summary }) }
      ledger.wanted(summary)
      const { event, created } = await store.storeEvent(booking)
      ledger.acknowledged(summary, event.id)
      if (!created) throw new Surprise(`"${summary}" (${event.id}) came first, and was not created`)
      if (!('externalId' in booking)) return
      const again = await store.storeEvent(booking)
      if (again.created || again.event.id !== event.id)
        throw new Surprise(`"${summary}" (${event.id}) came again, and was stored as ${again.event.id}`)
    },
    acknowledged: ledger.count,
    check: async () => ledger.compare(await textsOf(world, EVENTS, creatorId)),
    messageIds: () => [],
  }
}
