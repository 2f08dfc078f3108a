import { z } from 'zod'
import { internalsIn } from '../beside.ts'
import type { Shapes } from '../config.ts'
import type { DialogueStore } from '../contract.ts'
import { callable, parse } from '../input.ts'
import { observed, observedIterables } from '../log.ts'
import { createKeyed, type Keyed } from '../sessions/keyed.ts'
import * as fields from '../sessions/schema.ts'
import { type OwnerOf, ownersIn } from './owner.ts'

/** Where a framework's state is kept. */
export interface KeyedOptions<T> {
  /** Whose keys they are: one for each bot. Up to 100 characters. */
  namespace: string
  /**
   * Whose state a key has: who is not known yet is created, and the state goes with them when they are erased. Default:
   * nobody's.
   */
  userOf?: OwnerOf
  /**
   * What becomes of a state that two processes have changed in the same place; undefined deletes it. What they have
   * changed in different places stays anyway. Default: the later one is told so, by `VERSION_CONFLICT`.
   */
  onConflict?: (ours: T | undefined, theirs: T | undefined) => T | undefined | Promise<T | undefined>
}

const keyedOptions = z.strictObject({
  namespace: fields.namespace,
  userOf: callable<OwnerOf>().optional(),
  onConflict: callable<(...args: never[]) => unknown>().optional(),
})

/** @throws DialogueStoreError `INVALID_INPUT` */
export function openKeyed<T, S extends Shapes>(store: DialogueStore<S>, options: KeyedOptions<T>) {
  const { sessions, database, observer } = internalsIn(store)
  const { namespace } = parse(keyedOptions, options, ['options'])
  const { userOf, onConflict } = options
  const keyed = createKeyed({
    ...{ sessions, namespace, deadline: database.deadline },
    owners: ownersIn(store, userOf),
    /* What is stored under a key is what its framework has put there. */
    onConflict: onConflict as Parameters<typeof createKeyed>[0]['onConflict'],
  })
  return verbsOf<T>(keyed, observer)
}

function verbsOf<T>(keyed: Keyed, observer: Parameters<typeof observed>[0]) {
  const keyIn = (key: unknown) => parse(fields.key, key, ['key'])
  const named = { ...observer, prefix: 'session.' }
  return {
    ...observed(named, 'debug', 'user', {
      read: async (key: string) => (await keyed.read(keyIn(key))) as T | undefined,
      has: async (key: string) => keyed.has(keyIn(key)),
    }),
    ...observed(named, 'info', 'user', {
      write: async (key: string, value: T) => keyed.write(keyIn(key), value),
      remove: async (key: string) => keyed.remove(keyIn(key)),
    }),
    ...observedIterables(named, {
      entries: () => keyed.entries() as AsyncGenerator<[key: string, value: T]>,
    }),
  }
}
