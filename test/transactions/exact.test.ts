import { expect, test } from '@jest/globals'
import { makeUser, makeWorld } from '../support/make.ts'

const deep = (levels: number): object => (levels === 0 ? {} : { a: deep(levels - 1) })
const VALUES: [string, object][] = [
  ['dollars and dots', { 'a.b': 1, $set: { $x: null, '': [] }, '$a.$b': '$c', $$ROOT: '$$NOW' }],
  ['__proto__', JSON.parse('{"__proto__":{"x":1},"constructor":["y"]}')],
  ['90 levels', deep(89)],
  ['what is empty', { e: {}, l: [], n: null, s: '', z: 0, f: false, d: 1.5, m: -0.1, big: 2 ** 53 - 1 }],
]

test.each(VALUES)('the journal carries %s exactly', async (_, value) => {
  const { store } = await makeWorld()
  const { id: userId } = await makeUser(store)
  const written = JSON.stringify(value)
  const said = { userId, sender: '$sender', content: '$$NOW $x', metadata: value, externalId: '$e.f' }
  const { message } = await store.withTransaction(async (tx) => {
    await tx.storeContext(userId, value)
    return tx.storeMessage(said)
  })
  const found = await store.getMessage(userId, { id: message.id })
  expect(JSON.stringify(found.metadata)).toBe(written)
  expect(found).toMatchObject({ sender: said.sender, content: said.content, externalId: said.externalId })
  expect(JSON.stringify((await store.retrieveContext(userId)).data)).toBe(written)
  await store.updateMessage(userId, message.id, { metadata: {} })
  await store.updateMessage(userId, message.id, { metadata: value, content: '$$ROOT' })
  const changed = await store.getMessage(userId, { id: message.id })
  expect(JSON.stringify(changed.metadata)).toBe(written)
  expect(changed.content).toBe('$$ROOT')
})
