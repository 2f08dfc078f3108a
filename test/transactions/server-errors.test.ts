import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals'
import { nextId } from '../../src/ids.ts'
import type { DialogueStore, StoreTransaction, User } from '../../src/index.ts'
import { makeFaultyServer } from '../support/faults.ts'
import { makeIdentity, makeMessages, makeUser, rejection } from '../support/make.ts'
import { everythingIn, says } from './support/turns.ts'

let server: Awaited<ReturnType<typeof makeFaultyServer>>
let store: DialogueStore
beforeAll(async () => {
  server = await makeFaultyServer()
  store = await server.open({ timeoutMs: 5000 })
})
afterEach(() => server.heal())
afterAll(() => server.stop())

/** What the server itself refuses, and what it is then called. */
const FAILURES: [string, string, (tx: StoreTransaction, user: User, taken: User) => Promise<unknown>][] = [
  [
    'an identity of somebody else',
    'IDENTITY_TAKEN',
    (tx, user, taken) => tx.updateUser(user.id, { addIdentities: taken.identities }),
  ],
  [
    'a fail point',
    'UNAVAILABLE',
    async (tx, user) => {
      await server.fail(
        { collection: 'contexts', failCommands: ['findAndModify'], errorCode: 2 },
        { times: 1 },
      )
      return tx.mergeContext(user.id, { turns: 1 })
    },
  ],
]

test.each(FAILURES)('%s decides though work catches it and goes on', async (_, code, fail) => {
  const user = await makeUser(store)
  const taken = await makeUser(store, { identities: [makeIdentity()] })
  const before = await everythingIn(server.db)
  let runs = 0
  const caught: unknown[] = []
  const after: unknown[] = []
  const start = performance.now()
  const call = store.withTransaction(async (tx) => {
    runs++
    await tx.storeMessage(says(user.id, 'before'))
    await fail(tx, user, taken).catch((error: unknown) => caught.push(error))
    await tx.storeMessage(says(nextId().toHexString(), 'after')).catch((error: unknown) => after.push(error))
    return 'as if nothing had happened'
  })
  const error = await call.catch((thrown: unknown) => thrown)
  expect(error).toMatchObject({ code, outcome: 'not-applied' })
  expect([error]).toEqual(caught)
  expect(after).toMatchObject([{ code: 'TRANSACTION_CLOSED' }])
  expect(runs).toBe(1)
  expect(performance.now() - start).toBeLessThan(3000)
  expect(await everythingIn(server.db)).toEqual(before)
})

test('it decides over what work throws afterwards, and over a failing neighbour', async () => {
  const user = await makeUser(store)
  const taken = await makeUser(store, { identities: [makeIdentity()] })
  const call = store.withTransaction(async (tx) => {
    await tx.updateUser(user.id, { addIdentities: taken.identities }).catch(() => {})
    throw new Error('thrown afterwards')
  })
  await rejection(call, 'IDENTITY_TAKEN')
  const neighbours = store.withTransaction((tx) =>
    Promise.all([
      tx.updateUser(user.id, { addIdentities: taken.identities }),
      tx.storeMessage(says(user.id, 'x')),
    ]),
  )
  await rejection(neighbours, 'IDENTITY_TAKEN')
})

test('an error of a read beside the transaction decides, too', async () => {
  const impatient = await server.open({ timeoutMs: 1000 })
  const user = await makeUser(store)
  const [message] = await makeMessages(store, user.id, 1)
  const before = await everythingIn(server.db)
  await server.fail({ collection: 'messages', failCommands: ['find'], errorCode: 91 })
  let runs = 0
  const call = impatient.withTransaction(async (tx) => {
    runs++
    await tx.storeMessage(says(user.id, 'before'))
    await tx.getMessage(user.id, { id: message?.id ?? '' }).catch(() => {})
    return 'as if nothing had happened'
  })
  const error = await call.catch((thrown: unknown) => thrown).finally(() => server.heal())
  expect(error).toMatchObject({ outcome: 'not-applied', code: expect.stringMatching(/TIMEOUT|UNAVAILABLE/) })
  expect(runs).toBe(1)
  expect(await everythingIn(server.db)).toEqual(before)
})

test.each([
  ['a write conflict', { errorCode: 112, errorLabels: ['TransientTransactionError'] }],
  ['a lost connection', { closeConnection: true }],
  ['a new primary', { errorCode: 10107, errorLabels: ['TransientTransactionError'] }],
])('after %s work runs again, also if it caught that', async (_, failure) => {
  const user = await makeUser(store)
  let runs = 0
  await store.withTransaction(async (tx) => {
    if (++runs === 1)
      await server.fail({ collection: 'contexts', failCommands: ['findAndModify'], ...failure }, { times: 1 })
    await tx.storeMessage(says(user.id, `run ${runs}`))
    await tx.mergeContext(user.id, { runs }).catch(() => {})
  })
  expect(runs).toBe(2)
  expect((await store.retrieveContext(user.id)).data).toEqual({ runs: 2 })
  expect((await store.retrieveHistory(user.id)).messages).toMatchObject([{ content: 'run 2' }])
})

test.each([
  ['whose answer is lost', { writeConcernError: { code: 91, errmsg: 'the reply is lost' } }],
  ['that never arrives', { closeConnection: true }],
  ['that fails for a moment', { errorCode: 91, errorLabels: ['RetryableWriteError'] }],
])('a commit %s is sent again, and work is not run again', async (_, failure) => {
  const user = await makeUser(store)
  const admin = server.db.client.db('admin')
  let runs = 0
  await store.withTransaction(async (tx) => {
    runs++
    await tx.storeMessage(says(user.id, 'once'))
    await tx.mergeContext(user.id, { runs })
    const data = { failCommands: ['commitTransaction'], ...failure }
    await admin.command({ configureFailPoint: 'failCommand', mode: { times: 2 }, data })
  })
  expect(runs).toBe(1)
  expect((await store.retrieveContext(user.id)).data).toEqual({ runs: 1 })
  expect((await store.retrieveHistory(user.id)).messages).toMatchObject([{ content: 'once' }])
})
