import { expect, test } from '@jest/globals'
import { ObjectId } from '../../src/ids.ts'
import { makeMessages, makeUser } from '../support/make.ts'
import { LONG_AGO } from '../support/samples.ts'
import { makeScene, message } from './support/scene.ts'

const DAY_MS = 86_400_000

async function makeDelivered() {
  let user = ''
  let stored = ''
  const scene = await makeScene(async (store) => {
    user = (await makeUser(store)).id
    const [first] = await makeMessages(store, user, 1, { externalId: 'delivery-1' })
    stored = first?.id ?? ''
    await makeMessages(store, user, 1, { externalId: 'delivery-1', conversationId: 'another' })
    await makeMessages(store, user, 1, { externalId: 'delivery-2' })
  })
  return { scene, userId: new ObjectId(user), stored, key: `${user}:[null,"delivery-1"]` }
}

test('messages stored twice under one external id are told, and left', async () => {
  const { scene, userId, stored } = await makeDelivered()
  const again = message(userId, { externalId: 'delivery-1', createdAt: new Date() })
  const second = await scene.raw('messages').insert(again)
  const found = {
    kind: 'message-twice',
    collection: 'messages',
    id: second.toHexString(),
    detail: `the same as ${stored}`,
  }
  expect(await scene.look()).toEqual([found])
  expect(await scene.fix()).toEqual([{ ...found, repaired: false }])
  expect(await scene.raw('messages').find({ externalId: 'delivery-1' })).toHaveLength(3)
})

test('a claim that names another message is told, and left', async () => {
  const { scene, stored, key } = await makeDelivered()
  const other = new ObjectId()
  await scene.raw('seen').set(key, { messageId: other })
  const found = {
    kind: 'claim-mismatch',
    collection: 'messages',
    id: stored,
    detail: `claimed for ${other.toHexString()}`,
  }
  expect(await scene.look()).toEqual([found])
  expect(await scene.fix()).toEqual([{ ...found, repaired: false }])
})

test('a delivery that came again after it was forgotten is another message', async () => {
  const { scene, userId, key } = await makeDelivered()
  const forgotten = new Date(LONG_AGO.getTime() - 8 * DAY_MS)
  const externalId = 'delivery-1'
  const first = message(userId, { externalId, createdAt: forgotten, timestamp: forgotten })
  await scene.raw('messages').insert(first)
  expect(await scene.look()).toEqual([])
  await scene.db.collection('dialogue_messages').deleteMany({ externalId, createdAt: { $ne: forgotten } })
  await scene.raw('seen').set(key, { messageId: new ObjectId() })
  expect(await scene.look()).toEqual([])
})
