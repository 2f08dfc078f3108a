import { expect, test } from '@jest/globals'
import { ObjectId } from '../../src/ids.ts'
import { belongingsOf, makeEvent, makeMessages, makeUser, storedOf } from '../support/make.ts'
import { LONG_AGO } from '../support/samples.ts'
import { makeStore } from '../support/store.ts'
import { makeScene, type Scene } from './support/scene.ts'

async function makeSomebody() {
  let id = ''
  const scene = await makeScene(async (store) => {
    id = (await makeUser(store)).id
    await makeMessages(store, id, 30)
    await makeEvent(store, id)
    await store.storeContext(id, { summary: 'likes tea' })
  })
  const userId = new ObjectId(id)
  return { scene, userId, id }
}

const contextOf = async ({ scene, userId }: { scene: Scene; userId: ObjectId }) => {
  const [context] = await scene.raw('contexts').find({ userId })
  if (!context) throw new Error('there is no context')
  return context
}

test('a user without a context gets one', async () => {
  const { scene, userId, id } = await makeSomebody()
  await scene.db.collection('dialogue_contexts').deleteOne({ userId })
  expect(await scene.look()).toEqual([{ kind: 'context-missing', collection: 'users', id }])
  expect(await scene.fix()).toEqual([])
  expect(await scene.look()).toEqual([])
  const store = await makeStore({ dbName: scene.dbName })
  expect(await store.retrieveContext(id)).toMatchObject({ data: {}, version: 0 })
  expect(await store.storeContext(id, { a: 1 }, { ifVersion: 0 })).toMatchObject({ created: true })
})

test('a context that has data is counted as such', async () => {
  const { scene, userId } = await makeSomebody()
  const context = await contextOf({ scene, userId })
  await scene.raw('contexts').unset(context._id, 'filledBy')
  const found = { kind: 'context-unmarked', collection: 'contexts', id: context._id.toHexString() }
  expect(await scene.look()).toEqual([found])
  expect(await scene.fix()).toEqual([])
  expect(await scene.look()).toEqual([])
  const { filledBy, ...rest } = await contextOf({ scene, userId })
  expect(filledBy).toBeInstanceOf(ObjectId)
  expect({ ...rest, filledBy: context.filledBy }).toEqual(context)
})

test('a context that has none is not', async () => {
  const { scene, userId } = await makeSomebody()
  const context = await contextOf({ scene, userId })
  await scene.raw('contexts').unset(context._id, 'data')
  const found = { kind: 'context-marked', collection: 'contexts', id: context._id.toHexString() }
  expect(await scene.look()).toEqual([found])
  expect(await scene.fix()).toEqual([])
  expect(await scene.look()).toEqual([])
  expect(await contextOf({ scene, userId })).not.toHaveProperty('filledBy')
})

test('an erasure that was interrupted is finished, with its receipt', async () => {
  const { scene, userId, id } = await makeSomebody()
  await scene.db.collection('dialogue_contexts').deleteOne({ userId })
  const tombstone = {
    erasedAt: LONG_AGO,
    receipt: { messages: 0, contexts: 1, events: 0 },
    erasing: { step: 0, messages: [], events: [] },
  }
  await scene.db.collection('dialogue_users').replaceOne({ _id: userId }, tombstone)
  expect(await scene.look()).toEqual([{ kind: 'erasure-unfinished', collection: 'users', id }])
  expect(await scene.fix()).toEqual([])
  expect(await scene.look()).toEqual([])
  const { users } = await storedOf(scene.db, id)
  expect(users).toEqual([
    { _id: userId, erasedAt: LONG_AGO, receipt: { messages: 30, contexts: 1, events: 1 } },
  ])
  expect(await belongingsOf(scene.db, id)).toEqual([])
})

test('an erasure that goes on, or has just begun, is under way', async () => {
  const { scene, userId } = await makeSomebody()
  await scene.db.collection('dialogue_contexts').deleteOne({ userId })
  const users = scene.db.collection('dialogue_users')
  const tombstone = (erasedAt: Date) => ({
    erasedAt,
    receipt: { messages: 0, contexts: 1, events: 0 },
    erasing: { step: 1, messages: [], events: [] },
  })
  await users.replaceOne({ _id: userId }, tombstone(new Date()))
  expect(await scene.look()).toEqual([])
  await users.replaceOne({ _id: userId }, tombstone(LONG_AGO))
  const stepping = setInterval(
    () => void users.updateOne({ _id: userId }, { $inc: { 'erasing.step': 1 } }),
    100,
  )
  expect(await scene.look().finally(() => clearInterval(stepping))).toEqual([])
  expect(await scene.look()).toMatchObject([{ kind: 'erasure-unfinished' }])
})
