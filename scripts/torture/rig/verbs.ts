import type { DialogueStore } from '../../../src/index.ts'
import type { Defer } from '../../lib/run.ts'
import { openBeside } from './beside.ts'

/**
 * Every verb that a bot can call, by its name: a store's, a transaction's as `tx.updateUser`, which is a transaction with
 * nothing else in it, and `grammy.read`, of what stands beside a store.
 */
export async function openVerbs(store: DialogueStore, defer: Defer) {
  const beside = await openBeside(defer)
  const inside = await store.withTransaction(async (tx) => Object.keys(tx))
  const verbsInside = (one: DialogueStore) =>
    inside.map((verb) => [
      `tx.${verb}`,
      (...args: unknown[]) =>
        one.withTransaction(async (tx) => Reflect.apply(Reflect.get(tx, verb), tx, args)),
    ])
  return {
    server: beside.server,
    verbsOf: (one: DialogueStore): object => ({
      ...one,
      ...Object.fromEntries(verbsInside(one)),
      ...beside.verbsOf(one),
    }),
  }
}
