import type { AsyncSessionStore } from 'telegraf/session'
import type { Shapes } from '../config.ts'
import type { DialogueStore } from '../contract.ts'
import { type KeyedOptions, openKeyed } from './keyed.ts'

export type TelegrafSessionOptions<T> = KeyedOptions<T>

/**
 * A store for Telegraf's `session()`: exact JSON under a unique key. What two processes have changed of a session at the
 * same time stays, where it is not the same field.
 * @throws DialogueStoreError `INVALID_INPUT`
 */
export function telegrafSessions<T, S extends Shapes = Shapes>(
  store: DialogueStore<S>,
  options: TelegrafSessionOptions<T>,
): AsyncSessionStore<T> {
  const { read, write, remove } = openKeyed<T, S>(store, options)
  return { get: read, set: write, delete: remove }
}
