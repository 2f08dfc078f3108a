import { expect, test, describe, beforeAll } from '@jest/globals'
import fc from 'fast-check'
import { makeUser, makeIdentity, untyped } from '../support/make.ts'
import { jsonObject, written } from '../support/json.ts'
import { RETENTIONS, contentsIn, makeTurnWorld, says, gate, type TurnWorld } from './support/turns.ts'
import { nextId } from '../../src/ids.ts'

describe.each(RETENTIONS)('%s', (_, retention) => {
let w: TurnWorld
beforeAll(async () => { w = await makeTurnWorld(retention) })

test('order', async () => {
  const { id: userId } = await makeUser(w.store)
  await w.store.withTransaction(async (tx) => {
    await Promise.all([
      tx.storeMessage(says(userId, '0')),
      tx.storeMessage(says(userId, '1')),
      tx.storeMessages([says(userId, '2'), says(userId, '3'), says(userId, '4')]),
      tx.storeMessage(says(userId, '5')),
      tx.storeMessage(says(userId, '6')),
    ])
  })
  expect(await contentsIn(w.store, userId)).toEqual(['0', '1', '2', '3', '4', '5', '6'])
})
test('order with same timestamp', async () => {
  const { id: userId } = await makeUser(w.store)
  const timestamp = new Date()
  await w.store.withTransaction(async (tx) => {
    await Promise.all([
      tx.storeMessage(says(userId, '0', { timestamp })),
      tx.storeMessage(says(userId, '1', { timestamp })),
      tx.storeMessages([says(userId, '2', { timestamp }), says(userId, '3', { timestamp }), says(userId, '4', { timestamp })]),
      tx.storeMessage(says(userId, '5', { timestamp })),
    ])
  })
  expect(await contentsIn(w.store, userId)).toEqual(['0', '1', '2', '3', '4', '5'])
})
test('createUser side by side', async () => {
  const id = nextId()
  const identity = makeIdentity()
  const all = await w.store.withTransaction((tx) => Promise.all([tx.createUser({ id, name: 'A' }), tx.createUser({ id, name: 'B' }), tx.ensureUser(identity), tx.ensureUser(identity)]))
  expect(all[1].name).toBe('A')
})
test('storeEvent side by side', async () => {
  const { id: creatorId } = await makeUser(w.store)
  const e = { creatorId, summary: 'x', start: new Date(), externalId: 'e' }
  const all = await w.store.withTransaction((tx) => Promise.all([tx.storeEvent(e), tx.storeEvent(e)]))
  expect(all.map(({ created }) => created)).toEqual([true, false])
})
test('odd metadata', async () => {
  const { id: userId } = await makeUser(w.store)
  await fc.assert(fc.asyncProperty(fc.array(jsonObject, { minLength: 1, maxLength: 20 }), async (all) => {
    const stored = await w.store.withTransaction((tx) => tx.storeMessages(all.map((metadata) => says(userId, 'x', { metadata }))))
    for (const [i, outcome] of stored.entries()) {
      if (outcome.status === 'rejected') throw outcome.error
      const { metadata } = await w.store.getMessage(userId, { id: outcome.message.id })
      expect(written(metadata)).toBe(written(all[i]))
    }
  }), { numRuns: 30 })
})
test('odd metadata by update', async () => {
  const { id: userId } = await makeUser(w.store)
  const { message } = await w.store.storeMessage(says(userId, 'x'))
  await fc.assert(fc.asyncProperty(jsonObject, async (metadata) => {
    await w.store.withTransaction((tx) => tx.updateMessage(userId, message.id, { metadata }))
    expect(written((await w.store.getMessage(userId, { id: message.id })).metadata)).toBe(written(metadata))
  }), { numRuns: 60 })
})
test.each([{ $ref: 'x' }, { $id: 1 }, { $db: 'x' }, { $ref: 'x', $db: 'y' }, { a: { $id: 1, $ref: 1 }}, {_id: [1]}])('ref %j', async (metadata) => {
  const { id: userId } = await makeUser(w.store)
  const { message } = await w.store.withTransaction((tx) => tx.storeMessage(says(userId, 'x', { metadata })))
  expect((await w.store.getMessage(userId, { id: message.id })).metadata).toEqual(metadata)
})
test('false refusal', async () => {
  const { id: userId } = await makeUser(w.store)
  const { id: other } = await makeUser(w.store)
  await w.store.withTransaction(async (tx) => {
    await tx.storeMessage(says(userId, 'x'))
    await w.store.storeContext(other, { userId, user: { id: userId } })
  })
})
test('late identity', async () => {
  const { id: userId } = await makeUser(w.store)
  const identity = makeIdentity()
  await w.store.withTransaction(async (tx) => {
    const p = tx.updateUser(userId, { addIdentities: [identity] })
    await expect(w.store.ensureUser(identity)).rejects.toMatchObject({ code: 'INVALID_INPUT' })
    await p
  })
})
test('delete and store again by id', async () => {
  const { id: userId } = await makeUser(w.store)
  const { message } = await w.store.storeMessage(says(userId, 'old'))
  await w.store.withTransaction(async (tx) => {
    await tx.deleteMessages(userId, { all: true })
    await tx.storeMessage(says(userId, 'new', { id: message.id }))
  })
  expect(await contentsIn(w.store, userId)).toEqual(['new'])
})
test('slow with conflict', async () => {
  const { store } = w
  const slow = await w.another({ timeoutMs: 1000 })
  const { id: userId } = await makeUser(store)
  let runs = 0
  await slow.withTransaction(async (tx) => {
    runs++
    await tx.getUser(userId)
    if (runs === 1) await w.db.collection('dialogue_users').updateOne({ name: 'Ana' , touches: {$exists: false}}, { $set: { extra: 1 } }).catch(() => {})
    if (runs === 1) await store.updateUser(userId, { name: 'Bea' })
    await new Promise((r) => setTimeout(r, 1500))
    await tx.updateUser(userId, { locale: 'pt-BR' })
  })
  expect(runs).toBe(2)
})
})
