import type { DialogueStore } from '../../../../src/index.ts'
import type { Person } from './scene.ts'
import type { CallVerb } from './table/template.ts'

/** The one verb that the faults are in. */
export const PLANTED = 'getUser'

/** The store's verbs, one of which commits a fault. */
export const planted =
  (call: CallVerb, plant: string | undefined, store: DialogueStore, bystander: Person): CallVerb =>
  (verb, args) => {
    if (plant === undefined || verb !== PLANTED) return call(verb, args)
    return FAULTS[plant]?.(store, bystander, () => call(verb, args))
  }

type Fault = (store: DialogueStore, bystander: Person, call: () => unknown) => unknown

const FAULTS: Readonly<Record<string, Fault>> = {
  'foreign-read': (store, { userId }) => store.getUser(userId),
  'foreign-write': async (store, { userId }, call) => {
    await store.updateContext(userId, (data) => ({ ...data, n: 1 }))
    return call()
  },
  polluted: (_store, _bystander, call) => {
    /* Not listed, so that nothing else of this process comes across it. */
    Object.defineProperty(Object.prototype, 'polluted', { value: true, configurable: true, writable: true })
    return call()
  },
  untyped: async () => {
    throw new TypeError('planted')
  },
}
