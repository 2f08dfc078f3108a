import { expect, test } from '@jest/globals'
import { ObjectId } from '../../src/ids.ts'
import { journal } from '../../src/messages/entry.ts'
import { seen } from '../../src/messages/schema.ts'
import { MODELS } from '../../src/migrations/baseline.ts'
import { sessions } from '../../src/sessions/schema.ts'
import { makeEvent, makeMessages, makeUser, storedOf } from '../support/make.ts'
import { insertSample, LONG_AGO } from '../support/samples.ts'
import { entry, makeScene, message } from './support/scene.ts'

const now = () => new Date()
const times = { createdAt: LONG_AGO, updatedAt: LONG_AGO }

const NO_ORPHANS: Record<string, string> = {
  users: 'is nobody else’s',
  calendar_removals: 'is left by those who are gone: see src/check/calendar.ts',
  calendar_farewells: 'is left by those who are gone: see src/check/calendar.ts',
}

/** What has to be found of a document. */
function orphanOf(collection: string, _id: unknown, user: string) {
  const id = _id instanceof ObjectId ? _id.toHexString() : user
  return { kind: 'orphan', collection, id, ...(id !== user && { detail: `of user ${user}` }) }
}

test('of every collection are found and removed', async () => {
  const scene = await makeScene()
  const nobody = new ObjectId()
  /* An entry would bring messages. */
  const owed = { inserts: [message(nobody, { _id: new ObjectId() })], largest: 100 }
  const expected = []
  for (const model of MODELS.filter(({ collection }) => !NO_ORPHANS[collection])) {
    const _id = await insertSample(scene.db, model, nobody, model === journal ? owed : {})
    expected.push(orphanOf(model.collection, _id, nobody.toHexString()))
  }
  /* Told as one with the first. */
  await insertSample(scene.db, seen, nobody, { _id: `${nobody.toHexString()}:[null,"secret"]` })
  const others = new ObjectId()
  await insertSample(scene.db, sessions, nobody, { _id: others })
  await scene.raw('sessions').unset(others, 'userId')

  const found = await scene.look()
  const advice =
    'is not found when its user is gone: see BELONGINGS in src/check/orphans.ts, or say in NO_ORPHANS why'
  const collections = new Set(found.map(({ collection }) => collection))
  const missed = expected.filter(({ collection }) => !collections.has(collection))
  expect(missed.map(({ collection }) => `${collection} ${advice}`)).toEqual([])
  expect(found).toHaveLength(expected.length)
  expect(found).toEqual(expect.arrayContaining(expected))
  expect(await scene.fix()).toEqual([])
  expect(await scene.look()).toEqual([])
  expect(Object.values(await storedOf(scene.db, nobody.toHexString())).flat()).toEqual([])
  expect(await scene.raw('sessions').find({})).toMatchObject([{ _id: others }])
})

test('of an erased user are found, and the tombstone stays', async () => {
  let id = ''
  const scene = await makeScene(async (store) => {
    id = (await makeUser(store)).id
    await store.deleteUser(id)
  })
  const userId = new ObjectId(id)
  const tombstone = await scene.raw('users').find({ _id: userId })
  const late = await scene.raw('messages').insert(message(userId))
  expect(await scene.look()).toMatchObject([
    { kind: 'orphan', collection: 'messages', id: late.toHexString() },
  ])
  expect(await scene.fix()).toEqual([])
  expect(await scene.raw('messages').find({ userId })).toEqual([])
  expect(await scene.raw('users').find({ _id: userId })).toEqual(tombstone)
})

test('that are younger than a minute are under way: their writer may be about to remove them', async () => {
  const scene = await makeScene()
  const nobody = new ObjectId()
  await scene.raw('messages').insert(message(nobody, { createdAt: now() }))
  await scene.raw('journal').insert(entry(nobody, { createdAt: now() }))
  await scene.raw('locks').insert({ _id: nobody, owner: new ObjectId(), until: now() })
  const claim = { messageId: new ObjectId(), createdAt: now() }
  await scene.raw('seen').insert({ _id: `${nobody.toHexString()}:[null,"x"]`, ...claim })
  expect(await scene.look()).toEqual([])
})

test('are many: all of them go, of several users, and those of the living stay', async () => {
  let living = ''
  const scene = await makeScene(async (store) => {
    living = (await makeUser(store)).id
    await makeMessages(store, living, 20)
    await makeEvent(store, living)
  })
  const nobodies = [new ObjectId(), new ObjectId(), new ObjectId()]
  const documents = Array.from({ length: 2500 }, (_, i) => message(nobodies[i % 3] ?? new ObjectId()))
  await scene.db.collection('dialogue_messages').insertMany(documents)
  expect(await scene.look()).toHaveLength(2500)
  expect(await scene.fix()).toEqual([])
  expect(await scene.look()).toEqual([])
  expect(await scene.raw('messages').find({ userId: { $in: nobodies } })).toEqual([])
  expect(await scene.raw('messages').find({ userId: new ObjectId(living) })).toHaveLength(20)
})

test('are left when their user comes into being meanwhile', async () => {
  const scene = await makeScene()
  const userId = new ObjectId()
  const documents = Array.from({ length: 1500 }, () => message(userId))
  await scene.db.collection('dialogue_messages').insertMany(documents)
  let repaired = 0
  for await (const finding of scene.repair()) {
    if (!finding.repaired) continue
    if (repaired++ > 0) continue
    await scene.raw('users').insert({ _id: userId, name: 'Ana', states: {}, data: {}, version: 1, ...times })
  }
  /* The first thousand, and the context that the user lacked. */
  expect(repaired).toBe(1001)
  expect(await scene.raw('messages').find({ userId })).toHaveLength(500)
})
