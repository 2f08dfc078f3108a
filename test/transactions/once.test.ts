import { beforeAll, describe, expect, test } from '@jest/globals'
import type { DialogueStore } from '../../src/index.ts'
import { makeUser, storedOf } from '../support/make.ts'
import { rounds } from '../support/thorough.ts'
import { bookkeepingOf, makeTurnWorld, RETENTIONS, says, type TurnWorld } from './support/turns.ts'

const CALLS = 50
const ROUNDS = rounds(2, 6)

interface Outcome {
  message: { id: string; content: string }
  created: boolean
}
type Call = (store: DialogueStore, userId: string, content: string) => Promise<Outcome>

/** A turn that counts what it created. */
const turn: Call = (store, userId, content) =>
  store.withTransaction(async (tx) => {
    const stored = await tx.storeMessage(says(userId, content, { externalId: 'once' }))
    if (!stored.created) return stored
    await tx.updateContext(userId, (data) => ({ turns: Number(data.turns ?? 0) + 1 }))
    return stored
  })
const plain: Call = (store, userId, content) =>
  store.storeMessage(says(userId, content, { externalId: 'once' }))
const bulk: Call = async (store, userId, content) => {
  const [outcome] = await store.storeMessages([says(userId, content, { externalId: 'once' })])
  if (!outcome || outcome.status === 'rejected') throw outcome?.error ?? new Error('no outcome')
  return { message: outcome.message, created: outcome.status === 'created' }
}

const MIXES: [string, Call[]][] = [
  ['turns', [turn]],
  ['plain calls', [plain]],
  ['turns and plain calls', [turn, plain]],
  ['plain calls, bulks, and a turn now and then', [plain, bulk, plain, bulk, turn]],
]

describe.each(RETENTIONS)('fifty at once with one external id, in two stores, %s', (_, retention) => {
  let world: TurnWorld
  let stores: DialogueStore[]
  beforeAll(async () => {
    world = await makeTurnWorld(retention)
    stores = [world.store, await world.another()]
  })

  test.each(MIXES)('%s: one creates it, one message, one increment', async (_, calls) => {
    const { db, store } = world
    for (let round = 0; round < ROUNDS; round++) {
      const { id } = await makeUser(store)
      const outcomes = await Promise.all(
        Array.from({ length: CALLS }, async (_, i) => {
          const one = stores[i % 2] ?? store
          const call = calls[Math.floor(i / 2) % calls.length] ?? plain
          return { call, ...(await call(one, id, `${i}`)) }
        }),
      )
      const creators = outcomes.filter(({ created }) => created)
      expect(creators).toHaveLength(1)
      const [creator] = creators
      const { messages } = await storedOf(db, id)
      expect(messages.map(({ content }) => content)).toEqual([creator?.message.content])
      expect(new Set(outcomes.map(({ message }) => message.id))).toEqual(new Set([creator?.message.id]))
      expect(new Set(outcomes.map(({ message }) => message.content))).toEqual(
        new Set([creator?.message.content]),
      )
      const turns = creator?.call === turn ? { turns: 1 } : {}
      expect((await store.retrieveContext(id)).data).toEqual(turns)
      expect((await bookkeepingOf(db, id)).journal.filter(({ settled }) => !settled)).toEqual([])
    }
  })
})
