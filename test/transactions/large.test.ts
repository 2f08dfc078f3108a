import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { jsonObject, nested, written } from '../../scripts/lib/json-values.ts'
import { makeUser, rejection, storedOf } from '../support/make.ts'
import { bookkeepingOf, makeTurnWorld, says } from './support/turns.ts'

const MIB = 2 ** 20
const CAP = { kind: 'capped', sizeBytes: 128 * MIB } as const

test('thirty MiB in one turn are several entries, and one turn', async () => {
  const { store, db, another } = await makeTurnWorld(CAP)
  const other = await another()
  const { id } = await makeUser(store)
  const contents = Array.from({ length: 60 }, (_, i) => String(i % 10).repeat(MIB / 2))
  await store.withTransaction(async (tx) => {
    await tx.storeMessages(contents.map((content) => says(id, content)))
    await tx.mergeContext(id, { large: true })
  })
  expect((await bookkeepingOf(db, id)).journal).toEqual([])
  const stored: string[] = []
  for await (const { content } of other.iterateHistory(id)) stored.push(content)
  expect(stored.length).toBe(60)
  expect(stored.every((content, i) => content === contents[i])).toBe(true)
})

test('the largest message that fits, next to small ones, is changed and deleted', async () => {
  const { store, db } = await makeTurnWorld(CAP)
  const { id } = await makeUser(store)
  const largest = 'x'.repeat(16 * MIB - 70_000)
  const { message } = await store.withTransaction(async (tx) => {
    await tx.storeMessage(says(id, 'before'))
    const stored = await tx.storeMessage(says(id, largest))
    await tx.storeMessage(says(id, 'after'))
    return stored
  })
  const sizes = async () => (await storedOf(db, id)).messages.map(({ content }) => content.length)
  expect(await sizes()).toEqual([6, largest.length, 5])
  await store.withTransaction((tx) => tx.updateMessage(id, message.id, { metadata: { changed: true } }))
  expect((await store.getMessage(id, { id: message.id })).metadata).toEqual({ changed: true })
  await store.withTransaction((tx) => tx.deleteMessages(id, { ids: [message.id] }))
  expect(await sizes()).toEqual([6, 5])
})

test('a message that is too large is refused, and work may go on', async () => {
  const { store, db } = await makeTurnWorld({ kind: 'capped', sizeBytes: MIB })
  const { id } = await makeUser(store)
  await store.withTransaction(async (tx) => {
    for (const size of [16 * MIB, 2 * MIB])
      await rejection(tx.storeMessage(says(id, 'x'.repeat(size))), 'TOO_LARGE')
    const { message } = await tx.storeMessage(says(id, 'small'))
    await rejection(tx.updateMessage(id, message.id, { content: 'x'.repeat(2 * MIB) }), 'TOO_LARGE')
  })
  expect((await storedOf(db, id)).messages).toMatchObject([{ content: 'small' }])
})

test('any JSON that a plain call takes comes back exactly, stored and changed in a transaction', async () => {
  const { store } = await makeTurnWorld()
  const { id } = await makeUser(store)
  const one = await store.storeMessage(says(id, 'to be changed'))
  const exact = async (messageId: string, metadata: unknown) =>
    expect(written((await store.getMessage(id, { id: messageId })).metadata)).toBe(written(metadata))
  const property = fc.asyncProperty(fc.array(jsonObject, { minLength: 1, maxLength: 20 }), async (all) => {
    const [outcomes] = await store.withTransaction((tx) =>
      Promise.all([
        tx.storeMessages(all.map((metadata) => says(id, 'x', { metadata }))),
        tx.updateMessage(id, one.message.id, { metadata: all[0] ?? {} }),
      ]),
    )
    for (const [i, outcome] of outcomes.entries())
      if (outcome.status === 'created') await exact(outcome.message.id, all[i])
    await exact(one.message.id, all[0])
  })
  await fc.assert(property, { numRuns: 15 })
  const deep = { deep: nested(88, (inner) => ({ inner })), refs: [{ $ref: 'x' }, { $id: 1 }, { $db: 'y' }] }
  const { message } = await store.withTransaction(async (tx) => {
    await tx.updateMessage(id, one.message.id, { metadata: deep })
    return tx.storeMessage(says(id, 'deep', { metadata: deep }))
  })
  await exact(message.id, deep)
  await exact(one.message.id, deep)
})
