import { beforeAll, describe, expect, test } from '@jest/globals'
import { type DialogueStore, openStore } from '../../src/index.ts'
import { makeUser, makeWorld, refusedPaths, untyped } from '../support/make.ts'

let store: DialogueStore
let userId: string
beforeAll(async () => {
  ;({ store } = await makeWorld())
  userId = (await makeUser(store)).id
})

function fail(): never {
  throw new Error('the caller’s own')
}
const failing = (key: string): object => Object.defineProperty({}, key, { get: fail, enumerable: true })

function revoked(): object {
  const { proxy, revoke } = Proxy.revocable({}, {})
  revoke()
  return proxy
}

describe('what cannot even be looked at is refused like anything else', () => {
  test.each([
    ['a getter that throws', () => failing('userId')],
    ['a getter of an id that throws', () => failing('id')],
    ['a proxy that throws', () => new Proxy({}, { get: fail, ownKeys: fail, getPrototypeOf: fail })],
    ['a revoked proxy', revoked],
    ['an ObjectId whose bytes throw', () => Object.assign(failing('id'), { _bsontype: 'ObjectId' })],
  ])('%s', async (_, make) => {
    const calls = [
      store.getUser(untyped(make())),
      store.storeMessage(untyped(make())),
      store.createUser(untyped(make())),
      store.findUser(untyped(make())),
      store.retrieveHistory(userId, untyped(make())),
      store.storeContext(userId, {}, untyped(make())),
      store.withTransaction((tx) => tx.findUser(untyped(make()))),
      store.withTransaction((tx) => tx.storeMessage(untyped(make()))),
      store.exportUser(untyped(make()))[Symbol.asyncIterator]().next(),
      openStore(untyped(make())),
    ]
    for (const call of calls) expect((await refusedPaths(call)).length).toBeGreaterThan(0)
  })

  test('a date that is none', async () => {
    for (const timestamp of [new Proxy(new Date(), {}), Object.create(Date.prototype)]) {
      const message = { userId, sender: 'user', content: 'x', timestamp }
      expect(await refusedPaths(store.storeMessage(message))).toHaveLength(1)
    }
  })

  test('a connection that cannot be asked for', async () => {
    expect(await refusedPaths(openStore(untyped(failing('connection'))))).toHaveLength(1)
  })
})

test('an identity that is no text is refused inside a transaction, too', async () => {
  for (const id of [Object.create(null), { toString: fail }, Symbol('x')]) {
    const identity = untyped({ provider: 'whatsapp', id })
    const found = store.withTransaction((tx) => tx.findUser(identity))
    expect(await refusedPaths(found)).toEqual(['identity.id'])
  }
})

test('a flow cannot be named by the mark of BSON’s own types', async () => {
  const states = { _bsontype: 'ObjectId' }
  expect(await refusedPaths(store.createUser({ name: 'Ana', states }))).toEqual(['states._bsontype'])
  expect(await refusedPaths(store.updateUser(userId, { states }))).toEqual(['patch.states._bsontype'])
})

test('a bulk that cannot be read is refused as a whole', async () => {
  for (const bulk of [revoked(), new Proxy([], { get: fail })]) {
    expect(await refusedPaths(store.storeMessages(untyped(bulk)))).toEqual([''])
    expect(await refusedPaths(store.withTransaction((tx) => tx.storeMessages(untyped(bulk))))).toEqual([''])
  }
})

test('a bulk is what it was when it was given', async () => {
  const { id } = await makeUser(store)
  const says = (content: string) => ({ userId: id, sender: 'user', content })
  const bulk = Array.from({ length: 1200 }, (_, i) => says(`${i}`))
  const stored = store.storeMessages(bulk)
  bulk.length = 0
  expect((await stored).filter(({ status }) => status === 'created')).toHaveLength(1200)
})
