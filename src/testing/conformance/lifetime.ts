import { deepEqual, equal, match, ok } from 'node:assert/strict'
import type { DialogueStore } from '../../index.ts'
import { callsOf } from './calls.ts'
import { casesOf } from './case.ts'
import { firstOf, rejects } from './checks.ts'
import { atOnce, newId, say } from './samples.ts'

type Verb = Exclude<keyof DialogueStore, 'close' | symbol>

/** A call of every verb but `close`. */
const callsOfAll = (store: DialogueStore): Record<Verb, () => Promise<unknown>> => {
  const id = newId()
  return {
    ...callsOf(store),
    ping: () => store.ping(),
    stats: () => store.stats(),
    withUserLock: () => store.withUserLock(id, async () => {}),
    deleteUser: () => store.deleteUser(id),
    listUsers: () => store.listUsers(),
    iterateUsers: () => firstOf(store.iterateUsers()),
    exportUser: () => firstOf(store.exportUser(id)),
    retrieveHistory: () => store.retrieveHistory(id),
    iterateHistory: () => firstOf(store.iterateHistory(id)),
    followMessages: () => firstOf(store.followMessages()),
    retrieveEvents: () => store.retrieveEvents(),
    withTransaction: () => store.withTransaction(async () => {}),
  }
}

const open = casesOf('an open store', {
  'has every verb': async ({ store }) => {
    for (const verb of [...Object.keys(callsOfAll(store)), 'close'])
      equal(typeof Reflect.get(store, verb), 'function')
    equal(typeof store[Symbol.asyncDispose], 'function')
  },

  'answers a ping, and tells what it keeps': async ({ store, person }) => {
    const { id } = await person()
    await say(store, id, 'hello')
    const { ok: fine, version, topology } = await store.ping()
    equal(fine, true)
    match(version, /^\d+\.\d+/)
    ok(['replicaSet', 'sharded'].includes(topology))
    const { users, contexts, events, journal, messages } = await store.stats()
    for (const count of [users, contexts, events, journal.unsettled, messages.count, messages.sizeBytes])
      ok(Number.isInteger(count) && count >= 0)
    ok(users > 0 && messages.count > 0 && messages.oldest instanceof Date)
    const { retention, fill, capBytes } = messages
    if (retention.kind === 'capped') ok(fill !== null && fill >= 0 && fill <= 1 && capBytes)
    else deepEqual([fill, capBytes], [null, null])
  },
})

const closing = casesOf('a closed store', {
  'has done what it had accepted, and does no more': async ({ store }) => {
    /* Nothing of a case may stay, and nobody can erase it afterwards. */
    const { id } = await store.createUser({ name: 'Somebody' })
    await atOnce(20, (i) => say(store, id, `${i}`))
    /* A store that does something else first has begun with the erasure when another verb has been answered. */
    const closed = async () => {
      await store.ping()
      await Promise.all([store.close(), store.close()])
    }
    const [receipt] = await Promise.all([store.deleteUser(id), closed()])
    equal(receipt.messages, 20)
    await store.close()
    await store[Symbol.asyncDispose]()
    for (const call of Object.values(callsOfAll(store))) await rejects(call(), 'STORE_CLOSED')
  },
})

export const lifetime = [...open, ...closing.map((one) => ({ ...one, closes: true as const }))]
