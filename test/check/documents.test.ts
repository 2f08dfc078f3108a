import { expect, test } from '@jest/globals'
import { ObjectId } from '../../src/ids.ts'
import { makeEvent, makeMessages, makeUser, storedOf } from '../support/make.ts'
import { LONG_AGO } from '../support/samples.ts'
import { makeStore } from '../support/store.ts'
import { entry, makeScene, message } from './support/scene.ts'

async function makeSomebody() {
  let id = ''
  const scene = await makeScene(async (store) => {
    id = (await makeUser(store)).id
    await makeMessages(store, id, 3)
    await makeEvent(store, id)
  })
  const stored = await storedOf(scene.db, id)
  const idOf = (name: string) => stored[name]?.[0]?._id as ObjectId
  return { scene, id, idOf }
}

test('counters of every model are renewed where any number will do that nobody has read', async () => {
  const { scene, id, idOf } = await makeSomebody()
  const broken = [
    { collection: 'users', fields: { version: 1.5, touches: -1 } },
    { collection: 'contexts', fields: { version: 'secret' } },
    { collection: 'messages', fields: { version: Number.NaN } },
    { collection: 'events', fields: { version: null } },
  ] as const
  for (const { collection, fields } of broken) await scene.raw(collection).set(idOf(collection), fields)

  const found = broken.map(({ collection, fields }) => ({
    kind: 'counter-broken',
    collection,
    id: idOf(collection).toHexString(),
    detail: Object.keys(fields).join(', '),
  }))
  const looked = await scene.look()
  expect(looked).toHaveLength(4)
  expect(looked).toEqual(expect.arrayContaining(found))
  const before = await storedOf(scene.db, id)
  expect(await scene.fix()).toEqual([])
  expect(await scene.look()).toEqual([])

  const after = await storedOf(scene.db, id)
  for (const { collection, fields } of broken) {
    const [old, now] = [before[collection][0], after[collection][0]]
    for (const field of Object.keys(fields)) expect(now?.[field]).toBeGreaterThan(1_700_000_000)
    expect({ ...now, ...fields }).toEqual(old)
  }
  const store = await makeStore({ dbName: scene.dbName })
  const { version } = await store.getUser(id)
  expect((await store.updateUser(id, { name: 'Bia' }, { ifVersion: version })).version).toBe(version + 1)
})

test('a counter that is missing is broken, one that may be missing is not', async () => {
  const { scene, idOf } = await makeSomebody()
  await scene.raw('users').unset(idOf('users'), 'touches')
  expect(await scene.look()).toEqual([])
  await scene.raw('users').unset(idOf('users'), 'version')
  expect(await scene.look()).toMatchObject([{ kind: 'counter-broken', detail: 'version' }])
  expect(await scene.fix()).toEqual([])
  expect(await scene.look()).toEqual([])
})

test('a receipt whose numbers are lost, and the counters of an entry, are left', async () => {
  let erased = ''
  let owner = ''
  const scene = await makeScene(async (store) => {
    erased = (await makeUser(store)).id
    owner = (await makeUser(store)).id
    await store.deleteUser(erased)
  })
  await scene.raw('users').set(new ObjectId(erased), { 'receipt.messages': -3 })
  const later = { settled: true, until: new Date(Date.now() + 60_000) }
  const held = await scene.raw('journal').insert(entry(new ObjectId(owner), { ...later, active: -1 }))
  const left = [
    { kind: 'counter-broken', collection: 'users', id: erased },
    { kind: 'counter-broken', collection: 'journal', id: held.toHexString() },
  ]
  expect(await scene.look()).toEqual(left)
  expect(await scene.fix()).toEqual(left.map((one) => ({ ...one, repaired: false })))
})

test('what a validator refuses is told, by ids alone, and left', async () => {
  const { scene, id, idOf } = await makeSomebody()
  const userId = new ObjectId(id)
  await scene.raw('users').set(userId, { secret: 1 })
  await scene.raw('contexts').unset(idOf('contexts'), 'createdAt')
  await scene.raw('events').set(idOf('events'), { status: 'secret' })
  const sent = await scene.raw('messages').insert(message(userId, { content: 7 }))
  const foreign = await scene.raw('messages').insert({ secret: true })
  await scene.raw('messages').insert({ _id: 'secret', any: 'thing' })
  const claim = { messageId: 'secret', createdAt: LONG_AGO }
  await scene.raw('seen').insert({ _id: `${id}:[null,"secret"]`, ...claim })
  await scene.raw('locks').insert({ _id: userId, owner: 'secret', until: new Date() })
  await scene.raw('journal').insert({ secret: 1, createdAt: 'secret' })

  const looked = await scene.look()
  const invalid = (collection: string, ids: string[]) =>
    expect(looked.filter((one) => one.collection === collection && one.kind === 'document-invalid')).toEqual(
      ids.map((one) => ({ kind: 'document-invalid', collection, id: one })),
    )
  invalid('users', [id])
  invalid('contexts', [idOf('contexts').toHexString()])
  invalid('events', [idOf('events').toHexString()])
  invalid('messages', [sent.toHexString()])
  invalid('seen', [id])
  invalid('locks', [id])
  const uncounted = looked.filter(
    ({ collection, kind }) => kind === 'counter-broken' && collection === 'messages',
  )
  expect(uncounted.map((one) => one.id).sort()).toEqual(['(an id of type string)', foreign.toHexString()])
  expect(looked.filter(({ collection }) => collection === 'journal').length).toBeGreaterThan(0)
  expect(JSON.stringify(looked)).not.toContain('secret')
  const left = await scene.fix()
  expect(JSON.stringify(left)).not.toContain('secret')
  expect(await scene.raw('messages').find({ any: 'thing' })).toHaveLength(1)
  expect(await scene.raw('events').find({ status: 'secret' })).toHaveLength(1)
})

test('more documents than fit into a page are all looked at', async () => {
  const { scene, id } = await makeSomebody()
  const documents = Array.from({ length: 4500 }, () => message(new ObjectId(id)))
  await scene.db.collection('dialogue_messages').insertMany(documents)
  const [first] = await scene.raw('messages').find({ userId: new ObjectId(id) })
  const last = await scene.raw('messages').insert(message(new ObjectId(id), { content: 1 }))
  await scene.raw('messages').set(first?._id, { content: 1 })
  const broken = [first?._id.toHexString(), last.toHexString()]
  // In the order of their ids, which is not that of their writing: the test's ids are the driver's.
  expect((await scene.look()).map((one) => one.id).sort()).toEqual(broken.sort())
})
