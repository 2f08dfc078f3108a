import fc from 'fast-check'
import type { JsonObject, JsonValue } from '../../../../src/index.ts'
import { jsonValue, meeting } from '../../../lib/json-values.ts'
import { mergePatch } from './oracle.ts'
import { type Scene, START } from './scene.ts'

/** Something stored, and a patch that has keys in common with it. */
export interface Merge {
  target: JsonObject
  patch: JsonObject
}

/** Names as people give them: the patch is written in place. */
const plainKey = fc.constantFrom('a', 'b', 'c', 'topic', 'Ärger', 'long name', 'x1')
const plainValue = fc.oneof(
  { weight: 2, arbitrary: fc.constant(null) },
  { weight: 3, arbitrary: jsonValue },
  { weight: 2, arbitrary: fc.dictionary(plainKey, jsonValue, { maxKeys: 4, noNullPrototype: true }) },
)
const plain = fc.dictionary(plainKey, plainValue, { maxKeys: 5, noNullPrototype: true })

export const merge: fc.Arbitrary<Merge> = fc.oneof(meeting, fc.record({ target: plain, patch: plain }))

/** A verb that merges: each pair for another user or event, all at once. Gives what is stored then, or the refusal. */
export interface MergeRoad {
  what: string
  /** How many pairs it takes at a time, at most. */
  most: number
  expected(merge: Merge): JsonValue
  carry(scene: Scene, merges: readonly Merge[]): Promise<PromiseSettledResult<unknown>[]>
}

const intoContexts: MergeRoad['carry'] = ({ store, userIds }, merges) =>
  Promise.allSettled(
    merges.map(async ({ target, patch }, i) => {
      const userId = userIds[i] ?? ''
      await store.storeContext(userId, target)
      await store.mergeContext(userId, patch)
      return (await store.retrieveContext(userId)).data
    }),
  )

const inTransactions: MergeRoad['carry'] = ({ store, userIds }, merges) =>
  Promise.allSettled(
    merges.map(({ target, patch }, i) =>
      store.withTransaction(async (tx) => {
        const userId = userIds[i] ?? ''
        await tx.storeContext(userId, target)
        await tx.mergeContext(userId, patch)
        return (await tx.retrieveContext(userId)).data
      }),
    ),
  )

/** What is stored is made by a merge too, into nothing: it has no nulls then. */
const intoUsers: MergeRoad['carry'] = ({ store, userIds }, merges) =>
  Promise.allSettled(
    merges.map(async ({ target, patch }, i) => {
      const userId = userIds[i] ?? ''
      await store.updateUser(userId, { data: null })
      await store.updateUser(userId, { data: { target } })
      await store.updateUser(
        userId,
        i % 2 ? { data: { target: patch } } : () => ({ data: { target: patch } }),
      )
      return (await store.getUser(userId)).data.target
    }),
  )

const intoEvents: MergeRoad['carry'] = ({ store, userIds }, merges) =>
  Promise.allSettled(
    merges.map(async ({ target, patch }, i) => {
      const creatorId = userIds[i] ?? ''
      const { event } = await store.storeEvent({ creatorId, summary: 'Tea', start: START, data: target })
      try {
        await store.updateEvent(event.id, { data: patch })
        return (await store.getEvent(event.id)).data
      } finally {
        await store.deleteEvent(event.id)
      }
    }),
  )

const merged = ({ target, patch }: Merge): JsonValue => mergePatch(target, patch)

export const MERGE_ROADS: readonly MergeRoad[] = [
  { what: 'merged into contexts', most: 48, carry: intoContexts, expected: merged },
  { what: 'merged into contexts, in transactions', most: 12, carry: inTransactions, expected: merged },
  {
    what: 'merged into the data of users',
    most: 24,
    carry: intoUsers,
    expected: ({ target, patch }) => mergePatch(mergePatch({}, target), patch),
  },
  { what: 'merged into the data of events', most: 12, carry: intoEvents, expected: merged },
]
