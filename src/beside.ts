import type { Internals } from './assemble.ts'
import { invalidInput } from './errors.ts'
import { internalsOf } from './internals.ts'

/**
 * What a part of the package beside a store needs of it.
 * @throws DialogueStoreError `INVALID_INPUT` for anything that `openStore` has not given
 */
export function internalsIn(store: unknown): Internals {
  const internals = typeof store === 'object' && store !== null ? internalsOf(store) : undefined
  if (!internals) throw invalidInput([{ path: ['store'], reason: 'is not a store of openStore()' }])
  /* Made by the same copy of this package: the symbol is its own. */
  return internals as Internals
}
