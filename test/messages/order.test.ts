import { afterEach, beforeAll, describe, expect, jest, test } from '@jest/globals'
import { nextId } from '../../src/ids.ts'
import type { DialogueStore } from '../../src/index.ts'
import { makeUser, makeWorld } from '../support/make.ts'
import { makeStore } from '../support/store.ts'

let store: DialogueStore
let dbName: string
beforeAll(async () => {
  ;({ store, dbName } = await makeWorld())
})

const timestamp = new Date('2024-06-01T10:00:00Z')
const contentsOf = async (userId: string) =>
  (await store.retrieveHistory(userId, { limit: 1000 })).messages.map(({ content }) => Number(content))
const upTo = (count: number) => Array.from({ length: count }, (_, i) => i)

describe('messages of one moment keep the order of input', () => {
  const say = (userId: string, i: number) => ({ userId, sender: 'user', content: `${i}`, timestamp })

  test('within a call', async () => {
    const { id } = await makeUser(store)
    await store.storeMessages(upTo(600).map((i) => say(id, i)))
    expect(await contentsOf(id)).toEqual(upTo(600))
  })

  test('between awaited calls', async () => {
    const { id } = await makeUser(store)
    for (const i of upTo(40)) await store.storeMessage(say(id, i))
    expect(await contentsOf(id)).toEqual(upTo(40))
  })

  test('between awaited calls and bulks, of several stores of a process', async () => {
    const { id } = await makeUser(store)
    const stores = [store, await makeStore({ dbName })]
    for (const i of upTo(20)) {
      const by = stores[i % 2] ?? store
      if (i % 4 < 2) await by.storeMessage(say(id, i))
      else await by.storeMessages([say(id, i)])
    }
    expect(await contentsOf(id)).toEqual(upTo(20))
  })

  test('between calls made side by side', async () => {
    const { id } = await makeUser(store)
    await Promise.all(upTo(100).map((i) => store.storeMessage(say(id, i))))
    expect(await contentsOf(id)).toEqual(upTo(100))
  })

  test('when the clock tells them their time', async () => {
    const { id } = await makeUser(store)
    const now = ({ userId, sender, content }: ReturnType<typeof say>) => ({ userId, sender, content })
    await store.storeMessages(upTo(300).map((i) => now(say(id, i))))
    expect(await contentsOf(id)).toEqual(upTo(300))
  })
})

test('history goes by time first, whatever the order of storing', async () => {
  const { id: userId } = await makeUser(store)
  const at = (ms: number) => ({ userId, sender: 'user', content: `${ms}`, timestamp: new Date(ms) })
  await store.storeMessages([at(3), at(-1), at(2), at(8.64e15), at(-8.64e15), at(1)])
  expect(await contentsOf(userId)).toEqual([-8.64e15, -1, 1, 2, 3, 8.64e15])
})

describe('an id made here', () => {
  afterEach(() => {
    jest.restoreAllMocks()
  })

  test('is greater than each one before, past the end of the counter', async () => {
    jest.unstable_mockModule('node:crypto', () => ({
      randomBytes: (size: number) => Buffer.alloc(size, 0xff),
    }))
    jest.resetModules()
    const { nextId: fresh } = await import('../../src/ids.ts')
    const ids = Array.from({ length: 5 }, () => fresh().toHexString())
    expect(ids[0]?.slice(-6)).toBe('000000')
    expect(ids.toSorted()).toEqual(ids)
    expect(new Set(ids).size).toBe(5)
  })

  test('is greater when the clock is set back, and follows it when it goes on', () => {
    const before = nextId()
    jest.spyOn(Date, 'now').mockReturnValue(Date.now() - 3_600_000)
    const back = nextId()
    expect(back.toHexString() > before.toHexString()).toBe(true)
    jest.restoreAllMocks()
    jest.spyOn(Date, 'now').mockReturnValue(before.getTimestamp().getTime() + 3_600_000)
    const later = nextId()
    expect(later.getTimestamp().getTime()).toBe(before.getTimestamp().getTime() + 3_600_000)
  })
})
