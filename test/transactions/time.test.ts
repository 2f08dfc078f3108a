import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { makeFaultyServer } from '../support/faults.ts'
import { makeUser, rejection, storedOf, untyped } from '../support/make.ts'
import { contentsIn, gate, makeTurnWorld, says, type TurnWorld } from './support/turns.ts'

describe('work that takes longer than a verb may', () => {
  let world: TurnWorld
  beforeAll(async () => {
    world = await makeTurnWorld(undefined, { timeoutMs: 1000 })
  })

  test('commits', async () => {
    const { store } = world
    const { id: userId } = await makeUser(store)
    await store.withTransaction(async (tx) => {
      await tx.storeMessage(says(userId, 'asked'))
      await sleep(1300)
      await tx.storeMessage(says(userId, 'answered'))
    })
    expect(await contentsIn(store, userId)).toEqual(['asked', 'answered'])
  })

  test('runs again after a conflict, and commits', async () => {
    const { store, another } = world
    const other = await another()
    const { id: userId } = await makeUser(store)
    let runs = 0
    await store.withTransaction(async (tx) => {
      await tx.getUser(userId)
      if (++runs === 1) await other.updateUser(userId, { locale: 'pt-BR' })
      await sleep(1300)
      await tx.updateUser(userId, { name: 'Bea' })
    })
    expect(runs).toBe(2)
    expect(await store.getUser(userId)).toMatchObject({ name: 'Bea', locale: 'pt-BR' })
  })

  test('that waits for a verb which calls back commits, too', async () => {
    const { store } = world
    const { id: userId } = await makeUser(store)
    await store.withTransaction((tx) => tx.updateContext(userId, async () => ({ turns: 1 })))
    expect((await store.retrieveContext(userId)).data).toEqual({ turns: 1 })
  })
})

describe('the end', () => {
  let world: TurnWorld
  beforeAll(async () => {
    world = await makeTurnWorld()
  })

  test.each([
    ['after success', async () => {}],
    [
      'after a failure',
      async () => {
        throw new Error('failed')
      },
    ],
  ])('every verb of a handle that is kept is refused, %s', async (_, end) => {
    const { store, db } = world
    const { id: userId } = await makeUser(store)
    const kept = await new Promise<Parameters<Parameters<typeof store.withTransaction>[0]>[0]>((resolve) => {
      store
        .withTransaction(async (tx) => {
          await tx.getUser(userId)
          resolve(tx)
          await end()
        })
        .catch(() => {})
    })
    await store.withTransaction((tx) => tx.getUser(userId))
    const verbs: ((...args: never[]) => Promise<unknown>)[] = Object.values(kept)
    for (const verb of verbs) {
      const call = verb(untyped(userId), untyped({ name: 'x' }))
      const error = await rejection(call, 'TRANSACTION_CLOSED')
      expect(error).toMatchObject({ outcome: 'not-applied', retryable: false })
    }
    await rejection(kept.storeMessage(says(userId, 'late')), 'TRANSACTION_CLOSED')
    expect((await storedOf(db, userId)).messages).toEqual([])
    /* The turn that it might have taken is free. */
    await store.withTransaction((tx) => tx.storeMessage(says(userId, 'next')))
  })

  test('a verb called by a timer afterwards is refused, and one before is a part of it', async () => {
    const { store } = world
    const { id: userId } = await makeUser(store)
    const calls = await store.withTransaction(async (tx) => {
      const calling = (content: string, ms: number) =>
        sleep(ms).then(() => tx.storeMessage(says(userId, content)))
      const early = calling('early', 1)
      const late = calling('late', 300)
      late.catch(() => {})
      await early
      return { late }
    })
    await rejection(calls.late, 'TRANSACTION_CLOSED')
    expect(await contentsIn(store, userId)).toEqual(['early'])
  })

  test('closing the store waits for it', async () => {
    const { store, another } = world
    const closing = await another()
    const { id: userId } = await makeUser(store)
    const [begun, go] = [gate(), gate()]
    const turn = closing.withTransaction(async (tx) => {
      begun.open()
      await go.opened
      await tx.storeMessage(says(userId, 'while the store closes'))
      await tx.mergeContext(userId, { turns: 1 })
    })
    await begun.opened
    let closed = false
    const close = closing.close().then(() => {
      closed = true
    })
    await rejection(
      closing.withTransaction(async () => {}),
      'STORE_CLOSED',
    )
    expect(closed).toBe(false)
    go.open()
    await turn
    await close
    expect(await contentsIn(store, userId)).toEqual(['while the store closes'])
  })

  test.each([[undefined], [null], [{}], ['work'], [Promise.resolve()]])(
    'work that is %p is refused before anything is sent',
    async (work) => {
      const error = await rejection(world.store.withTransaction(untyped(work)), 'INVALID_INPUT')
      expect(error.issues).toMatchObject([{ path: ['work'] }])
    },
  )
})

describe('the server', () => {
  let server: Awaited<ReturnType<typeof makeFaultyServer>>
  beforeAll(async () => {
    server = await makeFaultyServer()
  })
  afterAll(() => server.stop())

  test('a commit that the server never answers for ends at the deadline', async () => {
    const store = await server.open({ timeoutMs: 1500 })
    const { id: userId } = await makeUser(store)
    const admin = server.db.client.db('admin')
    const data = { failCommands: ['commitTransaction'], errorCode: 91, errorLabels: ['RetryableWriteError'] }
    await admin.command({ configureFailPoint: 'failCommand', mode: 'alwaysOn', data })
    const start = performance.now()
    const call = store.withTransaction((tx) => tx.storeMessage(says(userId, 'x')))
    const error = await call.catch((thrown: unknown) => thrown).finally(() => server.heal())
    expect(error).toMatchObject({ code: expect.stringMatching(/^(TIMEOUT|UNAVAILABLE)$/) })
    expect(error).toMatchObject({ outcome: 'unknown', retryable: false })
    expect(performance.now() - start).toBeLessThan(5000)
    expect((await storedOf(server.db, userId)).messages).toEqual([])
  })

  test('a transaction that the server ended as too old is not run again', async () => {
    const store = await server.open({ timeoutMs: 1500 })
    const { id: userId } = await makeUser(store)
    const admin = server.db.client.db('admin')
    const limit = (seconds: number) =>
      admin.command({ setParameter: 1, transactionLifetimeLimitSeconds: seconds })
    await limit(1)
    let runs = 0
    const call = store.withTransaction(async (tx) => {
      runs++
      await tx.storeMessage(says(userId, 'x'))
      await sleep(4000)
      await tx.mergeContext(userId, { x: 1 })
    })
    const error = await rejection(call, 'TIMEOUT').finally(() => limit(60))
    expect(error.message).toContain('transactionLifetimeLimitSeconds')
    expect(error).toMatchObject({ outcome: 'not-applied', retryable: false })
    expect(runs).toBe(1)
    expect((await storedOf(server.db, userId)).messages).toEqual([])
  })
})
