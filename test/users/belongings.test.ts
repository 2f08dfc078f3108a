import { beforeAll, expect, test } from '@jest/globals'
import mongoose from 'mongoose'
import { ObjectId } from '../../src/ids.ts'
import type { DialogueStore } from '../../src/index.ts'
import { MODELS } from '../../src/migrations/baseline.ts'
import { makeBystander, makeWorld, storedOf } from '../support/make.ts'
import { insertSample } from '../support/samples.ts'

/*
 * Of every model there is, whether somebody has thought of its user: a document that is not erased with them, or not
 * given to them, is in one of these lists, with the reason. That the check finds what is left, check/orphans.test.ts
 * tells.
 */

const STAYS: Record<string, string> = {
  users: 'is a tombstone, with an id and numbers',
  locks: 'has nothing but the id, and expires an hour after its time',
  calendar_removals: 'is what is still to be removed at Google, and is remembered for a week',
  calendar_farewells: 'is the access with which that is removed, for 30 days at most',
}

const NOT_EXPORTED: Record<string, string> = {
  journal: 'is settled before anybody reads, and then is messages, which are exported',
  seen: 'has external ids, which are exported with their messages',
  locks: 'says that somebody works for them just now',
  calendar_feeds: 'says how far a calendar was read',
  calendar_removals: 'is what is left of events that they have deleted',
  calendar_farewells: 'is there when they are gone',
}

let store: DialogueStore
let db: mongoose.mongo.Db
let userId: string
/** Everything that a user can have: by the verbs, and what no verb leaves by its definition. */
beforeAll(async () => {
  ;({ store, db } = await makeWorld())
  userId = (await makeBystander(store)).id
  const stored = await storedOf(db, userId)
  for (const model of MODELS)
    if (stored[model.collection]?.length === 0) await insertSample(db, model, new ObjectId(userId))
})

const collections = MODELS.map(({ collection }) => collection)

/** Those that have the user's id anywhere. */
async function mentioning(): Promise<string[]> {
  const names = (await db.listCollections().toArray()).map(({ name }) => name.replace('dialogue_', ''))
  const found: string[] = []
  for (const name of names) {
    const documents = await db.collection(`dialogue_${name}`).find().toArray()
    if (mongoose.mongo.BSON.EJSON.stringify(documents).includes(userId)) found.push(name)
  }
  return found
}

/** What is in no list of exceptions, and has to be done; what is there for nothing. */
const unexcused = (found: string[], excused: Record<string, string>, advice: string): string[] => [
  ...found.filter((name) => !excused[name]).map((name) => `${name} ${advice}`),
  ...Object.keys(excused)
    .filter((name) => !found.includes(name))
    .map((name) => `${name} is no exception: take it off the list`),
]

test('of every model, a user has something', async () => {
  const found = await mentioning()
  const without = collections.filter((name) => !found.includes(name))
  expect(unexcused(without, {}, "has nothing of the user: see `owner` in the model's definition")).toEqual([])
})

test('what is somebody’s is found by an index', () => {
  const begins = (owner: string, keys: object) => owner === 'prefix' || Object.keys(keys)[0] === owner
  const without = MODELS.filter(({ owner, indexes }) => {
    return ![{ keys: { _id: 1 } }, ...indexes].some(({ keys }) => begins(owner, keys))
  })
  const advice = 'has no index that begins with its owner: erasures and the check would read all of it'
  expect(without.map(({ collection }) => `${collection} ${advice}`)).toEqual([])
})

test('exportUser gives something of every model', async () => {
  const given = new Set<string>()
  for await (const { kind } of store.exportUser(userId)) given.add(`${kind}s`)
  const kept = collections.filter((name) => !given.has(name))
  const advice = 'is not exported: see src/export.ts, or say in NOT_EXPORTED why not'
  expect(unexcused(kept, NOT_EXPORTED, advice)).toEqual([])
})

test('deleteUser leaves nothing of any model', async () => {
  await store.deleteUser(userId)
  const advice =
    'is not erased: leave `ownErasure` out of its definition, erase it in src/users/erase.ts, or say in STAYS why not'
  expect(unexcused(await mentioning(), STAYS, advice)).toEqual([])
})
