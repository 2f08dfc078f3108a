import type { StorageAdapter } from 'grammy'
import type { Shapes } from '../config.ts'
import type { DialogueStore } from '../contract.ts'
import { type KeyedOptions, openKeyed } from './keyed.ts'

export type GrammyStorageOptions<T> = KeyedOptions<T>

/** All that grammY asks of a storage, the optional methods included. */
export type GrammyStorage<T> = Required<StorageAdapter<T>>

/**
 * A storage for grammY's `session()`: exact JSON under a unique key. What two processes have changed of a session at the
 * same time stays, where it is not the same field.
 * @throws DialogueStoreError `INVALID_INPUT`
 */
export function grammyStorage<T, S extends Shapes = Shapes>(
  store: DialogueStore<S>,
  options: GrammyStorageOptions<T>,
): GrammyStorage<T> {
  const { read, write, remove, has, entries } = openKeyed<T, S>(store, options)
  return {
    ...{ read, write, has, delete: remove, readAllEntries: entries },
    async *readAllKeys() {
      for await (const [key] of entries()) yield key
    },
    async *readAllValues() {
      for await (const [, value] of entries()) yield value
    },
  }
}
