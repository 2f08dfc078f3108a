import { expect, test } from '@jest/globals'
import type mongoose from 'mongoose'
import { makeUser } from '../support/make.ts'
import { makeStore } from '../support/store.ts'
import { makeScene } from './support/scene.ts'

const shapeOf = async (db: mongoose.mongo.Db, name: string) => ({
  options: await db.collection(`dialogue_${name}`).options(),
  indexes: (await db.collection(`dialogue_${name}`).indexes()).map(({ name: index, ...rest }) => [
    index,
    rest,
  ]),
})

test('validators are put back', async () => {
  const scene = await makeScene()
  const before = [await shapeOf(scene.db, 'users'), await shapeOf(scene.db, 'messages')]
  await scene.db.command({ collMod: 'dialogue_users', validator: {} })
  await scene.db.command({ collMod: 'dialogue_messages', validationAction: 'warn' })
  const found = ['users', 'messages'].map((collection) => ({
    kind: 'validator-differs',
    collection,
    id: collection,
  }))
  expect(await scene.look()).toEqual(found)
  expect(await scene.fix()).toEqual([])
  expect(await scene.look()).toEqual([])
  const [users, messages] = [await shapeOf(scene.db, 'users'), await shapeOf(scene.db, 'messages')]
  const strict = { validationLevel: 'strict', validationAction: 'error' }
  expect(users.options).toEqual({ ...before[0]?.options, ...strict })
  expect(messages.options).toEqual({ ...before[1]?.options, ...strict })
})

test('indexes are put back, and those of others stay', async () => {
  const scene = await makeScene()
  const [users, messages, seen] = ['users', 'messages', 'seen'].map((name) =>
    scene.db.collection(`dialogue_${name}`),
  )
  await messages?.createIndex({ sender: 1 }, { name: 'of somebody else' })
  const before = await Promise.all(['users', 'messages', 'seen'].map((name) => shapeOf(scene.db, name)))
  await users?.dropIndex('identities_1')
  await users?.createIndex({ identities: 1 })
  await messages?.dropIndex('userId_1_externalId_1')
  await seen?.dropIndex('createdAt_1')
  await seen?.createIndex({ createdAt: 1 }, { expireAfterSeconds: 60 * 60 * 24 * 30 })
  expect(await scene.look()).toEqual([
    { kind: 'index-differs', collection: 'users', id: 'identities_1' },
    { kind: 'index-missing', collection: 'messages', id: 'userId_1_externalId_1' },
    { kind: 'index-differs', collection: 'seen', id: 'createdAt_1' },
  ])
  expect(await scene.fix()).toEqual([])
  expect(await scene.look()).toEqual([])
  const after = await Promise.all(['users', 'messages', 'seen'].map((name) => shapeOf(scene.db, name)))
  const sorted = (shapes: typeof before) =>
    shapes.map(({ indexes }) => new Map(indexes as [string, object][]))
  expect(sorted(after)).toEqual(sorted(before))
})

test('a unique index that documents are in the way of is left, and the other one stays', async () => {
  const scene = await makeScene()
  const users = scene.db.collection('dialogue_users')
  await users.dropIndex('identities_1')
  await users.createIndex({ identities: 1 }, { sparse: true })
  const [bystander] = await users.find({ identities: { $exists: true } }).toArray()
  if (!bystander) throw new Error('nobody is there')
  const { _id, ...twin } = bystander
  const { insertedId } = await users.insertOne(twin)
  const times = { createdAt: new Date(), updatedAt: new Date() }
  await scene.raw('contexts').insert({ userId: insertedId, version: 0, ...times })
  const left = { kind: 'index-differs', collection: 'users', id: 'identities_1' }
  expect(await scene.fix()).toEqual([{ ...left, repaired: false, failure: 'UNAVAILABLE' }])
  expect(await scene.look()).toEqual([left])
  expect(await users.indexes()).toContainEqual(
    expect.objectContaining({ name: 'identities_1', sparse: true }),
  )
})

test('a collection that is missing is created', async () => {
  const scene = await makeScene()
  await scene.db.collection('dialogue_locks').drop()
  expect(await scene.look()).toEqual([{ kind: 'collection-missing', collection: 'locks', id: 'locks' }])
  expect(await scene.fix()).toEqual([])
  expect(await scene.look()).toEqual([])
})

test('a fence that a dead conversion has left is lifted, one that stands is under way', async () => {
  const scene = await makeScene()
  const meta = scene.db.collection<{ _id: string }>('dialogue_meta')
  const fence = async (until: Date) => {
    const set = { fencedFor: 'dialogue_messages_converting_x', fencedUntil: until, fences: 1 }
    await meta.updateOne({ _id: 'retention' }, { $set: set }, { upsert: true })
    await scene.db.command({ collMod: 'dialogue_messages', validator: { _id: { $exists: false } } })
  }
  const left = { kind: 'fence-left', collection: 'messages', id: 'messages' }
  await fence(new Date(Date.now() + 60_000))
  expect(await scene.look()).toEqual([])
  expect(await scene.fix()).toEqual([])
  const { validator } = await scene.db.collection('dialogue_messages').options()
  expect(validator).toEqual({ _id: { $exists: false } })

  await fence(new Date(Date.now() - 1000))
  expect(await scene.look()).toEqual([left])
  expect(await scene.fix()).toEqual([])
  expect(await scene.look()).toEqual([])
  expect(await meta.findOne({ _id: 'retention' })).toEqual({ _id: 'retention', fences: 1 })

  await scene.db.command({ collMod: 'dialogue_messages', validator: { _id: { $exists: false } } })
  expect(await scene.look()).toEqual([left])
  expect(await scene.fix()).toEqual([])
  const store = await makeStore({ dbName: scene.dbName })
  const { id: userId } = await makeUser(store)
  await store.storeMessage({ userId, sender: 'user', content: 'hi' })
})

test('rolling retention has an index of its own', async () => {
  const scene = await makeScene(undefined, { kind: 'rolling', maxAgeMs: 10 * 86_400_000, maxPerUser: 1000 })
  expect(await scene.look()).toEqual([])
})
