import { beforeAll, describe, expect, test } from '@jest/globals'
import type mongoose from 'mongoose'
import { grammyStorage } from '../../src/adapters/grammy.ts'
import type { DialogueStore } from '../../src/index.ts'
import { makeProcesses, rejection } from '../support/make.ts'

type State = Record<string, unknown>

let store: DialogueStore
let other: DialogueStore
let db: mongoose.mongo.Db
beforeAll(async () => {
  ;({ store, other, db } = await makeProcesses())
})

let bots = 0
/** The storages of two processes, and what is stored. */
function makeBot() {
  const namespace = `bot ${++bots}`
  const [one, two] = [store, other].map((each) => grammyStorage<State>(each, { namespace }))
  if (!one || !two) throw new Error('two storages')
  const stored = (key = 'k') => db.collection('dialogue_sessions').findOne({ namespace, key })
  return { one, two, stored }
}

/** As a handler has it: read once, changed in place. */
async function taken(storage: { read(key: string): unknown }): Promise<State> {
  return (await storage.read('k')) as State
}

describe('a value', () => {
  test('that nobody has read is written as it is', async () => {
    const { one, two, stored } = makeBot()
    await one.write('k', { a: 1 })
    await two.write('k', { b: 2 })
    expect(await stored()).toMatchObject({ data: { value: { b: 2 } }, version: 2 })
    await makeBot().one.delete('k')
  })

  test('that has not changed is not written', async () => {
    const { one, two, stored } = makeBot()
    await one.write('k', { a: 1 })
    const [mine, theirs] = [await taken(one), await taken(two)]
    await two.write('k', Object.assign(theirs, { a: 2 }))
    await one.write('k', mine)
    expect(await stored()).toMatchObject({ data: { value: { a: 2 } }, version: 2 })
  })

  test('is compared as JSON, whatever its keys and whichever realm it is of', async () => {
    const { one, two } = makeBot()
    const value = JSON.parse('{"__proto__":{"a":1},"a.b":{"$set":1},"":[{}]}')
    await one.write('k', value)
    const mine = await taken(two)
    expect(JSON.stringify(mine)).toBe(JSON.stringify(value))
    await one.write('k', { ...(await taken(one)), later: true })
    await two.write('k', Object.assign(mine, { also: true }))
    expect(Object.keys(await taken(one))).toEqual(['__proto__', 'a.b', '', 'later', 'also'])
  })
})

describe('two handlers of one process', () => {
  test('that have read one value lose neither change', async () => {
    const { one, stored } = makeBot()
    await one.write('k', { n: 0 })
    const [first, second] = [await taken(one), await taken(one)]
    await one.write('k', Object.assign(first, { first: 1 }))
    await one.write('k', Object.assign(second, { second: 2 }))
    expect((await stored())?.data.value).toEqual({ n: 0, first: 1, second: 2 })
  })

  test('that write at once do so one after the other', async () => {
    const { one, stored } = makeBot()
    await one.write('k', { n: 0 })
    const states = await Promise.all(Array.from({ length: 20 }, () => taken(one)))
    await Promise.all(states.map((state, i) => one.write('k', Object.assign(state, { [`n${i}`]: i }))))
    const { data, version } = (await stored()) as mongoose.mongo.Document
    expect(version).toBe(21)
    for (let i = 0; i < 20; i++) expect(data.value).toHaveProperty(`n${i}`, i)
  })

  test('that share one object, as Telegraf lets them, keep what another process has added', async () => {
    const { one, two, stored } = makeBot()
    await one.write('k', { n: 0 })
    const [shared, theirs] = [await taken(one), await taken(two)]
    await two.write('k', Object.assign(theirs, { theirs: 1 }))
    await one.write('k', Object.assign(shared, { first: 1 }))
    await one.write('k', Object.assign(shared, { second: 2 }))
    await one.write('k', { ...shared, third: 3 })
    expect((await stored())?.data.value).toEqual({ n: 0, theirs: 1, first: 1, second: 2, third: 3 })
  })
})

describe('a value that was deleted and began anew', () => {
  test('is not taken for the one that was read, though its version is', async () => {
    const { one, two, stored } = makeBot()
    await one.write('k', { step: 'old' })
    const mine = await taken(one)
    await two.read('k')
    await two.delete('k')
    await two.write('k', { step: 'new' })
    expect(await stored()).toMatchObject({ version: 1 })
    await rejection(
      Promise.resolve(one.write('k', Object.assign(mine, { step: 'older' }))),
      'VERSION_CONFLICT',
    )
    await rejection(Promise.resolve(one.delete('k')), 'VERSION_CONFLICT')
    expect((await stored())?.data.value).toEqual({ step: 'new' })
  })

  test('stays deleted for who shares what was read before', async () => {
    const { one, two, stored } = makeBot()
    await one.write('k', { n: 0 })
    const [shared, theirs] = [await taken(one), await taken(two)]
    await two.write('k', Object.assign(theirs, { theirs: 1 }))
    await one.write('k', Object.assign(shared, { first: 1 }))
    await two.read('k')
    await two.delete('k')
    await rejection(Promise.resolve(one.write('k', Object.assign(shared, { n: 1 }))), 'VERSION_CONFLICT')
    expect(await stored()).toBeNull()
  })
})

test('more keys than are remembered: what is forgotten is written as if nobody had read it', async () => {
  const { one, two, stored } = makeBot()
  await one.write('k', { n: 0 })
  const mine = { ...(await taken(one)), a: 1 }
  const linked = await taken(two)
  const keys = Array.from({ length: 1001 }, (_, i) => `${i}`)
  for (let i = 0; i < keys.length; i += 500)
    await Promise.all(keys.slice(i, i + 500).map((key) => Promise.all([one.read(key), two.read(key)])))
  await two.write('k', { b: 2 })
  await one.write('k', mine)
  expect(await stored()).toMatchObject({ data: { value: { n: 0, a: 1 } }, version: 3 })
  /* An object is known as long as anybody has it. */
  await two.write('k', Object.assign(linked, { c: 3 }))
  expect((await stored())?.data.value).toEqual({ n: 0, a: 1, c: 3 })
})

test('a document keeps the ids of its latest writes, eight at most', async () => {
  const { one, stored } = makeBot()
  for (let n = 0; n < 12; n++) await one.write('k', { n })
  const { ops, version } = (await stored()) as mongoose.mongo.Document
  expect([ops.length, version]).toEqual([8, 12])
  expect(new Set(ops.map(String)).size).toBe(8)
})
