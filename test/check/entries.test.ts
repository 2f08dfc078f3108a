import { expect, test } from '@jest/globals'
import { ObjectId } from '../../src/ids.ts'
import { makeUser } from '../support/make.ts'
import { LONG_AGO } from '../support/samples.ts'
import { entry, makeScene, message } from './support/scene.ts'

async function makeOwner() {
  let id = ''
  const scene = await makeScene(async (store) => {
    id = (await makeUser(store)).id
  })
  const userId = new ObjectId(id)
  const append = (fields: object = {}) => ({ _id: new ObjectId(), ...message(userId, fields) })
  return { scene, userId, append }
}

test('an entry that nobody has settled is settled', async () => {
  const { scene, userId, append } = await makeOwner()
  const sent = append()
  const _id = await scene.raw('journal').insert(entry(userId, { inserts: [sent], largest: 200 }))
  expect(await scene.look()).toEqual([
    { kind: 'entry-unsettled', collection: 'journal', id: _id.toHexString(), detail: '10 min old' },
  ])
  expect(await scene.fix()).toEqual([])
  expect(await scene.raw('messages').find({ userId })).toEqual([sent])
  /* Who had it before may have died, so it stays until its time is over; then it is swept. */
  await scene.raw('journal').set(_id, { until: LONG_AGO })
  expect(await scene.look()).toMatchObject([{ kind: 'entry-rest' }])
  expect(await scene.fix()).toEqual([])
  expect(await scene.look()).toEqual([])
  expect(await scene.raw('journal').find({})).toEqual([])
})

test('an entry that is younger than a minute is under way', async () => {
  const { scene, userId, append } = await makeOwner()
  const young = { inserts: [append()], createdAt: new Date(), until: new Date(Date.now() + 5000) }
  await scene.raw('journal').insert(entry(userId, { ...young, largest: 200 }))
  expect(await scene.look()).toEqual([])
})

test('a parked entry is tried again, and settled where that is possible now', async () => {
  const { scene, userId, append } = await makeOwner()
  const sent = append()
  const parked = { code: 121, at: LONG_AGO }
  const document = entry(userId, { inserts: [sent], largest: 200, parked })
  const _id = await scene.raw('journal').insert(document)
  expect(await scene.look()).toEqual([
    { kind: 'entry-parked', collection: 'journal', id: _id.toHexString(), detail: 'code 121' },
  ])
  expect(await scene.fix()).toEqual([])
  expect(await scene.raw('messages').find({ userId })).toEqual([sent])
  expect(await scene.look()).toEqual([])
})

test('a parked entry that still cannot be settled is parked again, and left', async () => {
  const { scene, userId, append } = await makeOwner()
  const parked = { code: 0, at: LONG_AGO }
  const document = entry(userId, { inserts: [append()], largest: 2 ** 40, parked })
  const _id = await scene.raw('journal').insert(document)
  const left = { kind: 'entry-parked', collection: 'journal', id: _id.toHexString() }
  expect(await scene.fix()).toEqual([{ ...left, detail: 'code 0', repaired: false }])
  expect(await scene.look()).toEqual([{ ...left, detail: 'code 10334' }])
  expect(await scene.raw('messages').find({ userId })).toEqual([])
})

test('a settled entry whose time is over is deleted, one whose time is not stays', async () => {
  const { scene, userId } = await makeOwner()
  const over = await scene.raw('journal').insert(entry(userId, { settled: true }))
  const later = new Date(Date.now() + 60_000)
  const held = await scene.raw('journal').insert(entry(userId, { settled: true, until: later }))
  expect(await scene.look()).toEqual([
    { kind: 'entry-rest', collection: 'journal', id: over.toHexString(), detail: '10 min old' },
  ])
  expect(await scene.fix()).toEqual([])
  expect(await scene.look()).toEqual([])
  expect(await scene.raw('journal').find({})).toMatchObject([{ _id: held }])
})
