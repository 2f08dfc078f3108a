import type { DialogueStore } from '../../../../src/index.ts'
import { type Base, CALLS, deliveryOf, type Heard, type Kind, messageOf, toHeard } from './calls.ts'
import { type Ledger, now } from './ledger.ts'

/** What is to be written. */
export interface Order {
  kind: Kind
  base: Base
  userId: string
  key: string
}

/**
 * Carries out calls, and notes each before and after.
 *
 * @param name of the process, unique: the calls' names begin with it
 */
export function createClerk(name: string, ledger: Ledger, stores: ReadonlyMap<Base, DialogueStore>) {
  let calls = 0

  function storeOf(base: Base): DialogueStore {
    const store = stores.get(base)
    if (!store) throw new Error(`There is no store of ${base}`)
    return store
  }

  async function noted(orders: Order[], call: () => Promise<Heard[]>): Promise<Heard[]> {
    const names = orders.map((_, i) => `${name}-${calls + i}`)
    calls += orders.length
    const begun = now()
    await ledger.note(orders.map((order, i) => ({ ...order, call: names[i] ?? '', begun })))
    const heard = await call().catch((error: unknown) => orders.map(() => toHeard(error)))
    const ended = now()
    await ledger.note(names.map((one, i) => ({ call: one, heard: heard[i] ?? nothing(), ended })))
    return heard
  }

  return {
    /** @returns what was heard */
    async call(order: Order): Promise<Heard> {
      const { kind, base, ...written } = order
      const [heard] = await noted([order], async () => [
        await CALLS[kind]({ store: storeOf(base), ...written }),
      ])
      return heard ?? nothing()
    },

    /** Messages and deliveries, by one `storeMessages`. */
    async bulk(base: Base, orders: Order[]): Promise<void> {
      const inputs = orders.map((order) => (order.kind === 'delivery' ? deliveryOf : messageOf)(order))
      await noted(orders, async () =>
        (await storeOf(base).storeMessages(inputs)).map((outcome) =>
          outcome.status === 'rejected'
            ? toHeard(outcome.error)
            : { id: outcome.message.id, created: outcome.status === 'created' },
        ),
      )
    },
  }
}

const nothing = (): Heard => ({ stranger: 'a call without an outcome' })
