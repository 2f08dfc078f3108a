import { beforeAll, describe, expect, test } from '@jest/globals'
import type { DialogueStore } from '../../src/index.ts'
import { testServer } from '../../src/testing/index.ts'
import { makeUser, makeWorld, rejection } from '../support/make.ts'
import { type Child, runFixture } from '../testing/fixtures/children.ts'

let store: DialogueStore
let dbName: string
let uri: string
beforeAll(async () => {
  ;({ store, dbName } = await makeWorld())
  ;({ uri } = await testServer())
})

/** A process that holds the lock of a user. */
async function holder(userId: string, leaseMs: number): Promise<Child> {
  const env = { MONGODB_URI: uri }
  const child = runFixture('../../users/fixtures/lock-holder.ts', [dbName, userId, `${leaseMs}`], { env })
  await child.untilItSays(/holding/)
  return child
}

const takeAtOnce = (userId: string) => store.withUserLock(userId, async () => 'taken', { waitMs: 0 })

describe('another process', () => {
  test('holds the lock against us until it releases it', async () => {
    const { id } = await makeUser(store)
    const child = await holder(id, 60_000)
    await rejection(takeAtOnce(id), 'USER_LOCKED')
    const waiting = store.withUserLock(id, async () => 'my turn')
    child.signal('SIGUSR2')
    expect(await waiting).toBe('my turn')
    expect(await child.ended).toEqual({ code: 0, signal: null })
  })

  test('that crashes loses it when its lease has run out', async () => {
    const { id } = await makeUser(store)
    const child = await holder(id, 2000)
    child.signal('SIGKILL')
    await child.ended
    await rejection(takeAtOnce(id), 'USER_LOCKED')
    expect(await store.withUserLock(id, async () => 'after the crash')).toBe('after the crash')
  })
})
