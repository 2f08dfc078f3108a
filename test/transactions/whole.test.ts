import { beforeAll, describe, expect, test } from '@jest/globals'
import type { DialogueStore } from '../../src/index.ts'
import { makeUser } from '../support/make.ts'
import { rounds } from '../support/thorough.ts'
import { makeTurnWorld, RETENTIONS, says } from './support/turns.ts'

const TURNS = rounds(8, 25)
/** How often a history is read at least while turns commit, however slow the machine. */
const READS = 12
const EACH = 5
const turnOf = (content: string): string => content.split(' ')[0] ?? ''

/**
 * A turn: five messages, and a context that counts them and covers them all. Every turn of these has to be seen as
 * a whole, or not at all.
 */
async function talk(store: DialogueStore, userId: string, turn: number): Promise<void> {
  await store.withTransaction(async (tx) => {
    const said = Array.from({ length: EACH }, (_, i) =>
      says(userId, `${turn} ${i}`, { externalId: `${turn} ${i}` }),
    )
    const outcomes = await tx.storeMessages(said)
    const last = outcomes.at(-1)
    if (last?.status !== 'created') throw new Error('not created')
    await tx.storeContext(userId, { messages: (turn + 1) * EACH, turn }, { covers: last.message.cursor })
  })
}

/** How a reader sees a history: each gives what is torn, if anything. */
const READERS: Record<string, (store: DialogueStore, userId: string) => Promise<unknown>> = {
  retrieveHistory: async (store, userId) => {
    const { messages } = await store.retrieveHistory(userId, { limit: 1000, count: false })
    return messages.length % EACH
  },
  'the count of retrieveHistory': async (store, userId) => {
    const { count } = await store.retrieveHistory(userId, { limit: 1, count: 'exact' })
    return (count ?? 0) % EACH
  },
  'the count of a page, and the page': async (store, userId) => {
    const { messages, count } = await store.retrieveHistory(userId, { limit: 1000 })
    return messages.length - (count ?? 0)
  },
  iterateHistory: async (store, userId) => {
    let count = 0
    for await (const _ of store.iterateHistory(userId)) count++
    return count % EACH
  },
  'retrieveContext with pending': async (store, userId) =>
    (await store.retrieveContext(userId, { pending: true })).pending,
  'retrieveContext with pending of some senders': async (store, userId) =>
    (await store.retrieveContext(userId, { pending: { senders: ['user'] } })).pending,
  'getMessage after retrieveContext': async (store, userId) => {
    const { data } = await store.retrieveContext(userId)
    if (data.turn === undefined) return 0
    await store.getMessage(userId, { externalId: `${data.turn} ${EACH - 1}` })
    return 0
  },
  'getMessage of a part after another': async (store, userId) => {
    const { messages } = await store.retrieveHistory(userId, { limit: 1, count: false })
    const [newest] = messages
    if (!newest) return 0
    const others = Array.from({ length: EACH }, (_, i) => `${turnOf(newest.content)} ${i}`)
    for (const externalId of others) await store.getMessage(userId, { externalId })
    return 0
  },
  'a transaction that only reads': async (store, userId) =>
    store.withTransaction(async (tx) => {
      const { data, pending } = await tx.retrieveContext(userId, { pending: true })
      const next = { externalId: `${data.turn === undefined ? 0 : Number(data.turn) + 1} 0` }
      const torn = await tx.getMessage(userId, next).then(
        () => 'sees a message of the next turn',
        () => 0,
      )
      return pending || torn
    }),
}

describe.each(RETENTIONS)('while turns of five messages commit, %s', (_, retention) => {
  let store: DialogueStore
  let other: DialogueStore
  beforeAll(async () => {
    const world = await makeTurnWorld(retention)
    store = world.store
    other = await world.another()
  })

  test.each(Object.entries(READERS))('%s in another store sees no part of one', async (_, read) => {
    const { id: userId } = await makeUser(store)
    let writing = true
    const torn: unknown[] = []
    let reads = 0
    const reader = async () => {
      while (writing) {
        const found = await read(other, userId)
        reads++
        if (found !== 0) torn.push(found)
      }
    }
    const reading = Promise.all([reader(), reader(), reader()])
    try {
      for (let turn = 0; turn < TURNS || reads < READS; turn++) {
        await Promise.race([talk(store, userId, turn), reading])
      }
    } finally {
      writing = false
    }
    await reading
    expect(torn).toEqual([])
    expect(await read(other, userId)).toBe(0)
  })
})
